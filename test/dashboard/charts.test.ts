import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawingOf, statesOf } from '../../src/charts/drawing.ts';
import type { PlacedState } from '../../src/charts/layout.ts';
import { roles } from '../../src/charts/roles.ts';
import { assetsOf, indexOf } from '../../src/dashboard/build/assets.ts';
import { activeIn } from '../../src/dashboard/model/active-states.ts';
import { transitionsOf } from '../../statecharts/actor/step/trace.ts';
import { serverChart } from '../../statecharts/raft.ts';

const assets = await assetsOf(join(import.meta.dirname, '..', '..'));
const assetOf = (name: string) => assets.find((it) => it.name === name) ?? expect.fail(`there is no ${name}`);

test('the index names every role, and says what each is', () => {
  const index = indexOf(assets);
  expect(index.map(({ name }) => name)).toEqual(roles.map(({ name }) => name));
  expect(index.filter(({ title }) => title === '')).toEqual([]);
});

test.each(roles)('$name has every transition that does something, with its rule and its places', ({ name, chart }) => {
  const asset = assetOf(name);
  const told = [...transitionsOf(chart).values()].filter(({ isIgnoring }) => !isIgnoring);
  expect(Object.keys(asset.transitions)).toEqual(told.map(({ id }) => id));
  for (const { id, rule } of told) expect(asset.transitions[id]?.rule).toBe(rule);
  expect(asset.layout.arrows.length).toBe(drawingOf(chart).arrows.length);
});

test.each(roles)('$name comes with the source of its rules', ({ name }) => {
  const asset = assetOf(name);
  const names = new Set(Object.values(asset.transitions).flatMap(({ actions, guards }) => [...actions, ...guards]));
  const missing = [...names].filter((it) => asset.rules[it] === undefined);
  // Those that are put together when the chart is, of parts that have other names.
  expect(missing.length).toBeLessThanOrEqual(2);
  for (const { file, line, text } of Object.values(asset.rules)) {
    expect(file).toMatch(/^statecharts\//);
    expect(line).toBeGreaterThan(0);
    expect(text.length).toBeGreaterThan(10);
  }
});

test('a rule comes with what is said of it', () => {
  expect(assetOf('raft.server').rules.grantVote?.text).toMatch(
    /^\/\*\* §3\.4: votes\.[\s\S]*export function grantVote\(/,
  );
});

test('the active states are those that the state value names', () => {
  const { root } = assetOf('raft.server').layout;
  const roleStates = root.children.map(({ state }) => state.id);
  expect(activeIn(root, 'follower')).toEqual([roleStates[0]]);
  expect(activeIn(root, { leader: {} })).toEqual([roleStates[3]]);
  expect(activeIn(root, { reigning: {} })).toEqual([]);
  const idsIn = (placed: PlacedState): readonly string[] => [placed.state.id, ...placed.children.flatMap(idsIn)];
  expect(idsIn(root)).toEqual(statesOf(drawingOf(serverChart).root).map(({ id }) => id));
});
