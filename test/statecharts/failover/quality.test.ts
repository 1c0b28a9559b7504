import { expect, test } from 'vitest';
import {
  type Observed,
  type Opinion,
  type OpinionChange,
  observed,
  observedFrom,
  qualityOf,
} from '../../../statecharts/failover.ts';
import { self } from './parts.ts';

const change = (opinion: Opinion, atMs: number, type: 'answers' | 'restarted', heardMs: number): OpinionChange => ({
  type: 'changed',
  watched: 'n4',
  by: self,
  opinion,
  atMs,
  life: 1,
  heardMs,
  why: { type },
});
const after = (...changes: readonly OpinionChange[]): Observed => changes.reduce(observed, observedFrom(1_000));

test('a suspicion that the same life ends is a mistake: how long, how often, and what share of the time (Chen et al. §2)', () => {
  const seen = after(
    change('suspected', 2_000, 'answers', 1_900),
    change('trusted', 2_200, 'answers', 2_200),
    change('suspected', 6_000, 'answers', 5_900),
    change('confirmed', 6_100, 'answers', 5_900),
    change('recovered', 6_600, 'answers', 6_600),
    change('trusted', 6_900, 'answers', 6_900),
  );
  expect(qualityOf(seen, 11_000)).toEqual({
    detections: 0,
    detectionMs: null,
    mistakes: 2,
    mistakeRecurrenceMs: 4_000,
    mistakeDurationMs: 400,
    queryAccuracy: 0.92,
  });
});

test('one that a later life ends was right, and its time is none in which the node lived', () => {
  const seen = after(change('suspected', 2_000, 'answers', 1_700), change('trusted', 5_000, 'restarted', 5_000));
  expect(qualityOf(seen, 6_000)).toMatchObject({ detections: 1, detectionMs: 300, mistakes: 0, queryAccuracy: 1 });
});

test('one that goes on is neither yet', () => {
  const seen = after(change('suspected', 2_000, 'answers', 1_700));
  expect(qualityOf(seen, 9_000)).toMatchObject({ detections: 0, mistakes: 0, queryAccuracy: 1 });
  expect(qualityOf(observedFrom(5), 5).queryAccuracy).toBeNull();
});
