/** The form of a backup: whatever befalls the file, it reads as it was written, or is refused by name. */

import { expect, test } from 'vitest';
import { type BackupHead, BackupWriter, framesIn } from '../../../src/services/backup/format.ts';

const head: BackupHead = { cluster: 'old', node: 'n2', protocol: 'paxos', index: 7, revision: 5 };
const parts = [Uint8Array.of(1, 2, 3), new Uint8Array(), new Uint8Array(5_000).fill(7), Uint8Array.of(1, 2, 3)];

const written = (): Buffer => {
  const writer = new BackupWriter();
  return Buffer.concat([writer.start(head), ...parts.map((part) => writer.part(part)), writer.end()]);
};

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What is read of `bytes`, or the code of the error. */
async function readOf(bytes: Uint8Array, size = 1_000): Promise<unknown> {
  const frames: unknown[] = [];
  try {
    for await (const frame of framesIn(cut(bytes, size))) {
      frames.push(frame.type === 'head' ? frame.head : [...frame.part]);
    }
    return frames;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

test('reads what was written, however it is cut', async () => {
  const whole = [head, ...parts.map((part) => [...part])];
  for (const size of [1, 7, 4_096, 1_000_000]) expect(await readOf(written(), size)).toEqual(whole);
});

test('refuses what ends anywhere before its end', async () => {
  const bytes = written();
  for (let length = 1; length < bytes.length; length += length < 200 || length > 5_000 ? 1 : 97) {
    expect(await readOf(bytes.subarray(0, length))).toBe('BACKUP_TRUNCATED');
  }
});

test('refuses a file in which any bit was changed', async () => {
  const bytes = written();
  for (let at = 0; at < bytes.length; at += at < 200 || at > 5_000 ? 1 : 97) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
    expect(await readOf(changed)).toMatch(/^BACKUP_(FOREIGN|VERSION|DAMAGED|TRUNCATED)$/);
  }
});

test('refuses parts that are missing, exchanged or added, whose own bytes are right', async () => {
  const writer = new BackupWriter();
  const start = writer.start(head);
  const [first, second] = [writer.part(Uint8Array.of(1)), writer.part(Uint8Array.of(2))];
  const end = writer.end();
  for (const pieces of [
    [start, second, end],
    [start, first, end],
    [start, second, first, end],
    [start, first, first, second, end],
    [start, first, second, end, end],
    [start, start, first, second, end],
  ]) {
    expect(await readOf(Buffer.concat(pieces))).toBe('BACKUP_DAMAGED');
  }
  expect(await readOf(Buffer.concat([start, first, second, end]))).toEqual([head, [1], [2]]);
});

test.each([
  { ...head, cluster: 'old\n\u001b[2J' },
  { ...head, cluster: 'x'.repeat(257) },
  { ...head, node: '../n1' },
  { ...head, node: '__proto__' },
])('refuses a head that names no cluster, or no node: %j', async (strange) => {
  const writer = new BackupWriter();
  expect(await readOf(Buffer.concat([writer.start(strange), writer.end()]))).toBe('BACKUP_DAMAGED');
});

test('refuses what is no backup, and what a later release has written', async () => {
  expect(await readOf(Buffer.from('{"this": "is something else"}'))).toBe('BACKUP_FOREIGN');
  expect(await readOf(new Uint8Array())).toBe('BACKUP_FOREIGN');
  const later = written();
  later.writeUInt32LE(2, 8);
  expect(await readOf(later)).toBe('BACKUP_VERSION');
});
