/** Charts as Mermaid's `stateDiagram-v2`, for documents that are read where Mermaid is drawn. */

import type { AnyStateMachine } from 'xstate';
import { type DrawingOptions, type DrawnState, drawingOf } from './drawing.ts';
import { labelOf } from './labels.ts';

/**
 * Draws `chart` as a Mermaid state diagram. It shows the transitions that lead to a state, each with its events, its
 * guard in brackets and the paper's rule that it cites, up to a colon. A state whose only child is simple stands for both.
 *
 * @returns the text of the diagram, without a code fence; the same for the same chart
 */
export function mermaidOf(chart: AnyStateMachine, options: DrawingOptions = {}): string {
  const { root, arrows } = drawingOf(chart, options);
  const name = namesWithin(root);
  const isFramed = arrows.some(({ from, to }) => from === root.id || to === root.id);
  const states = within(root, name);
  const lines = ['stateDiagram-v2', ...(isFramed ? framed(chart.id, name(root.id), states) : states)];
  for (const arrow of arrows) {
    const label = labelOf(arrow);
    const line = `${name(arrow.from)} --> ${name(arrow.to)}`;
    lines.push(label === '' ? line : `${line} : ${escaped(label)}`);
  }
  return lines.map((line, at) => (at === 0 ? line : `  ${line}`)).join('\n');
}

/** What Mermaid would take for the end of a text, or for a part of its language. */
const escaped = (text: string): string => text.replaceAll(/[#;:"%\n]/g, (character) => `#${character.codePointAt(0)};`);

/** Names that Mermaid takes for words of its language. */
const reserved = /^(?:state|note|end|as|direction|default|class|classDef|style|click|hide|scale)$/i;

/** Mermaid's names are words; a path is unique where a key is not. */
function namesWithin(root: DrawnState): (id: string) => string {
  const names = new Map([[root.id, 'chart']]);
  const visit = (state: DrawnState, path: readonly string[]): void => {
    for (const child of state.children) {
      const childPath = [...path, child.name];
      const name = childPath.join('_').replaceAll(/\W/g, '_');
      names.set(child.id, reserved.test(name) ? `${name}_` : name);
      visit(child, childPath);
    }
  };
  visit(root, []);
  return (id) => names.get(id) ?? 'chart';
}

const framed = (title: string, name: string, lines: readonly string[]): string[] => [
  `state "${escaped(title)}" as ${name} {`,
  ...lines.map((line) => `  ${line}`),
  '}',
];

function within(state: DrawnState, name: (id: string) => string): string[] {
  const lines = state.initial.map((id) => `[*] --> ${name(id)}`);
  state.children.forEach((child, at) => {
    if (state.kind === 'parallel' && at > 0) lines.push('--');
    const inner = within(child, name);
    if (inner.length === 0) lines.push(`state "${escaped(child.name)}" as ${name(child.id)}`);
    else lines.push(...framed(child.name, name(child.id), inner));
    if (child.kind === 'final') lines.push(`${name(child.id)} --> [*]`);
  });
  return lines;
}
