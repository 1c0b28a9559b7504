/** Snapshots in files of their own: what is written is read again, and what is not as it was written is named. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { DiskError } from '../../../src/journal/disk.ts';
import { createNodeDisk } from '../../../src/journal/node-disk.ts';
import { crc32 } from '../../../src/journal/segmented/checksum.ts';
import { openSnapshotRoom } from '../../../src/journal/snapshots/files.ts';
import { SnapshotError, type SnapshotFileWriter, type SnapshotRoom } from '../../../src/journal/snapshots/room.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import type { SnapshotFile } from '../../../statecharts/transfer.ts';
import { createRamDisk } from '../ram-disk.ts';

const name = 'raft.server/kv/17-n1';
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const written = (writer: SnapshotFileWriter, parts: readonly Uint8Array[]): Promise<SnapshotFile | SnapshotError> =>
  new Promise((resolve) => {
    const writeFrom = (at: number): void => {
      const part = parts[at];
      if (part === undefined) writer.finish(resolve);
      else writer.write(part.slice(), (error) => (error === undefined ? writeFrom(at + 1) : resolve(error)));
    };
    writeFrom(0);
  });

const partsIn = (room: SnapshotRoom, file: SnapshotFile): Promise<readonly Uint8Array[] | SnapshotError> =>
  new Promise((resolve) => {
    const reader = room.open(file);
    const parts: Uint8Array[] = [];
    const readNext = (): void =>
      reader.next((part) => {
        if (part === undefined || part instanceof SnapshotError) resolve(part ?? parts);
        else {
          parts.push(part.slice());
          readNext();
        }
      });
    readNext();
  });

/** A room on virtual time, which passes while something is waited for. */
function lab(files = new Map<string, Uint8Array>()) {
  const clock = createVirtualClock();
  const disk = createRamDisk(clock, files);
  const room = openSnapshotRoom({ disk, clock, crc32 });
  const value = async <T>(promise: Promise<T>): Promise<T> => {
    let result: { readonly value: T } | undefined;
    void promise.then((it) => {
      result = { value: it };
    });
    for (let steps = 0; steps < 100_000; steps += 1) {
      for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
      if (result !== undefined) return result.value;
      if (!clock.runNext()) throw new Error('nothing is pending');
    }
    throw new Error('not settled after 100,000 timeouts');
  };
  const keep = async (parts: readonly Uint8Array[], as = name): Promise<SnapshotFile> => {
    const file = await value(written(room.createParts(as), parts));
    if (file instanceof SnapshotError) throw file;
    return file;
  };
  return { clock, disk, files, room, value, keep };
}

const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const someParts = [fill(10, 1), fill(300_000, 2), fill(1, 3), fill(70_000, 4)];

