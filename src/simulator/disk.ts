/**
 * A simulated disk, below the journal: it takes its time, stalls, fills up and fails, and a crash tears what it was
 * just writing. What it reported as written survives everything but a wipe.
 */

import type { Clock } from '../environment/clock.ts';
import { chance, integerBelow, type Random } from '../environment/random.ts';
import { type Disk, DiskError } from '../journal/disk.ts';
import { written } from '../journal/memory-disk.ts';

/** What a disk does at present. */
export interface DiskCondition {
  /** A write takes between these many milliseconds. */
  readonly latencyMs: { readonly min: number; readonly max: number };
  readonly isStalled: boolean;
  readonly refuses?: 'full' | 'failed';
}

export const healthyDisk: DiskCondition = { latencyMs: { min: 0.1, max: 2 }, isStalled: false };

/** What is on the platter, and the faults that may befall it. Outlives the machine. */
export interface SimulatedDisk {
  /** The disk as a machine sees it that runs on `clock`, from one start to the next crash. */
  attach(clock: Clock): Disk;
  /** The machine is gone: writes under way are torn or lost, and no caller is called back. */
  crash(): void;
  setCondition(condition: DiskCondition): void;
  wipe(): void;
  /** A copy of what is on the platter. */
  copy(): ReadonlyMap<string, Uint8Array>;
  /** Whether what is there is a copy that was put there, and not settled since. */
  readonly isCopy: boolean;
  /** From now on it is no copy any more. */
  settle(): void;
  /** Puts a copy in the place of what is there. */
  restore(copy: ReadonlyMap<string, Uint8Array>): void;
  /** Flips one bit, for tests of damage. */
  flip(name: string, bit: number): void;
}

/** Which bytes of a write reach the platter. */
type Kept = (index: number) => boolean;

interface Write {
  readonly apply: (kept?: Kept) => void;
  readonly done: (error?: DiskError) => void;
}

const sectorBytes = 512;

/** A torn write: up to some byte, or this sector and not that one. */
function tear(random: Random): Kept {
  const upTo = integerBelow(random, 2 * sectorBytes);
  if (chance(random, 0.5)) return (index) => index < upTo;
  const sectors = Array.from({ length: 64 }, () => chance(random, 0.5));
  return (index) => sectors[Math.floor(index / sectorBytes) % sectors.length] === true;
}

/**
 * Makes an empty disk.
 *
 * @param random draws latencies and where a crash tears
 * @param onFlushed hears of each write that has become durable
 */
export function createSimulatedDisk(random: Random, onFlushed: () => void = () => {}): SimulatedDisk {
  const files = new Map<string, Uint8Array>();
  let condition = healthyDisk;
  let isCopy = false;
  let attached: Attachment | undefined;

  const fileNamed = (name: string): Uint8Array => {
    const file = files.get(name);
    if (file === undefined) throw new DiskError('failed', `expected a file '${name}', but there is none`);
    return file;
  };
  const refuse = (): DiskError | undefined => {
    const { refuses } = condition;
    return refuses === undefined ? undefined : new DiskError(refuses, `the simulated disk is ${refuses}`);
  };
  const write = (name: string, offsetBytes: number, bytes: Uint8Array, kept?: Kept): void => {
    const file = fileNamed(name);
    if (kept === undefined) files.set(name, written(file, offsetBytes, bytes));
    else
      for (const [index, byte] of bytes.entries()) {
        if (kept(index)) files.set(name, written(fileNamed(name), offsetBytes + index, Uint8Array.of(byte)));
      }
  };
  const create = (name: string, start: Uint8Array, sizeBytes: number): void => {
    const file = new Uint8Array(Math.max(sizeBytes, start.length));
    file.set(start);
    files.set(name, file);
  };
  const orThrow = (act: () => void): void => {
    const error = refuse();
    if (error !== undefined) throw error;
    act();
  };

  interface Attachment {
    readonly clock: Clock;
    readonly queue: Write[];
    isBusy: boolean;
  }

  const work = (attachment: Attachment): void => {
    const [next] = attachment.queue;
    if (next === undefined || attachment.isBusy || condition.isStalled || attachment !== attached) return;
    attachment.isBusy = true;
    const { min, max } = condition.latencyMs;
    attachment.clock.setTimeout(
      () => {
        attachment.isBusy = false;
        // A stall that began while the write was under way holds it too.
        if (condition.isStalled) return;
        attachment.queue.shift();
        const error = refuse();
        if (error === undefined) next.apply();
        next.done(error);
        work(attachment);
      },
      min + (max - min) * random.next(),
    );
  };

  return {
    attach(clock) {
      const attachment: Attachment = { clock, queue: [], isBusy: false };
      attached = attachment;
      const submit = (apply: Write['apply'], done: (error?: DiskError) => void): void => {
        attachment.queue.push({ apply, done });
        work(attachment);
      };
      return {
        list: () => [...files.keys()],
        readSync: (name) => fileNamed(name).slice(),
        createSync: (name, start, sizeBytes) => orThrow(() => create(name, start, sizeBytes)),
        writeSync: (name, offsetBytes, bytes) => orThrow(() => write(name, offsetBytes, bytes)),
        removeSync: (name) => void files.delete(name),
        read(name, onDone) {
          clock.enqueue(() => {
            const file = files.get(name);
            onDone(file?.slice() ?? new DiskError('failed', `expected a file '${name}', but there is none`));
          });
        },
        readPart(name, offsetBytes, lengthBytes, onDone) {
          clock.enqueue(() => {
            const part = files.get(name)?.slice(offsetBytes, offsetBytes + lengthBytes);
            onDone(part ?? new DiskError('failed', `expected a file '${name}', but there is none`));
          });
        },
        create(name, start, sizeBytes, onDone) {
          const copy = start.slice();
          submit((kept) => {
            if (kept === undefined) create(name, copy, sizeBytes);
          }, onDone);
        },
        write(name, offsetBytes, bytes, onDone) {
          const copy = bytes.slice();
          submit(
            (kept) => write(name, offsetBytes, copy, kept),
            (error) => {
              if (error === undefined) onFlushed();
              onDone(error);
            },
          );
        },
        remove(name, onDone) {
          submit(() => void files.delete(name), onDone);
        },
        close(onDone) {
          submit(
            () => {},
            () => onDone(),
          );
        },
      };
    },
    crash() {
      // Of what was under way some part may have reached the platter; of what waited behind it, nothing.
      const [underWay] = attached?.isBusy === true ? attached.queue : [];
      attached = undefined;
      underWay?.apply(tear(random));
    },
    setCondition(next) {
      const wasStalled = condition.isStalled;
      condition = next;
      if (wasStalled && !next.isStalled && attached !== undefined) work(attached);
    },
    wipe: () => files.clear(),
    copy: () => new Map([...files].map(([name, file]) => [name, file.slice()])),
    get isCopy() {
      return isCopy;
    },
    settle() {
      isCopy = false;
    },
    restore(copy) {
      isCopy = true;
      files.clear();
      for (const [name, file] of copy) files.set(name, file.slice());
    },
    flip(name, bit) {
      const file = fileNamed(name);
      const index = Math.floor(bit / 8);
      file[index] = (file[index] ?? 0) ^ (1 << (bit % 8));
    },
  };
}
