/** Files that come about once and whole, whichever of several processes makes them. */

import { closeSync, fsyncSync, linkSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
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
  mkdirSync(dirname(path), { recursive: true, mode: privateDirectoryMode });
  // A crash in between leaves this directory, which its owner alone can enter, and never half a file under the name.
  const beside = mkdtempSync(`${path}.`);
  try {
    const written = join(beside, 'new');
    writeFileSync(written, text, { mode: privateFileMode, flag: 'wx', flush: true });
    if (!named(written, path)) return false;
    flushDirectory(dirname(path));
    return true;
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** Gives a file its name. @returns false if there is one of that name; nothing else that says EEXIST means that. */
function named(written: string, path: string): boolean {
  try {
    linkSync(written, path);
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
