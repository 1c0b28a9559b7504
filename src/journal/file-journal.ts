/** The journal in a directory of this machine. */

import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { messageOf } from '../environment/message.ts';
import { privateDirectoryMode } from '../environment/private-files.ts';
import type { DiskFaults } from './disk-faults.ts';
import { JournalDirectoryError } from './errors.ts';
import type { Journal } from './journal.ts';
import { lockDirectory } from './lock.ts';
import { createNodeDisk, type NodeDiskOptions } from './node-disk.ts';
import { openJournalOn, snapshotFolder } from './segmented/open.ts';
import type { SegmentedJournalOptions } from './segmented/options.ts';

export interface FileJournalOptions extends Omit<SegmentedJournalOptions, 'crc32'>, NodeDiskOptions {
  /** Made when it is not there. Holds nothing but the journal. */
  readonly directory: string;
  /** Faults that may be ordered of the journal's disk; by default none may. */
  readonly faults?: Pick<DiskFaults, 'on'>;
}

/** Node.js 20.12 to 20.14 have none. */
const nativeCrc32: typeof zlib.crc32 | undefined = zlib.crc32;

/**
 * Opens the journal in a directory, or makes it where the directory is empty. Takes the lock of the directory, which
 * `close` or the end of the process gives back, and reads and mends the journal before it resolves.
 *
 * @throws JournalLockedError when a process has it open
 * @throws JournalDirectoryError when the directory cannot be that of a journal
 * @throws JournalOwnerError, JournalFormatError, JournalDamagedError, JournalOptionsError, JournalFullError,
 *   JournalFailedError
 */
export async function openFileJournal(options: FileJournalOptions): Promise<Journal> {
  const { directory } = options;
  makeDirectory(directory);
  const unlock = await lockDirectory(directory);
  const { faults = { on: (sound) => sound } } = options;
  const disk = faults.on(createNodeDisk(options));
  // A disk of its own, which has files of its own open: the journal's are not closed for it.
  const snapshotDisk = createNodeDisk({ ...options, directory: path.join(directory, snapshotFolder) });
  const release = (onDone: () => void): void =>
    snapshotDisk.close(() =>
      disk.close(() => {
        unlock();
        onDone();
      }),
    );
  try {
    makeDirectory(path.join(directory, snapshotFolder));
    return openJournalOn(
      { ...disk, list: () => disk.list().filter((name) => `${name}/` !== snapshotFolder), close: release },
      nativeCrc32 === undefined ? options : { ...options, crc32: nativeCrc32 },
      snapshotDisk,
    );
  } catch (error) {
    await new Promise<void>((resolve) => release(resolve));
    throw error;
  }
}

function makeDirectory(directory: string): void {
  try {
    const made = fs.mkdirSync(directory, { recursive: true, mode: privateDirectoryMode });
    if (made === undefined) keepOthersOut(directory);
    if (made !== undefined && process.platform !== 'win32') syncUpwards(directory, made);
  } catch (error) {
    throw new JournalDirectoryError(
      `expected '${directory}' to be a directory or a place for one: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Keeps others out of a directory that was there; one of another owner is that owner's to keep. */
function keepOthersOut(directory: string): void {
  if (process.platform === 'win32' || (fs.statSync(directory).mode & 0o077) === 0) return;
  try {
    fs.chmodSync(directory, privateDirectoryMode);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error;
  }
}

/** A directory is durable when the one above it is synced. */
function syncUpwards(directory: string, firstMade: string): void {
  for (let at = path.resolve(directory); ; at = path.dirname(at)) {
    const handle = fs.openSync(path.dirname(at), 'r');
    try {
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    if (at === path.resolve(firstMade) || at === path.dirname(at)) return;
  }
}
