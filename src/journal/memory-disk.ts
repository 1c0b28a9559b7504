/** A disk in memory that never fails: what is kept beside a journal in memory. */

import type { Clock } from '../environment/clock.ts';
import { type Disk, DiskError } from './disk.ts';

/** A disk of `files`, which outlive it. */
export function createMemoryDisk(clock: Clock, files: Map<string, Uint8Array>): Disk {
  const fileNamed = (name: string): Uint8Array => {
    const file = files.get(name);
    if (file === undefined) throw new DiskError('failed', `expected a file '${name}', but there is none`);
    return file;
  };
  const create = (name: string, start: Uint8Array, sizeBytes: number): void => {
    const file = new Uint8Array(Math.max(sizeBytes, start.length));
    file.set(start);
    files.set(name, file);
  };
  const write = (name: string, offsetBytes: number, bytes: Uint8Array): void =>
    void files.set(name, written(fileNamed(name), offsetBytes, bytes));
  const soon = <T>(act: () => T, onDone: (result: T | DiskError) => void): void =>
    clock.enqueue(() => {
      let result: T | DiskError;
      try {
        result = act();
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        result = error;
      }
      onDone(result);
    });
  const orNothing =
    (onDone: (error?: DiskError) => void) =>
    (result: unknown): void =>
      result instanceof DiskError ? onDone(result) : onDone();
  return {
    list: () => [...files.keys()],
    readSync: (name) => fileNamed(name).slice(),
    createSync: create,
    writeSync: write,
    removeSync: (name) => void files.delete(name),
    read: (name, onDone) => soon(() => fileNamed(name).slice(), onDone),
    readPart: (name, offset, length, onDone) => soon(() => fileNamed(name).slice(offset, offset + length), onDone),
    create: (name, start, sizeBytes, onDone) => soon(() => create(name, start, sizeBytes), orNothing(onDone)),
    write: (name, offset, bytes, onDone) => soon(() => write(name, offset, bytes), orNothing(onDone)),
    remove: (name, onDone) => soon(() => files.delete(name), orNothing(onDone)),
    close: (onDone) => clock.enqueue(() => onDone()),
  };
}

/** `file` with `bytes` in it: the same memory where they fit, or else a longer one. */
export function written(file: Uint8Array, offsetBytes: number, bytes: Uint8Array): Uint8Array {
  const end = offsetBytes + bytes.length;
  const target = end <= file.length ? file : new Uint8Array(end);
  if (target !== file) target.set(file);
  target.set(bytes, offsetBytes);
  return target;
}
