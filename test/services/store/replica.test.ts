/** How much a node does in one turn to follow its log. */

import { expect, test } from 'vitest';
import { seededRandomness } from '../../../src/environment/random.ts';
import type { LogEntry, ReplicatedLog, SnapshotReader } from '../../../src/services/store/log/replicated-log.ts';
import { Replica } from '../../../src/services/store/replica.ts';
import type { SessionedMachine } from '../../../src/services/store/sessions/machine.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';

const unused = (): never => {
  throw new Error('is not asked for here');
};
const log: ReplicatedLog = {
  propose: unused,
  read: unused,
  handOver: unused,
  snapshot: unused,
  listen: unused,
  isLeader: false,
  leader: undefined,
  status: unused,
};

const entry = (index: number): LogEntry => ({ index, token: 1, command: undefined });
const run = (first: number, last: number): LogEntry[] =>
  Array.from({ length: last - first + 1 }, (_, place) => entry(first + place));

test('entries that all commit while the state is restored are applied a thousand in a turn, in order', () => {
  const clock = createVirtualClock();
  const applied: number[] = [];
  const perTurn: number[] = [];
  const failures: unknown[] = [];
  const sessioned: SessionedMachine = {
    apply: unused,
    skip: unused,
    view: unused,
    restoring: () => ({ take: () => undefined, finish: () => undefined }),
    revision: 0,
    timeMs: 0,
    sessions: 0,
    keptResults: 0,
  };
  let lastApplied = 0;
  const replica = new Replica({
    clock,
    random: seededRandomness(1).stream('snapshots'),
    log,
    machine: {},
    sessioned,
    applied: ({ index }) => applied.push(index),
    installed: () => undefined,
    advanced() {
      perTurn.push(applied.length - lastApplied);
      lastApplied = applied.length;
    },
    fail: (error) => failures.push(error),
  });
  let onPart: Parameters<SnapshotReader['next']>[0] = unused;
  const reader: SnapshotReader = {
    next(given) {
      onPart = given;
    },
    release: () => undefined,
  };
  replica.install(10, reader);
  // More than there can be arguments of a call.
  replica.follow(run(1, 400_000));
  replica.follow(run(400_001, 400_500));
  expect(applied).toEqual([]);
  onPart(undefined);
  replica.follow(run(400_501, 401_000));
  while (clock.runNext());
  expect(failures).toEqual([]);
  expect(applied).toEqual(run(11, 401_000).map(({ index }) => index));
  expect(Math.max(...perTurn)).toBe(1_000);
});
