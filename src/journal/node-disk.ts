/**
 * The disk of the machine: one directory. Writes go to files opened with O_DSYNC, so that a write that is done is
 * durable. Where there is none (Windows), or where it stops at the drive's cache (macOS), fdatasync follows each write.
 */

import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../environment/clock.ts';
import { type Disk, DiskError } from './disk.ts';
import { OpenFiles } from './node-disk/open-files.ts';

export interface NodeDiskOptions {
  /** An existing directory that nobody else writes to. */
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

const { O_CREAT, O_TRUNC, O_WRONLY } = fs.constants;
const oDsync: number | undefined = process.platform === 'darwin' ? undefined : fs.constants.O_DSYNC;
const fillBytes = 2 ** 20;
const zeros = new Uint8Array(fillBytes);
/** A file that nobody waits for is filled in such pieces; for each millisecond that one took, so many are left to others. */
const pacedBytes = 64 * 1_024;
const restFactor = 3;
const longestRestMs = 50;

/** Makes the disk of a directory. Nothing is opened before it is used. */
export function createNodeDisk(options: NodeDiskOptions): Disk {
  const { directory, clock, writes = 'threadpool', syncs = 'o-dsync' } = options;
  const syncedWrites = syncs === 'o-dsync' ? oDsync : undefined;
  let underWay = 0;
  let onIdle: (() => void) | undefined;

  const pathOf = (name: string): string => path.join(directory, name);
  const files = new OpenFiles((name) => fs.openSync(pathOf(name), O_WRONLY | (syncedWrites ?? 0)));
  /** The last that was asked of each file as a whole, while it is under way. */
  const asked = new Map<string, Promise<void>>();
  const syncDirectory = (): void => {
    if (process.platform === 'win32') return;
    const handle = fs.openSync(directory, 'r');
    try {
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
  };

  /** Runs `work` away from the event loop's thread, and tells its end in a turn of the clock's queue. */
  const start = <T>(what: string, work: () => Promise<T>, onDone: (result: DiskError | T) => void): void => {
    underWay += 1;
    const finish = (result: DiskError | T): void =>
      clock.enqueue(() => {
        underWay -= 1;
        try {
          onDone(result);
        } finally {
          if (underWay === 0) onIdle?.();
        }
      });
    work().then(finish, (error: unknown) => finish(diskError(what, error)));
  };
  /** Files are made and removed in the order in which that was asked: one of a name does not go for one before it. */
  const inTurn = async (name: string, work: () => Promise<void>): Promise<void> => {
    const turn = (asked.get(name) ?? Promise.resolve()).then(work);
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (asked.get(name) === over) asked.delete(name);
      });
    asked.set(name, over);
    await turn;
  };
  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimeout(resolve, ms);
    });
  /** Makes a piece of a file durable, and leaves the disk to others for a while. */
  const syncAndRest = async (file: fs.promises.FileHandle, sinceMs: number): Promise<void> => {
    await file.datasync();
    await rest(Math.min(longestRestMs, restFactor * (clock.nowMs() - sinceMs)));
  };
  const create = async (
    name: string,
    contents: Uint8Array,
    sizeBytes: number,
    isUrgent: () => boolean,
  ): Promise<void> => {
    const temporary = pathOf(`${name}.tmp`);
    const file = await fs.promises.open(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    try {
      for (let offset = 0; offset < sizeBytes || offset < contents.length; ) {
        const sinceMs = clock.nowMs();
        const isPaced = !isUrgent();
        const bytes = offset === 0 ? contents : zeros.subarray(0, isPaced ? pacedBytes : fillBytes);
        const length = offset === 0 ? bytes.length : Math.min(bytes.length, sizeBytes - offset);
        const { bytesWritten } = await file.write(bytes, 0, length, offset);
        if (bytesWritten !== length) throw shortWrite(bytesWritten, length);
        offset += length;
        if (isPaced) await syncAndRest(file, sinceMs);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.promises.rename(temporary, pathOf(name));
    files.forget(name);
    await syncDirectoryLater(directory);
  };

  return {
    list: () => naming('list the directory', () => fs.readdirSync(directory)),
    readSync: (name) => naming(`read '${name}'`, () => plain(fs.readFileSync(pathOf(name)))),
    createSync: (name, contents, sizeBytes) =>
      naming(`create '${name}'`, () => {
        const temporary = pathOf(`${name}.tmp`);
        const file = fs.openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC);
        try {
          for (const { offset, bytes } of fillOf(contents, sizeBytes)) writeAllSync(file, bytes, offset);
          fs.fsyncSync(file);
        } finally {
          fs.closeSync(file);
        }
        fs.renameSync(temporary, pathOf(name));
        files.forget(name);
        syncDirectory();
      }),
    writeSync: (name, offsetBytes, bytes) =>
      naming(`write '${name}'`, () => {
        const { descriptor } = files.of(name);
        writeAllSync(descriptor, bytes, offsetBytes);
        if (syncedWrites === undefined) fs.fdatasyncSync(descriptor);
      }),
    removeSync: (name) =>
      naming(`remove '${name}'`, () => {
        files.forget(name);
        fs.rmSync(pathOf(name), { force: true });
        syncDirectory();
      }),

    read: (name, onDone) =>
      start(`read '${name}'`, async () => plain(await fs.promises.readFile(pathOf(name))), onDone),
    readPart: (name, offsetBytes, lengthBytes, onDone) =>
      start(`read '${name}'`, () => readPart(pathOf(name), offsetBytes, lengthBytes), onDone),
    create: (name, contents, sizeBytes, onDone, isUrgent = () => true) =>
      start(
        `create '${name}'`,
        () => inTurn(name, () => create(name, contents, sizeBytes, isUrgent)),
        orNothing(onDone),
      ),
    remove: (name, onDone) =>
      start(
        `remove '${name}'`,
        () => {
          files.forget(name);
          return inTurn(name, async () => {
            await fs.promises.rm(pathOf(name), { force: true });
            await syncDirectoryLater(directory);
          });
        },
        orNothing(onDone),
      ),
    write(name, offsetBytes, bytes, onDone) {
      underWay += 1;
      const finish = (error?: unknown): void =>
        clock.enqueue(() => {
          underWay -= 1;
          try {
            if (error === undefined || error === null) onDone();
            else onDone(diskError(`write '${name}'`, error));
          } finally {
            if (underWay === 0) onIdle?.();
          }
        });
      try {
        const file = files.of(name);
        const { descriptor } = file;
        if (writes === 'blocking') {
          writeAllSync(descriptor, bytes, offsetBytes);
          if (syncedWrites === undefined) fs.fdatasyncSync(descriptor);
          finish();
          return;
        }
        files.begin(file);
        const end = (error?: unknown): void => {
          files.end(file);
          finish(error);
        };
        fs.write(descriptor, bytes, 0, bytes.length, offsetBytes, (error, count) => {
          if (error === null && count !== bytes.length) end(shortWrite(count, bytes.length));
          else if (error === null && syncedWrites === undefined) fs.fdatasync(descriptor, end);
          else end(error);
        });
      } catch (error) {
        finish(error);
      }
    },
    close(onDone) {
      const finish = (): void => {
        onIdle = undefined;
        files.forgetAll();
        onDone();
      };
      if (underWay > 0) onIdle = finish;
      else clock.enqueue(finish);
    },
  };
}

async function readPart(path: string, offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
  const file = await fs.promises.open(path, 'r');
  try {
    const bytes = new Uint8Array(lengthBytes);
    let readBytes = 0;
    while (readBytes < lengthBytes) {
      const { bytesRead } = await file.read(bytes, readBytes, lengthBytes - readBytes, offsetBytes + readBytes);
      if (bytesRead === 0) break;
      readBytes += bytesRead;
    }
    return bytes.subarray(0, readBytes);
  } finally {
    await file.close();
  }
}

/** What to write to fill a file of `sizeBytes` that starts with `contents`. Zeros are written, or no room is taken. */
function* fillOf(contents: Uint8Array, sizeBytes: number): Generator<{ offset: number; bytes: Uint8Array }> {
  yield { offset: 0, bytes: contents };
  for (let offset = contents.length; offset < sizeBytes; offset += fillBytes) {
    yield { offset, bytes: zeros.subarray(0, Math.min(fillBytes, sizeBytes - offset)) };
  }
}

function writeAllSync(file: number, bytes: Uint8Array, offset: number): void {
  const written = fs.writeSync(file, bytes, 0, bytes.length, offset);
  if (written !== bytes.length) throw shortWrite(written, bytes.length);
}

async function syncDirectoryLater(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.promises.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same memory as a `Uint8Array`, or records in it would hold a `Buffer`. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

const orNothing =
  (onDone: (error?: DiskError) => void) =>
  (result: unknown): void =>
    result instanceof DiskError ? onDone(result) : onDone();

/** A file system writes less than it was asked to when it runs out of room. */
const shortWrite = (written: number, bytes: number): DiskError =>
  new DiskError('full', `expected to write ${bytes} bytes, only ${written} were written`);

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function diskError(what: string, error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  return new DiskError(fullCodes.has(code) ? 'full' : 'failed', `could not ${what}: ${message}`, { cause: error });
}

function naming<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw diskError(what, error);
  }
}
