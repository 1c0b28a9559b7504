/** What a disk does away from the event loop's thread, and tells in a later turn. */

import fs from 'node:fs';
import type { Clock } from '../../environment/clock.ts';
import { type Disk, DiskError } from '../disk.ts';
import { diskError, shortWrite } from './errors.ts';
import { fill, writeAllSync } from './filling.ts';
import { type DiskFolder, plain } from './folder.ts';
import { UnderWay } from './under-way.ts';

type Later = Pick<Disk, 'read' | 'readPart' | 'create' | 'remove' | 'write' | 'close'>;

/** @param writes `blocking` writes within the call all the same, and tells of it in a later turn */
export function later(folder: DiskFolder, clock: Clock, writes: 'threadpool' | 'blocking'): Later {
  const { directory, files, pathOf } = folder;
  const underWay = new UnderWay(clock);
  return {
    read: (name, onDone) =>
      underWay.start(`read '${name}'`, async () => plain(await fs.promises.readFile(pathOf(name))), onDone),
    readPart: (name, offsetBytes, lengthBytes, onDone) =>
      underWay.start(`read '${name}'`, () => readPart(pathOf(name), offsetBytes, lengthBytes), onDone),
    create(name, contents, sizeBytes, onDone, isUrgent = () => true) {
      const work = async (): Promise<void> => {
        const temporary = pathOf(`${name}.tmp`);
        await fill(temporary, contents, sizeBytes, isUrgent, clock);
        await fs.promises.rename(temporary, pathOf(name));
        files.forget(name);
        await syncDirectory(directory);
      };
      underWay.start(`create '${name}'`, () => underWay.inTurn(name, work), orNothing(onDone));
    },
    remove(name, onDone) {
      const work = async (): Promise<void> => {
        await fs.promises.rm(pathOf(name), { force: true });
        await syncDirectory(directory);
      };
      underWay.start(
        `remove '${name}'`,
        () => {
          files.forget(name);
          return underWay.inTurn(name, work);
        },
        orNothing(onDone),
      );
    },
    write(name, offsetBytes, bytes, onDone) {
      underWay.begin();
      const finish = (error?: unknown): void =>
        underWay.end(() => {
          if (error === undefined || error === null) onDone();
          else onDone(diskError(`write '${name}'`, error));
        });
      try {
        write(folder, name, offsetBytes, bytes, writes, finish);
      } catch (error) {
        finish(error);
      }
    },
    close: (onDone) =>
      underWay.whenIdle(() => {
        files.forgetAll();
        onDone();
      }),
  };
}

/** @throws whatever the file system throws within the call */
function write(
  { files, mustSync }: DiskFolder,
  name: string,
  offsetBytes: number,
  bytes: Uint8Array,
  writes: 'threadpool' | 'blocking',
  finish: (error?: unknown) => void,
): void {
  const file = files.of(name);
  const { descriptor } = file;
  if (writes === 'blocking') {
    writeAllSync(descriptor, bytes, offsetBytes);
    if (mustSync) fs.fdatasyncSync(descriptor);
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
    else if (error === null && mustSync) fs.fdatasync(descriptor, end);
    else end(error);
  });
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

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.promises.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const orNothing =
  (onDone: (error?: DiskError) => void) =>
  (result: unknown): void =>
    result instanceof DiskError ? onDone(result) : onDone();
