/** What a node reads from files, again and again: it takes up what has changed without a restart, and tells what it cannot use. */

import { open } from 'node:fs/promises';
import { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import { FileError } from '../errors.ts';

export interface Followed<Value> {
  readonly clock: Clock;
  /** How often files are looked at, in milliseconds. Default 10,000. */
  readonly everyMs?: number;
  readonly read: () => Promise<Value>;
  /** What was read at the start. */
  readonly first: Value;
  /** Told what differs from the last one that was read. What it throws is told, and the former stays. */
  readonly changed: (value: Value) => void;
  /** Told of what cannot be used, once for each message. */
  readonly failed: (error: QuorateError) => void;
}

/** Begins to look. @returns ends it */
export function follow<Value>(followed: Followed<Value>): () => void {
  const { clock, everyMs = 10_000, read, changed, failed } = followed;
  let latest = JSON.stringify(followed.first);
  let lastMessage = '';
  let toldMessage = '';
  let timeout: TimeoutHandle;
  let isOver = false;
  const look = async (): Promise<void> => {
    try {
      const value = await read();
      const text = JSON.stringify(value);
      if (isOver || text === latest) return;
      changed(value);
      latest = text;
      lastMessage = '';
      toldMessage = '';
    } catch (error) {
      const told = error instanceof QuorateError ? error : new FileError(messageOf(error), { cause: error });
      // Files that belong together change one after the other: what is still wrong the next time is wrong.
      if (told.message === lastMessage && told.message !== toldMessage && !isOver) {
        toldMessage = told.message;
        failed(told);
      }
      lastMessage = told.message;
    }
  };
  const wait = (): void => {
    timeout = clock.setTimeout(() => void look().then(() => (isOver ? undefined : wait())), everyMs);
  };
  wait();
  return () => {
    isOver = true;
    clock.clearTimeout(timeout);
  };
}

const longestBytes = 1 * 2 ** 20;

/** What an opened file is, to judge it by. */
export interface Found {
  readonly mode: number;
  readonly uid: number;
}

/**
 * The text of a file of at most 1 MiB.
 *
 * @param what is in it, for the message: `the private key`
 * @param check throws what is wrong with the file that is about to be read
 * @throws FileError
 */
export async function textIn(path: string, what: string, check: (found: Found) => void = () => {}): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const found = await file.stat();
      check(found);
      if (found.size > longestBytes) throw new RangeError(`it is longer than ${longestBytes} bytes`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof QuorateError) throw cause;
    throw new FileError(`cannot read ${what} from '${path}': ${messageOf(cause)}; name another file, or mend it`, {
      cause,
    });
  }
}
