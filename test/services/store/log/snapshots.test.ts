/** Which files of snapshots a log keeps: those that it needs, and the one in the making. */

import { expect, test } from 'vitest';
import { createMemoryDisk } from '../../../../src/journal/memory-disk.ts';
import { crc32 } from '../../../../src/journal/segmented/checksum.ts';
import { openSnapshotRoom } from '../../../../src/journal/snapshots/files.ts';
import { createSnapshots } from '../../../../src/services/store/log/snapshots.ts';
import { createVirtualClock } from '../../../../src/simulator/virtual-clock.ts';

const owner = 'raft.server/kv';
const own = `${owner}/300-n1`;
const fetched = `${owner}/500-n2`;

test('its own snapshot stays until the log has taken it, and goes when another one takes its place', () => {
  const clock = createVirtualClock();
  const room = openSnapshotRoom({ disk: createMemoryDisk(clock, new Map()), clock, crc32 });
  const snapshots = createSnapshots(room, owner, clock);
  const writer = snapshots.write(own, () => undefined);
  writer.finish(() => undefined);
  clock.advance(1_000);
  snapshots.keep(undefined, fetched);
  clock.advance(1_000);
  expect(room.names()).toEqual([own]);
  snapshots.keep(own);
  room.putSync(fetched, Uint8Array.of(1));
  snapshots.keep(fetched);
  clock.advance(1_000);
  expect(room.names()).toEqual([fetched]);
});
