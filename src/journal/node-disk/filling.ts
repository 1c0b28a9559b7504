/** Makes files of a size, whose room is taken: zeros are written, or there may be none when it is needed. */

import fs from 'node:fs';
import { type Clock, pause } from '../../environment/clock.ts';
import { privateFileMode } from '../../environment/private-files.ts';
import { shortWrite } from './errors.ts';

const { O_CREAT, O_TRUNC, O_WRONLY } = fs.constants;
const fillBytes = 2 ** 20;
const zeros = new Uint8Array(fillBytes);
/** A file that no caller waits for is filled in such pieces; for each millisecond that one took, so many are left to others. */
const pacedBytes = 64 * 1_024;
const restFactor = 3;
const longestRestMs = 50;

/** Makes a durable file at `path` that starts with `contents`, at once. */
export function fillSync(path: string, contents: Uint8Array, sizeBytes: number): void {
  const file = fs.openSync(path, O_WRONLY | O_CREAT | O_TRUNC, privateFileMode);
  try {
    writeAllSync(file, contents, 0);
    for (let offset = contents.length; offset < sizeBytes; offset += fillBytes) {
      writeAllSync(file, zeros.subarray(0, Math.min(fillBytes, sizeBytes - offset)), offset);
    }
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

/** As `fillSync`, away from the event loop's thread; piece by piece as long as it is not urgent. */
export async function fill(
  path: string,
  contents: Uint8Array,
  sizeBytes: number,
  isUrgent: () => boolean,
  clock: Clock,
): Promise<void> {
  const file = await fs.promises.open(path, O_WRONLY | O_CREAT | O_TRUNC, privateFileMode);
  try {
    for (let offset = 0; offset < sizeBytes || offset < contents.length; ) {
      const sinceMs = clock.nowMs();
      const isPaced = !isUrgent();
      const bytes = offset === 0 ? contents : zeros.subarray(0, isPaced ? pacedBytes : fillBytes);
      const length = offset === 0 ? bytes.length : Math.min(bytes.length, sizeBytes - offset);
      const { bytesWritten } = await file.write(bytes, 0, length, offset);
      if (bytesWritten !== length) throw shortWrite(bytesWritten, length);
      offset += length;
      if (isPaced) await syncAndRest(file, sinceMs, clock);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a piece of a file durable, and leaves the disk to others for a while. */
async function syncAndRest(file: fs.promises.FileHandle, sinceMs: number, clock: Clock): Promise<void> {
  await file.datasync();
  const restMs = Math.min(longestRestMs, restFactor * (clock.nowMs() - sinceMs));
  await pause(clock, restMs);
}

export function writeAllSync(file: number, bytes: Uint8Array, offset: number): void {
  const written = fs.writeSync(file, bytes, 0, bytes.length, offset);
  if (written !== bytes.length) throw shortWrite(written, bytes.length);
}
