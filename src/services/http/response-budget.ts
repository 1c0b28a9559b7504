/**
 * One budget for the values that wait for their readers, over all connections of an HTTP interface: a reader that asks
 * for much and takes nothing costs what the budget says, however many connections it has. A request waits for room
 * before its value is read, and for the answers before it on its connection. While others wait, a reader that takes
 * nothing at all loses its connection.
 */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../environment/clock.ts';
import { OverloadedError } from '../store/errors.ts';

export interface ResponseBudgetLimits {
  /** Bytes of responses that are under way. Default 64 MiB. */
  readonly responseBytes: number;
  /** How long a reader may take nothing while others wait, in milliseconds. Default 5,000. */
  readonly stallMs: number;
}

export const defaultResponseBudgetLimits: ResponseBudgetLimits = { responseBytes: 64 * 1_024 * 1_024, stallMs: 5_000 };

/** Room for one response, given back when the response is over. */
export interface Reservation {
  /** Says what the response really takes. */
  shrinkTo(sizeBytes: number): void;
}

export interface ResponseBudget {
  /**
   * Waits for room for a response of up to `sizeBytes`.
   *
   * @throws OverloadedError when there is none within `deadlineMs`
   */
  reserve(response: ServerResponse, sizeBytes: number, deadlineMs: number): Promise<Reservation>;
  /** Bytes that are reserved. */
  readonly usedBytes: number;
}

interface Waiter {
  readonly sizeBytes: number;
  admit(): void;
}

export function createResponseBudget(clock: Clock, { responseBytes, stallMs }: ResponseBudgetLimits): ResponseBudget {
  const waiters: Waiter[] = [];
  const stalled = new Set<ServerResponse>();
  /** The last response of each connection that is asked for and not over. */
  const latest = new Map<Socket, ServerResponse>();
  const whenOver = createEndings();
  let usedBytes = 0;

  const admitNext = (): void => {
    for (let next = waiters[0]; next !== undefined; next = waiters[0]) {
      // A response that is larger than the whole budget goes alone.
      if (usedBytes > 0 && usedBytes + next.sizeBytes > responseBytes) return;
      waiters.shift();
      next.admit();
    }
  };
  const evictStalled = (): void => {
    if (waiters.length === 0) return;
    for (const response of stalled) response.destroy();
    stalled.clear();
  };

  const open = (response: ServerResponse, reservedBytes: number): Reservation => {
    let heldBytes = reservedBytes;
    usedBytes += heldBytes;
    // The time-out of a socket is put off by each byte that its reader takes.
    response.setTimeout(stallMs, () => {
      stalled.add(response);
      evictStalled();
    });
    const give = (sizeBytes: number): void => {
      usedBytes -= heldBytes - sizeBytes;
      heldBytes = sizeBytes;
      admitNext();
    };
    whenOver(response, () => {
      stalled.delete(response);
      give(0);
    });
    return { shrinkTo: (sizeBytes) => give(Math.min(heldBytes, sizeBytes)) };
  };

  /** Calls `run` when the responses before `response` on its connection are over. */
  const afterEarlier = (response: ServerResponse, run: () => void): void => {
    const { socket } = response.req;
    const earlier = latest.get(socket);
    latest.set(socket, response);
    whenOver(response, () => {
      if (latest.get(socket) === response) latest.delete(socket);
    });
    if (earlier === undefined) run();
    else whenOver(earlier, run);
  };

  return {
    reserve: (response, sizeBytes, deadlineMs) =>
      new Promise((resolve, reject) => {
        let isOver = false;
        const leave = (): void => {
          isOver = true;
          clock.clearTimeout(timeout);
          const at = waiters.indexOf(waiter);
          if (at >= 0) waiters.splice(at, 1);
        };
        const refuse = (message: string): void => {
          leave();
          reject(new OverloadedError(message));
        };
        const abandon = (): void => refuse('the connection ended before there was room for the answer');
        const waiter: Waiter = {
          sizeBytes,
          admit() {
            leave();
            resolve(open(response, sizeBytes));
          },
        };
        const timeout = clock.setTimeout(
          () => refuse(`${usedBytes} bytes of answers wait for readers that are slow; try again later`),
          deadlineMs,
        );
        whenOver(response, () => {
          if (!isOver) abandon();
        });
        afterEarlier(response, () => {
          if (isOver) return;
          waiters.push(waiter);
          admitNext();
          evictStalled();
        });
      }),
    get usedBytes() {
      return usedBytes;
    },
  };
}

/**
 * Calls back when a response is over, or its connection is: a response that still waited for its turn on a connection
 * that has ended is told nothing by Node.js.
 */
function createEndings(): (response: ServerResponse, run: () => void) => void {
  const ends = new WeakMap<Socket, Set<() => void>>();
  const endsOf = (socket: Socket): Set<() => void> => {
    const known = ends.get(socket);
    if (known !== undefined) return known;
    const made = new Set<() => void>();
    ends.set(socket, made);
    socket.once('close', () => {
      for (const end of made) end();
    });
    return made;
  };
  return (response, run) => {
    const waiting = endsOf(response.req.socket);
    const end = (): void => {
      if (waiting.delete(end)) run();
    };
    waiting.add(end);
    response.once('close', end);
  };
}
