/** Faults of a running node's disk, which come and go as they are ordered. While it has none, it is the disk itself. */

import type { Clock } from '../environment/clock.ts';
import { type Disk, DiskError } from './disk.ts';

/** What is wrong with a disk. */
export interface DiskFault {
  /** How much longer each write takes, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** Whether it has no room left: no write succeeds, as where files are not overwritten in place. Default false. */
  readonly isFull?: boolean;
}

/** The disk of one node. */
export interface DiskFaults {
  /** `disk`, with the faults that are ordered. */
  on(disk: Disk): Disk;
  /** Orders what is wrong from now on, in place of what was. */
  set(fault: DiskFault): void;
}

/** A disk without a fault so far. */
export function createDiskFaults(clock: Clock): DiskFaults {
  let fault: DiskFault = {};
  type Done = (error?: DiskError) => void;
  const faulty = (onDone: Done, act: (onDone: Done) => void): void => {
    const { delayMs = 0, isFull = false } = fault;
    if (isFull) {
      clock.enqueue(() =>
        onDone(new DiskError('full', 'expected room on the disk, got none: a fault that was ordered')),
      );
    } else if (delayMs > 0) act((error) => void clock.setTimeout(() => onDone(error), delayMs));
    else act(onDone);
  };
  return {
    on: (disk) => ({
      ...disk,
      create: (name, start, sizeBytes, onDone, isUrgent) =>
        faulty(onDone, (done) => disk.create(name, start, sizeBytes, done, isUrgent)),
      write: (name, offsetBytes, bytes, onDone) => faulty(onDone, (done) => disk.write(name, offsetBytes, bytes, done)),
    }),
    set(next) {
      fault = next;
    },
  };
}
