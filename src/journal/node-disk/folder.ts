/** The directory that a disk writes to, and how a write in it becomes durable. */

import fs from 'node:fs';
import path from 'node:path';
import { OpenFiles } from './open-files.ts';

const { O_WRONLY } = fs.constants;
const oDsync: number | undefined = process.platform === 'darwin' ? undefined : fs.constants.O_DSYNC;

export interface DiskFolder {
  readonly directory: string;
  readonly files: OpenFiles;
  /** Whether a write must be followed by fdatasync, because the files are not opened with O_DSYNC. */
  readonly mustSync: boolean;
  pathOf(name: string): string;
}

export function diskFolder(directory: string, syncs: 'o-dsync' | 'fdatasync'): DiskFolder {
  const syncedWrites = syncs === 'o-dsync' ? oDsync : undefined;
  const pathOf = (name: string): string => path.join(directory, name);
  return {
    directory,
    files: new OpenFiles((name) => fs.openSync(pathOf(name), O_WRONLY | (syncedWrites ?? 0))),
    mustSync: syncedWrites === undefined,
    pathOf,
  };
}

/** The same memory as a `Uint8Array`, or records in it would hold a `Buffer`. */
export const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
