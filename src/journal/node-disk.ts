/**
 * The disk of the machine: one directory. Writes go to files opened with O_DSYNC, so that a write that is done is
 * durable. Where there is none (Windows), or where it stops at the drive's cache (macOS), fdatasync follows each write.
 */

import type { Clock } from '../environment/clock.ts';
import type { Disk } from './disk.ts';
import { atOnce } from './node-disk/at-once.ts';
import { diskFolder } from './node-disk/folder.ts';
import { later } from './node-disk/later.ts';

export interface NodeDiskOptions {
  /** An existing directory that is written to by nothing else. */
  readonly directory: string;
  readonly clock: Clock;
  /**
   * How a running journal writes. `threadpool` (the default) leaves the event loop free, so that a node notices when
   * its disk stalls; `blocking` saves the way to another thread and back, and stops everything while the disk works.
   */
  readonly writes?: 'threadpool' | 'blocking';
  /** How a write becomes durable. Default: `o-dsync` where that can be trusted. */
  readonly syncs?: 'o-dsync' | 'fdatasync';
}

/** Makes the disk of a directory. Nothing is opened before it is used. */
export function createNodeDisk(options: NodeDiskOptions): Disk {
  const { directory, clock, writes = 'threadpool', syncs = 'o-dsync' } = options;
  const folder = diskFolder(directory, syncs);
  return { ...atOnce(folder), ...later(folder, clock, writes) };
}
