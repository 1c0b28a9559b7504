import { describe, expect, test } from 'vitest';
import type { FeedItem } from '../../src/dashboard/feed.ts';
import { type Edit, ForkError, fork } from '../../src/dashboard/fork.ts';
import { allFaults } from '../../src/simulator/plan.ts';
import type { Schedule } from '../../src/simulator/schedule.ts';
import { faulty, itemsOf, planned, protocol, shownOf } from './runs.ts';

const raft = protocol('raft');

describe('a fork', () => {
  test('is the same run until its first edit, and another one after it', () => {
    const schedule = planned(raft, 7, allFaults);
    const before = itemsOf({ protocol: raft, schedule, ...faulty });
    const edits: Edit[] = [{ atMs: 1_234, order: { fault: 'split', groups: [['n1'], ['n2', 'n3']] } }];
    const after = itemsOf({ protocol: raft, schedule, edits, ...faulty });
    const until = (items: readonly FeedItem[]) => shownOf(items).filter(({ atMs }) => atMs < 1_234);
    expect(until(after).length).toBeGreaterThan(100);
    expect(until(after)).toEqual(until(before));
    expect(after).not.toEqual(before);
    expect(itemsOf({ protocol: raft, schedule, edits, ...faulty })).toEqual(after);
  });

  const schedule = planned(raft, 1);
  const faultsOf = (...edits: Edit[]) => fork(schedule, edits).schedule.faults;

  test('has faults that last until they are ended, or the run heals', () => {
    const cut: Edit = { atMs: 100, order: { fault: 'cut', from: 'n1', to: 'n2' } };
    const delay: Edit = { atMs: 200, order: { fault: 'delay', from: 'n1', to: 'n3', delayMs: 70 } };
    expect(faultsOf(cut)).toEqual([{ kind: 'one-way', atMs: 100, untilMs: 3_000, from: 'n1', to: 'n2' }]);
    expect(faultsOf({ atMs: 500, order: { fault: 'heal' } }, delay, cut)).toEqual([
      { kind: 'one-way', atMs: 100, untilMs: 500, from: 'n1', to: 'n2' },
      { kind: 'delay', atMs: 200, untilMs: 500, from: 'n1', to: 'n3', delayMs: 70 },
    ]);
    expect(
      faultsOf(
        { atMs: 100, order: { fault: 'lose', from: 'n2', to: 'n1', probability: 0.5 } },
        { atMs: 100, order: { fault: 'full-disk', node: 'n1' } },
        { atMs: 100, order: { fault: 'slow-disk', node: 'n3', delayMs: 105 } },
      ),
    ).toEqual([
      { kind: 'loss', atMs: 100, untilMs: 3_000, from: 'n2', to: 'n1', probability: 0.5 },
      { kind: 'full-disk', atMs: 100, untilMs: 3_000, node: 'n1' },
      { kind: 'slow-disk', atMs: 100, untilMs: 3_000, node: 'n3', factor: 100 },
    ]);
  });

  test('ends what was drawn as well, and restarts what is up', () => {
    const crashed: Schedule = { ...schedule, faults: [{ kind: 'crash', atMs: 50, untilMs: 900, node: 'n1' }] };
    const restart = (atMs: number): Edit => ({ atMs, order: { fault: 'restart', node: 'n1' } });
    const early = fork(crashed, [restart(300)]);
    expect(early.schedule.faults).toEqual([{ kind: 'crash', atMs: 50, untilMs: 300, node: 'n1' }]);
    expect(early.ordered.size).toBe(0);
    const late = fork(crashed, [restart(950)]);
    expect(late.schedule.faults[1]).toEqual({ kind: 'crash', atMs: 950, untilMs: 951, node: 'n1' });
    expect([...late.ordered]).toEqual([late.schedule.faults[1]]);
    expect(crashed.faults).toHaveLength(1);
  });

  test('refuses moments after healing, nodes that are not there, and more than a hand can order', () => {
    const kill = (atMs: number, node = 'n1'): Edit => ({ atMs, order: { fault: 'kill', node } });
    expect(() => faultsOf(kill(3_000))).toThrow(ForkError);
    expect(() => faultsOf(kill(-1))).toThrow(ForkError);
    expect(() => faultsOf(kill(1, 'n4'))).toThrow("expected one of n1, n2, n3, got node 'n4'");
    expect(() => faultsOf(...Array.from({ length: 101 }, () => kill(1)))).toThrow(ForkError);
  });
});
