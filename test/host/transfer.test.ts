/** Snapshots travel between nodes whole or not at all, over links that lose, and end when nothing comes. */

import { describe, expect, test } from 'vitest';
import { createTransfer, transferAddress, transferMessages } from '../../src/host/transfer.ts';
import { createMemoryDisk } from '../../src/journal/memory-disk.ts';
import { crc32 } from '../../src/journal/segmented/checksum.ts';
import { openSnapshotRoom } from '../../src/journal/snapshots/files.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { type Address, parseTagged, type Result, type Tagged, type TaggedBy } from '../../statecharts/actor.ts';
import { fetchSnapshot, type SnapshotFile } from '../../statecharts/transfer.ts';

type Loses = (message: TaggedBy<typeof transferMessages>, count: number) => boolean;

/** Two nodes; n1 has a snapshot of `sizeBytes`, and what `loses` names is lost on the way. */
function lab(sizeBytes: number, loses: Loses = () => false) {
  const clock = createVirtualClock();
  const files = { n1: new Map<string, Uint8Array>(), n2: new Map<string, Uint8Array>() };
  let count = 0;
  const sideOf = (node: 'n1' | 'n2', other: () => ReturnType<typeof createTransfer>) => {
    const room = openSnapshotRoom({ disk: createMemoryDisk(clock, files[node]), clock, crc32 });
    const send = (_to: Address, message: Tagged): void => {
      const parsed = parseTagged('test', 'message', transferMessages, message);
      count += 1;
      if (!loses(parsed, count)) clock.setTimeout(() => other().receive(transferAddress(node), parsed), 1);
    };
    return { room, transfer: createTransfer({ clock, room, send }) };
  };
  const n1 = sideOf('n1', () => n2.transfer);
  const n2: ReturnType<typeof sideOf> = sideOf('n2', () => n1.transfer);
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, at) => at % 251);
  const file = n1.room.putSync('raft.server/kv/9-n1', bytes);
  const fetch = (wanted: SnapshotFile = file): Result[] => {
    const results: Result[] = [];
    const asked = fetchSnapshot('one', 'n1/raft.server/kv', wanted);
    n2.transfer.resource.perform(asked, (result) => void results.push(result));
    return results;
  };
  return { clock, files, file, fetch, n1, n2 };
}

/** Item by item, `toEqual` would take minutes. */
const sameFiles = (one: Map<string, Uint8Array>, other: Map<string, Uint8Array>): boolean =>
  one.size === other.size &&
  [...one].every(([name, bytes]) => Buffer.compare(bytes, other.get(name) ?? bytes.slice(1)) === 0);

const done = { type: 'done', value: undefined };

describe('a snapshot that is fetched', () => {
  test.each([1, 1_000, 256 * 1_024, 3_000_000])('of %i bytes is the same file afterwards', (sizeBytes) => {
    const { clock, files, fetch } = lab(sizeBytes);
    const results = fetch();
    clock.advance(10_000);
    expect(results).toEqual([done]);
    expect(sameFiles(files.n1, files.n2)).toBe(true);
  });

  test('comes over a link that loses every third message', () => {
    const { clock, files, fetch } = lab(3_000_000, (_, count) => count % 3 === 0);
    const results = fetch();
    clock.advance(100_000);
    expect(results).toEqual([done]);
    expect(sameFiles(files.n1, files.n2)).toBe(true);
  });

  test('is given up when nothing comes, and what was written of it goes', () => {
    const { clock, fetch, n2 } = lab(
      3_000_000,
      (message) => message.type === 'snapshotBytes' && message.offset > 600_000,
    );
    const results = fetch();
    clock.advance(4_000);
    expect(results).toEqual([]);
    clock.advance(4_000);
    expect(results).toMatchObject([{ type: 'refused', error: expect.stringContaining("'n1' sends nothing") }]);
    clock.advance(100);
    expect(n2.room.names()).toEqual([]);
  });

  test('that the other node does not have is refused', () => {
    const { clock, file, fetch } = lab(100);
    const results = fetch({ ...file, name: 'raft.server/kv/8-n1' });
    clock.advance(100);
    expect(results).toMatchObject([{ type: 'refused', error: expect.stringContaining('not here any more') }]);
  });

  test('that is damaged there is refused, by name', () => {
    const { clock, files, fetch } = lab(1_000);
    for (const bytes of files.n1.values()) bytes[500] = (bytes[500] ?? 0) ^ 1;
    const results = fetch();
    clock.advance(1_000);
    expect(results).toMatchObject([{ type: 'refused', error: expect.stringContaining("of node 'n1' is not what") }]);
  });

  test('takes the place of one for the same owner that is on its way', () => {
    const { clock, fetch, n1 } = lab(3_000_000);
    const first = fetch();
    clock.advance(5);
    const second = fetch(n1.room.putSync('raft.server/kv/10-n1', new Uint8Array(10)));
    clock.advance(1_000);
    expect(first).toMatchObject([{ type: 'refused' }]);
    expect(second).toEqual([done]);
  });

  test('takes no parts of a node that was not asked, and none that are too short', () => {
    const { clock, files, fetch, file, n2 } = lab(1_000);
    const results = fetch();
    const forged = { type: 'snapshotBytes', name: file.name, offset: 0 } as const;
    n2.transfer.receive(transferAddress('n3'), { ...forged, data: new Uint8Array(file.sizeBytes) });
    n2.transfer.receive(transferAddress('n1'), { ...forged, data: new Uint8Array(10) });
    clock.advance(1_000);
    expect(results).toEqual([done]);
    expect(sameFiles(files.n1, files.n2)).toBe(true);
  });

  test('is read for so many at a time, and for no more', () => {
    let answers = 0;
    const { clock, file, n1 } = lab(1_000, ({ type }) => {
      answers += type === 'snapshotBytes' ? 1 : 0;
      return true;
    });
    const asked = { type: 'readSnapshot', name: file.name, offset: 0, length: 10 } as const;
    for (let count = 0; count < 100; count += 1) n1.transfer.receive(transferAddress('n2'), asked);
    clock.advance(1_000);
    expect(answers).toBe(64);
    n1.transfer.receive(transferAddress('n2'), asked);
    clock.advance(1_000);
    expect(answers).toBe(65);
  });

  test('ends as unknown with its node', () => {
    const { clock, fetch, n2 } = lab(3_000_000);
    const results = fetch();
    clock.advance(5);
    n2.transfer.close();
    expect(results).toMatchObject([{ type: 'unknown' }]);
  });
});

test.each(['', 'x'.repeat(201), 'raft.server/kv/\ud800', 7])(
  'a name that can be no snapshot, %j, is refused',
  (name) => {
    const message = { type: 'readSnapshot', name, offset: 0, length: 1 };
    expect(() => parseTagged('test', 'message', transferMessages, message)).toThrow(/name/);
  },
);

test.each(['../x', '/etc/passwd', '..', 'a/../../b', '%2e%2e%2fx', '.tmp'])(
  'what is asked for as %s is looked for among snapshots only',
  (name) => {
    const { clock, fetch, file, files } = lab(100);
    for (const outside of ['x', 'b', 'passwd', name]) files.n1.set(outside, new Uint8Array(100));
    const results = fetch({ ...file, name });
    clock.advance(10_000);
    expect(results).toMatchObject([{ type: 'refused' }]);
  },
);
