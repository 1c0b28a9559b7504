/** Keeps account of the requests that wait at a server, and answers each of them once. */

import type { Operation } from '../sessions/entries.ts';
import type { Body, RefusedReason, Response, WriteBody } from './wire.ts';

/** Where the answers to one asker's requests go: the same object as long as something of that asker waits. */
export interface Sink {
  /** Whether the asker is the node itself. */
  readonly isOwn: boolean;
  /** Takes a response; `flush` follows before the turn ends. */
  push(response: Response): void;
  flush(): void;
  /** Whether the asker takes its answers fast enough for one more that may be large. */
  readonly hasRoom: boolean;
  /** Calls `run` once there is room again. */
  whenRoom(run: () => void): void;
}

/** A request that waits. */
export interface Waiting<B extends Body = Body> {
  readonly id: number;
  readonly body: B;
  readonly sink: Sink;
  /** When its asker hears no more, where that matters. */
  readonly expiresAtMs?: number;
}

/** Room for what stands in an entry beside a command. */
const operationOverheadBytes = 32;

/** About how many bytes a request takes in the log. */
export const sizeOf = (operation: Operation): number =>
  operationOverheadBytes + ('command' in operation ? operation.command.length : 0);

/** Whether a request goes into the log as it is. */
export const isOperation = (body: Body): body is WriteBody => !nonOperations.includes(body.type);
const nonOperations: readonly string[] = [
  'query',
  'members',
  'replace',
  'reconfigure',
  'leader',
  'handOver',
] satisfies Exclude<Body, WriteBody>['type'][];

/** Where requests wait. */
export interface Desk {
  /** Counts in a request, which `answer` or `refuse` counts out. */
  enter(body: Body): void;
  answer(item: Waiting, response: Response): void;
  /** @param leader the node that is taken for the leader; `detail` is for people */
  refuse(item: Waiting, reason: RefusedReason, leader?: string, detail?: string): void;
  /** Sends off what was answered since the last time. */
  flush(): void;
  readonly waiting: number;
  /** Bytes of the commands that wait. */
  readonly waitingBytes: number;
}

export function createDesk(): Desk {
  let touched = new Set<Sink>();
  let waiting = 0;
  let waitingBytes = 0;

  const answer = ({ sink, body }: Waiting, response: Response): void => {
    waiting -= 1;
    if (isOperation(body)) waitingBytes -= sizeOf(body);
    sink.push(response);
    touched.add(sink);
  };
  return {
    enter(body) {
      waiting += 1;
      if (isOperation(body)) waitingBytes += sizeOf(body);
    },
    answer,
    refuse(item, reason, leader, detail) {
      answer(item, {
        id: item.id,
        status: 'refused',
        reason,
        ...(leader === undefined ? {} : { leader }),
        ...(detail === undefined ? {} : { detail }),
      });
    },
    flush() {
      if (touched.size === 0) return;
      const due = touched;
      touched = new Set();
      for (const sink of due) sink.flush();
    },
    get waiting() {
      return waiting;
    },
    get waitingBytes() {
      return waitingBytes;
    },
  };
}
