/** What every form of a picture must say, of every role. */

import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { configOf } from '../../src/charts/config.ts';
import { dotOf } from '../../src/charts/dot.ts';
import { drawingOf, statesOf } from '../../src/charts/drawing.ts';
import { type Box, layoutOf, type PlacedState } from '../../src/charts/layout.ts';
import { mermaidOf } from '../../src/charts/mermaid.ts';
import { roles } from '../../src/charts/roles.ts';
import { svgOf } from '../../src/charts/svg.ts';
import { raftServer } from '../../statecharts/raft.ts';
import { coordinatorChart } from '../../statecharts/two-phase-commit.ts';

const isWithin = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;
const overlap = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

const badlyPlaced = (state: PlacedState): readonly string[] =>
  state.children.flatMap((child, at) => [
    ...(isWithin(child, state) ? [] : [`${child.state.id} is not within ${state.state.id}`]),
    ...state.children
      .slice(at + 1)
      .flatMap((other) => (overlap(child, other) ? [`${child.state.id} is on ${other.state.id}`] : [])),
    ...badlyPlaced(child),
  ]);

describe.each(roles)('the chart of $name', ({ chart }) => {
  test('is read back from its configuration in JSON as the same chart', () => {
    const read = createMachine(JSON.parse(JSON.stringify(configOf(chart))));
    expect(mermaidOf(read, { handled: true })).toBe(mermaidOf(chart, { handled: true }));
    expect(drawingOf(read).root).toEqual(drawingOf(chart).root);
  });

  test('has a place for every state, each within its parent and beside its siblings, and a way for every arrow', async () => {
    const drawing = drawingOf(chart, { handled: true });
    const layout = await layoutOf(drawing);
    expect(badlyPlaced(layout.root)).toEqual([]);
    expect(layout.arrows).toHaveLength(drawing.arrows.length);
    expect(layout.arrows.filter(({ points }) => points.length < 2)).toEqual([]);
  });

  test('is the same picture each time, and has all states in SVG and in DOT', async () => {
    const svg = await svgOf(chart);
    expect(await svgOf(chart)).toBe(svg);
    const dot = dotOf(chart);
    for (const { id } of statesOf(drawingOf(chart).root)) {
      expect(svg).toContain(`data-state="${id}"`);
      expect(dot).toContain(`"${id}"`);
    }
    expect(svg.match(/<(?:script|image|foreignObject|link)|(?:href|src)=/)).toBeNull();
  });
});

test('an arrow names its transitions as traces do', () => {
  const known = raftServer.allTransitions;
  const ids = drawingOf(raftServer.chart).arrows.flatMap((arrow) => arrow.ids);
  expect(ids.length).toBeGreaterThan(20);
  expect(ids.filter((id) => !known.has(id))).toEqual([]);
});

test('a guard that is composed of others is shown as it is composed', () => {
  expect(drawingOf(coordinatorChart).arrows.map(({ guard }) => guard)).toContain('and(wasRecovered, hasBranches)');
});

test('what a chart is called ends no text of SVG or DOT', async () => {
  const odd = createMachine({ id: 'a"\\<b>&', initial: '</text>', states: { '</text>': {}, b: {} } });
  expect(dotOf(odd)).toContain('digraph "a\\"\\\\<b>&"');
  const svg = await svgOf(odd);
  expect(svg).toContain('&#60;/text&#62;');
  expect(svg).not.toContain('<b>');
});
