/** A disk in memory whose faults a test decides: it may be slow, fail, and crash with a write half done. */

import type { Clock } from '../../src/environment/clock.ts';
import { type Disk, DiskError } from '../../src/journal/disk.ts';
import { written } from '../../src/journal/memory-disk.ts';

export interface RamDisk extends Disk {
  /** What is on the platter. */
  readonly files: Map<string, Uint8Array>;
  /** The same platter after a restart, on which `clock` runs. */
  restart(clock?: Clock): RamDisk;
  /**
   * Power fails: nothing completes any more. Of the write under way, the first `keptBytes` of so many are on the
   * platter, without those in the sectors of the file that are `lost`. By default nothing is.
   */
  crash(keptBytes?: (ofBytes: number) => number, lost?: (sector: number) => boolean): void;
  /** From now on, what is asked of the disk fails so. */
  failWith: DiskError | undefined;
  /** How long a write takes. */
  writeMs: number;
  readonly writes: number;
}

export function createRamDisk(clock: Clock, files = new Map<string, Uint8Array>()): RamDisk {
  let isAlive = true;
  let writes = 0;
  let underWay: { name: string; offset: number; bytes: Uint8Array } | undefined;

  const file = (name: string): Uint8Array => {
    const found = files.get(name);
    if (found === undefined) throw new DiskError('failed', `no file '${name}'`);
    return found;
  };
  const create = (name: string, start: Uint8Array, sizeBytes: number): void => {
    const made = new Uint8Array(sizeBytes);
    made.set(start);
    files.set(name, made);
  };
  const put = (name: string, offset: number, bytes: Uint8Array): void => {
    const target = file(name);
    if (offset > target.length) throw new DiskError('failed', `a write beyond the end of '${name}'`);
    files.set(name, written(target, offset, bytes));
  };
  const now = <T>(body: () => T): T => {
    if (disk.failWith !== undefined) throw disk.failWith;
    return body();
  };
  const later = <T>(body: () => T, onDone: (result: T | DiskError) => void, ms = 0): void => {
    const run = (): void => {
      if (!isAlive) return;
      let result: T | DiskError;
      try {
        result = now(body);
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        result = error;
      }
      onDone(result);
    };
    if (ms > 0) clock.setTimeout(run, ms);
    else clock.enqueue(run);
  };
  const onError = (onDone: (error?: DiskError) => void) => (result: unknown) =>
    result instanceof DiskError ? onDone(result) : onDone();

  const disk: RamDisk = {
    files,
    failWith: undefined,
    writeMs: 0,
    get writes() {
      return writes;
    },
    restart(next = clock) {
      isAlive = false;
      return createRamDisk(next, files);
    },
    crash(keptBytes = () => 0, lost = () => false) {
      isAlive = false;
      if (underWay === undefined) return;
      const { name, offset, bytes } = underWay;
      const target = file(name);
      for (const [index, byte] of bytes.subarray(0, keptBytes(bytes.length)).entries()) {
        if (!lost(Math.floor((offset + index) / 512))) target[offset + index] = byte;
      }
    },
    list: () => [...files.keys()],
    readSync: (name) => now(() => file(name).slice()),
    createSync: (name, start, sizeBytes) => now(() => create(name, start, sizeBytes)),
    writeSync: (name, offset, bytes) => now(() => put(name, offset, bytes)),
    removeSync: (name) => now(() => void files.delete(name)),
    read: (name, onDone) => later(() => file(name).slice(), onDone),
    readPart: (name, offset, length, onDone) => later(() => file(name).slice(offset, offset + length), onDone),
    create: (name, start, sizeBytes, onDone) => later(() => create(name, start.slice(), sizeBytes), onError(onDone)),
    write(name, offset, bytes, onDone) {
      if (underWay !== undefined) throw new Error('two writes at once');
      writes += 1;
      underWay = { name, offset, bytes };
      const finish = onError(onDone);
      later(
        () => put(name, offset, bytes),
        (result) => {
          underWay = undefined;
          finish(result);
        },
        disk.writeMs,
      );
    },
    remove: (name, onDone) => later(() => void files.delete(name), onError(onDone)),
    close: (onDone) => clock.enqueue(onDone),
  };
  return disk;
}
