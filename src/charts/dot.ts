/** Charts in DOT, the language of Graphviz, for those who lay graphs out with it. */

import type { AnyStateMachine } from 'xstate';
import { type DrawingOptions, type DrawnState, drawingOf, statesOf } from './drawing.ts';
import { labelOf } from './labels.ts';

/**
 * Draws `chart` as a directed graph: states within states are clusters. An arrow from or to a cluster joins a point within it,
 * since DOT has arrows between nodes alone, and ends at the cluster's border (`compound=true`).
 *
 * @returns the text of the graph; the same for the same chart
 */
export function dotOf(chart: AnyStateMachine, options: DrawingOptions = {}): string {
  const { root, arrows } = drawingOf(chart, options);
  const clusters = new Set(statesOf(root).flatMap(({ id, children }) => (children.length === 0 ? [] : [id])));
  const lines = [
    `digraph ${quoted(chart.id)} {`,
    '  compound=true; rankdir=TB; fontname="sans-serif";',
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
    ...stateLines(root, '  '),
  ];
  for (const arrow of arrows) {
    const label = labelOf(arrow);
    const attributes = [
      ...(label === '' ? [] : [`label=${quoted(label)}`]),
      ...(clusters.has(arrow.from) ? [`ltail=${clusterOf(arrow.from)}`] : []),
      ...(clusters.has(arrow.to) ? [`lhead=${clusterOf(arrow.to)}`] : []),
    ];
    const shown = attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
    lines.push(`  ${quoted(arrow.from)} -> ${quoted(arrow.to)}${shown};`);
  }
  return [...lines, '}'].join('\n');
}

/** A text of DOT: a quote would end it, and a backslash begins what Graphviz replaces. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
const clusterOf = (id: string): string => quoted(`cluster ${id}`);
const startOf = (id: string): string => quoted(`${id} start`);

function stateLines(state: DrawnState, indent: string): string[] {
  if (state.children.length === 0) {
    const ends = state.kind === 'final' ? ', peripheries=2' : '';
    return [`${indent}${quoted(state.id)} [label=${quoted(state.name)}${ends}];`];
  }
  const inner = `${indent}  `;
  return [
    `${indent}subgraph ${clusterOf(state.id)} {`,
    `${inner}label=${quoted(state.name)}; style=${state.kind === 'parallel' ? 'dashed' : 'rounded'};`,
    `${inner}${quoted(state.id)} [shape=point, style=invis];`,
    ...(state.initial.length === 0 ? [] : [`${inner}${startOf(state.id)} [shape=point];`]),
    ...state.initial.map((id) => `${inner}${startOf(state.id)} -> ${quoted(id)};`),
    ...state.children.flatMap((child) => stateLines(child, inner)),
    `${indent}}`,
  ];
}
