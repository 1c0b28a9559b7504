/** What surrounds actors: time, notices, and the other actors of their node. */

import { expect, test } from 'vitest';
import { check, type Model } from '../../src/checker.ts';
import { watch } from './models/watcher.ts';

const clock = { tickMs: 50, ticks: 1 };
const reached = (model: Model): string[] =>
  check(model).properties.flatMap(({ name, verdict }) => (verdict === 'reached' ? [name] : []));

test('time passes at any moment, never backwards, for actors that read it', () => {
  expect(reached(watch(2, { clock }))).toEqual(['0 ms', '50 ms', '0 ms,50 ms']);
  expect(reached(watch(1, { clock: { tickMs: 50, ticks: 0 } }))).toEqual(['0 ms']);
});

test('a model of actors that read time must have a clock', () => {
  expect(() => check(watch(1, {}))).toThrow(/reads time/);
});

test('notices that a node cannot be reached name other nodes, as often as their budget says', () => {
  expect(reached(watch(0, { clock, unreachableNotices: 1 }))).toEqual(['m']);
  expect(reached(watch(0, { clock }))).toEqual([]);
});

test('actors of one node hear each other in order, and a crash silences what was not taken up', () => {
  const spoken = check(watch(1, { clock: { tickMs: 50, ticks: 0 } }));
  // Nothing asked, said and not taken up, taken up.
  expect(spoken).toMatchObject({ states: 3, transitions: 2 });
  const crashing = watch(1, { clock: { tickMs: 50, ticks: 0 }, crashes: { times: 1, nodes: ['n'] } });
  const lost = check({ ...crashing, mayEnd: (state) => state.actors[1]?.snapshot?.context.notes.length === 1 });
  expect(lost.properties.find(({ name }) => name === 'no deadlock')?.trace?.steps.map(({ type }) => type)).toEqual([
    'request',
    'crash',
    'restart',
  ]);
});
