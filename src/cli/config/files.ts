/** Files that an operator names: text of a bounded length, whatever is behind the name, and what a command writes. */

import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../environment/message.ts';
import { FileError } from '../errors.ts';

/** More than any configuration, password or bundle of certificates takes. */
const longestConfigurationBytes = 4 * 2 ** 20;

/**
 * The text of a file, without the byte-order mark that some editors begin a file with.
 *
 * @param longestBytes 4 MiB by default
 * @throws Error when it cannot be read, is not UTF-8, or is longer than that, as a device may be without an end
 */
export function readText(path: string, longestBytes: number = longestConfigurationBytes): string {
  const bytes = Buffer.alloc(longestBytes + 1);
  const file = openSync(path, 'r');
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
  } finally {
    closeSync(file);
  }
  if (length > longestBytes) throw new RangeError(`it is longer than ${longestBytes} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
  } catch (cause) {
    throw new TypeError('it is not UTF-8', { cause });
  }
}

/** The same, for a command. @param what is in it, for the message: `the authority of certificates` @throws FileError */
export function readFileNamed(path: string, what: string): string {
  try {
    return readText(path);
  } catch (cause) {
    throw new FileError(`cannot read ${what} from '${path}': ${messageOf(cause)}; name another file`, { cause });
  }
}

/**
 * Says before anything that takes long that no file can be written there.
 *
 * @param what is to be written, for the message: `the picture`
 * @throws FileError
 */
export function assertWritable(path: string, what: string): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) throw new TypeError('it is a directory');
    accessSync(found === undefined ? join(dirname(path), '.') : path, constants.W_OK);
  } catch (cause) {
    throw unwritable(path, what, cause);
  }
}

/** Writes a file, or writes over it. @throws FileError */
export async function writeText(path: string, what: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw unwritable(path, what, cause);
  }
}

const unwritable = (path: string, what: string, cause: unknown): FileError =>
  new FileError(`cannot write ${what} to '${path}': ${messageOf(cause)}; name another file`, { cause });