describe('a snapshot', () => {
  test('is read in the parts in which it was written, also after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 20 }), async (parts) => {
        const { files, keep } = lab();
        const file = await keep(parts);
        const again = lab(files);
        expect(again.room.names()).toEqual([name]);
        expect(await again.value(partsIn(again.room, file))).toEqual(parts);
      }),
      { numRuns: 50 },
    );
  });

  test('on a real disk is the same', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-'));
    directories.push(directory);
    const clock = systemClock();
    const disk = createNodeDisk({ directory, clock });
    const room = openSnapshotRoom({ disk, clock, crc32 });
    const file = await written(room.createParts(name), someParts);
    if (file instanceof SnapshotError) throw file;
    expect(await partsIn(room, file)).toEqual(someParts);
    const copy: Uint8Array[] = [];
    for (let offset = 0; offset < file.sizeBytes; offset += 100_000) {
      copy.push(
        await new Promise((resolve, reject) =>
          room.read(name, offset, 100_000, (it) => (it instanceof Error ? reject(it) : resolve(it))),
        ),
      );
    }
    const sameName = 'raft.server/kv/17-n2';
    expect(await written(room.create(sameName), copy)).toEqual({ ...file, name: sameName });
    await new Promise<void>((resolve) => disk.close(resolve));
  });

  test('of which any bit was changed, or the end is missing, is named and not taken', async () => {
    const { disk, keep, room, value } = lab();
    const file = await keep([fill(20, 7), fill(3, 9)]);
    const [[fileName, bytes] = ['', new Uint8Array()]] = [...disk.files];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      disk.files.set(fileName, flipped);
      expect(await value(partsIn(room, file))).toMatchObject({ reason: 'damaged' });
    }
    for (let length = 0; length < bytes.length; length += 1) {
      disk.files.set(fileName, bytes.slice(0, length));
      expect(await value(partsIn(room, file))).toMatchObject({ reason: 'damaged' });
    }
    disk.files.delete(fileName);
    expect(await value(partsIn(room, file))).toBeInstanceOf(SnapshotError);
  });

  test('that a full disk has no room for says so, and leaves nothing behind', async () => {
    const { clock, disk, room, value } = lab();
    const writer = room.createParts(name);
    disk.failWith = new DiskError('full', 'no room');
    expect(await value(written(writer, someParts))).toMatchObject({ reason: 'full' });
    disk.failWith = undefined;
    writer.abandon();
    clock.advance(10);
    expect(room.names()).toEqual([]);
  });

  test('that is abandoned half-way is removed', async () => {
    const { clock, room, value } = lab();
    const writer = room.createParts(name);
    await value(new Promise<void>((resolve) => writer.write(fill(300_000, 1), () => resolve())));
    expect(room.names()).toEqual([name]);
    writer.abandon();
    clock.advance(10);
    expect(room.names()).toEqual([]);
  });

  test('leaves the disk three times as long to others as it takes it for itself', async () => {
    const { clock, disk, keep } = lab();
    disk.writeMs = 5;
    await keep(Array.from({ length: 8 }, () => fill(256 * 1_024, 1)));
    // Nine writes, the last of them of nothing.
    expect(clock.nowMs()).toBeGreaterThanOrEqual(8 * 5 * 4);
  });
});

describe('a room', () => {
  test('keeps the files that their owner names, and those of others', async () => {
    const { clock, keep, room } = lab();
    for (const it of ['a/x/1', 'a/x/2', 'a/y/1']) await keep([fill(4, 1)], it);
    room.keep('a/x', ['a/x/2']);
    clock.advance(10);
    expect(room.names()).toEqual(['a/x/2', 'a/y/1']);
  });

  test('keeps a file that another node reads for ten seconds longer', async () => {
    const { clock, keep, room, value } = lab();
    await keep([fill(4, 1)]);
    await value(new Promise((resolve) => room.read(name, 0, 4, resolve)));
    room.keep('raft.server/kv', []);
    clock.advance(9_000);
    expect(room.names()).toEqual([name]);
    clock.advance(2_000);
    expect(room.names()).toEqual([]);
    expect(await value(new Promise((resolve) => room.read(name, 0, 4, resolve)))).toMatchObject({ reason: 'absent' });
  });

  test('takes what an earlier version kept elsewhere, at once', async () => {
    const { room, value } = lab();
    const file = room.putSync(name, fill(50, 3));
    expect(await value(partsIn(room, file))).toEqual([fill(50, 3)]);
  });

  test('removes what an interrupted step has left', () => {
    const files = new Map([['x.snapshot.tmp', fill(3, 1)]]);
    lab(files);
    expect([...files.keys()]).toEqual([]);
  });
});

test('a snapshot that is needed again is not met by a removal that waited for a reader', async () => {
  const { clock, room, value, keep } = lab();
  await keep([Uint8Array.of(1, 2, 3)]);
  await value(new Promise((resolve) => room.read(name, 0, 1, resolve)));
  room.keep('raft.server/kv', []);
  room.keep('raft.server/kv', [name]);
  clock.advance(60_000);
  expect(room.names()).toEqual([name]);
});
