/** Files that come about once and whole, whichever of several processes makes them. */

import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { privateDirectoryMode, privateFileMode } from './private-files.ts';

/**
 * Makes a file for its owner alone, and its directory where that is missing. Its content is on the disk before it gets its name by link(2), which never takes
 * the place of another file: a rename would, and two processes would each believe that theirs counts.
 *
 * @returns false if there is a file of that name already, which stays as it is
 * @throws what the system says where no file can be made there
 */
export function createFile(path: string, text: string): boolean {
  return written(path, text, (beside) => named(beside, path));
}

/** Makes a file likewise, in the place of an earlier one: who opens it finds the one or the other, whole. @throws likewise */
export function replaceFile(path: string, text: string): void {
  written(path, text, (beside) => {
    renameSync(beside, path);
    return true;
  });
}

/** Writes a file beside its place. @param move gives it its name. @returns whether it did */
function written(path: string, text: string, move: (beside: string) => boolean): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: privateDirectoryMode });
  // A crash in between leaves this directory, which its owner alone can enter, and never half a file under the name.
  const directory = mkdtempSync(`${path}.`);
  try {
    const beside = join(directory, 'new');
    writeFileSync(beside, text, { mode: privateFileMode, flag: 'wx', flush: true });
    if (!move(beside)) return false;
    flushDirectory(dirname(path));
    return true;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Gives a file its name. @returns false if there is one of that name; nothing else that says EEXIST means that. */
function named(beside: string, path: string): boolean {
  try {
    linkSync(beside, path);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  }
}

/** Makes the name last, which Windows has no way to ask for. */
function flushDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
