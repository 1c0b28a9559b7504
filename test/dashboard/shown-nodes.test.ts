/** What nodes of a process show to viewers that come at different times. */

import { expect, onTestFinished, test } from 'vitest';
import type { FeedHead, FeedItem } from '../../src/dashboard/feed.ts';
import { shownFromNow, shownSinceNow } from '../../src/dashboard/shown-nodes.ts';
import { add, address, bench } from '../host/bench.ts';
import { counter } from '../host/counter.ts';

const head: FeedHead = { type: 'head', source: 'nodes', title: 't', nodes: ['n1'], takesFaults: false, isWhole: true };

/** A counter at `n1`, which counts once it is told to. */
function counting() {
  const { clock, settle, node: nodeOf, peer } = bench();
  const { node } = nodeOf('n1', { definitions: [counter] });
  node.start(counter, { input: {} });
  settle();
  const { say } = peer('n2');
  const count = (): void => {
    say(address, add(1));
    clock.advance(200);
  };
  return { clock, node, count };
}

/** A viewer that looks from now on. @returns the counts of the steps, and the types of all that it was told */
function looking(shown: ReturnType<typeof shownFromNow>) {
  const told: FeedItem[] = [];
  const looks = shown.show((items) => told.push(...items));
  onTestFinished(() => looks.unsubscribe());
  return {
    looks,
    types: () => told.map(({ type }) => type),
    counts: () => told.flatMap((item) => (item.type === 'step' ? [Object(item.context).count] : [])),
  };
}

test('who looks is told how all stands then, and what happens from then on', () => {
  const { clock, node, count } = counting();
  const shown = shownFromNow([node], clock);
  count();
  const viewer = looking(shown);
  count();
  expect(viewer.types().slice(0, 2)).toEqual(['up', 'actor']);
  expect(viewer.counts()).toEqual([2]);
  viewer.looks.unsubscribe();
  count();
  expect(viewer.counts()).toEqual([2]);
});

test('where it is kept, each viewer is told all since the beginning once, and what happens from then on', () => {
  const { clock, node, count } = counting();
  const shown = shownSinceNow([node], head, clock);
  count();
  const first = looking(shown);
  count();
  const second = looking(shown);
  count();
  expect(first.counts()).toEqual([1, 2, 3]);
  expect(second.counts()).toEqual([1, 2, 3]);
  expect(second.types().slice(0, 2)).toEqual(['up', 'actor']);
  first.looks.unsubscribe();
  count();
  expect(first.counts()).toEqual([1, 2, 3]);
});

test('what was kept stays when it has ended, and nothing more is told', () => {
  const { clock, node, count } = counting();
  const shown = shownSinceNow([node], head, clock);
  count();
  shown.end();
  count();
  expect(looking(shown).counts()).toEqual([1]);
});

test('so many of the last items are kept, and how all stood before them', () => {
  const { clock, node, count } = counting();
  const shown = shownSinceNow([node], head, clock);
  for (let counted = 0; counted < 1_600; counted += 1) count();
  const viewer = looking(shown);
  expect(viewer.counts().at(-1)).toBe(1_600);
  expect(viewer.types().length).toBeLessThan(1_600);
  expect(viewer.types().slice(0, 3)).toEqual(['summary', 'up', 'actor']);
  expect(node.isAlive(address)).toBe(true);
});
