import { expect, test } from 'vitest';
import { check, walk } from '../../src/checker.ts';
import { raftModel } from '../../src/proof/raft/model.ts';
import { twoPhaseCommitModel } from '../../src/proof/two-phase-commit/model.ts';

const model = twoPhaseCommitModel({
  participants: 5,
  crashes: 4,
  losses: 4,
  unknownAnswers: 2,
  inquiries: 'unlimited',
});

test('a walk reaches goals in systems that are far too large to be explored', () => {
  const { ok, goals, walks, steps } = walk(model, 1, { walks: 20, steps: 400 });
  expect([ok, walks]).toEqual([true, 20]);
  expect(goals.get('a participant is in doubt while the coordinator is down')).toBeGreaterThan(0);
  expect(steps).toBeGreaterThan(20 * 50);
});

test('the same seed takes the same walks, however often', () => {
  const of = (seed: number) => {
    const { seconds, ...result } = walk(model, seed, { walks: 3, steps: 200 });
    return result;
  };
  expect(of(7)).toEqual(of(7));
});

test('what a walk runs into is told by its seed, in a run that is as short as the shortest', () => {
  const broken = { hasMajority: () => true };
  const twin = raftModel({ nodes: 2, terms: 1, entries: 0, elections: 2, preVotes: false, broken });
  const { ok, violation } = walk(twin, 1, { walks: 100, steps: 200 });
  expect([ok, violation?.property]).toEqual([false, 'election safety']);
  const shortest = check(twin).properties.find(({ verdict }) => verdict === 'violated')?.trace;
  expect(violation?.trace.steps.length).toBe(shortest?.steps.length);
  expect(violation?.steps).toBeGreaterThanOrEqual(shortest?.steps.length ?? 0);
  expect(walk(twin, violation?.seed ?? 0, { steps: 200 }).violation).toEqual(violation);
});

test('a walk stays within the boundary, and a kind of step of no weight is not taken', () => {
  const bounded = raftModel({ nodes: 2, terms: 1, entries: 0, elections: 5, crashes: 5 });
  const calm = walk(bounded, 1, { walks: 20, steps: 100, weights: { crash: 0, timer: 0, flush: 0 } });
  expect([calm.ok, calm.ended, calm.steps]).toEqual([true, 20, 0]);
  const { goals } = walk(bounded, 1, { walks: 20, steps: 100 });
  expect(goals.get('a leader is elected')).toBeGreaterThan(0);
});
