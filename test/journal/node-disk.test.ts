/** Files of a real directory: made at their size, at once or in peace, and read in parts. */

import { pbkdf2 } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/environment/clock.ts';
import type { Disk } from '../../src/journal/disk.ts';
import { createNodeDisk } from '../../src/journal/node-disk.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function diskIn() {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-'));
  directories.push(directory);
  return { directory, disk: createNodeDisk({ directory, clock: systemClock() }) };
}

const start = Uint8Array.of(1, 2, 3);

test.each<[string, () => () => boolean]>([
  ['at once', () => () => true],
  ['leaving the disk to others', () => () => false],
  [
    'in peace, until somebody waits for it',
    () => {
      let asked = 0;
      return () => {
        asked += 1;
        return asked > 2;
      };
    },
  ],
])('a file is made %s, with its start and zeros behind', async (_name, urgency) => {
  const { directory, disk } = diskIn();
  const sizeBytes = 300_001;
  const error = await new Promise((resolve) => disk.create('x', start, sizeBytes, resolve, urgency()));
  expect(error).toBeUndefined();
  const bytes = readFileSync(join(directory, 'x'));
  expect([bytes.length, [...bytes.subarray(0, 4)]]).toEqual([sizeBytes, [1, 2, 3, 0]]);
  expect(bytes.subarray(3).every((byte) => byte === 0)).toBe(true);
});

test('a file that is written behind its end grows, and is read in parts', async () => {
  const { disk } = diskIn();
  await new Promise((resolve) => disk.create('x', new Uint8Array(), 0, resolve));
  await new Promise((resolve) => disk.write('x', 0, start, resolve));
  await new Promise((resolve) => disk.write('x', 3, start, resolve));
  const read = (offset: number, length: number) =>
    new Promise((resolve) => disk.readPart('x', offset, length, resolve));
  expect(await read(2, 3)).toEqual(Uint8Array.of(3, 1, 2));
  expect(await read(4, 100)).toEqual(Uint8Array.of(2, 3));
  expect(await read(9, 2)).toEqual(new Uint8Array());
});

test.each<[string, (disk: Disk) => void]>([
  ['removed', (disk) => disk.remove('gone', () => undefined)],
  [
    'closed for others that are written to',
    (disk) => {
      for (const name of ['second', 'third']) disk.write(name, 0, start, () => undefined);
    },
  ],
])('what is still to be written to a file that is %s reaches no other file', async (_name, letGo) => {
  const { directory, disk } = diskIn();
  const names = ['gone', 'second', 'third', 'kept'];
  for (const name of names) writeFileSync(join(directory, name), new Uint8Array(8));
  // All threads that write are busy: the first write has not begun when its file is let go and the last is opened.
  const busy = Array.from(
    { length: 4 },
    () => new Promise((resolve) => pbkdf2('x', 'y', 200_000, 64, 'sha512', resolve)),
  );
  const writes = [new Promise((resolve) => disk.write('gone', 0, Uint8Array.of(9, 9, 9, 9), resolve))];
  letGo(disk);
  writes.push(new Promise((resolve) => disk.write('kept', 4, start, resolve)));
  expect(await Promise.all(writes)).toEqual([undefined, undefined]);
  await Promise.all(busy);
  expect([...readFileSync(join(directory, 'kept'))]).toEqual([0, 0, 0, 0, 1, 2, 3, 0]);
  await new Promise<void>((resolve) => disk.close(resolve));
});

test('a file that is asked for and given up at once is not there afterwards', async () => {
  const { directory, disk } = diskIn();
  for (let round = 0; round < 10; round += 1) {
    disk.create('x', start, 100_000, () => undefined);
    await new Promise<unknown>((resolve) => disk.remove('x', resolve));
    expect(readdirSync(directory)).toEqual([]);
    disk.remove('x', () => undefined);
    await new Promise<unknown>((resolve) => disk.create('x', start, 100_000, resolve));
    expect(readdirSync(directory)).toEqual(['x']);
  }
});

test('a file that is made anew under its name is the one that is written', async () => {
  const { directory, disk } = diskIn();
  const writes = (bytes: Uint8Array) => new Promise((resolve) => disk.write('x', 0, bytes, resolve));
  disk.createSync('x', start, 3);
  await writes(start);
  await new Promise((resolve) => disk.create('x', new Uint8Array(), 0, resolve));
  await writes(Uint8Array.of(9));
  expect([...readFileSync(join(directory, 'x'))]).toEqual([9]);
});
