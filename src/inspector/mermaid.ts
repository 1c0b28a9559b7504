/**
 * Pictures of charts: a Mermaid `stateDiagram-v2` made from the machine itself, so that a picture in a document cannot
 * say anything else than what runs.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A way from one state to another. Several events may take it for the same reason. */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly guard: string;
  readonly rule: string;
  readonly events: string[];
}

/**
 * Draws `chart` as a Mermaid state diagram. It shows the transitions that lead to a state, each with its events, its
 * guard in brackets and the paper's rule that it cites; what a state handles without leaving it is not drawn.
 *
 * @returns the text of the diagram, without a code fence; the same for the same chart
 */
export function mermaidOf(chart: AnyStateMachine): string {
  const lines = ['stateDiagram-v2', ...statesIn(chart.root)];
  for (const { events, from, guard, rule, to } of edgesOf(chart.root)) {
    const label = [events.join(', '), guard === '' ? '' : `[${guard}]`, rule === '' ? '' : `(${rule})`];
    const text = label.filter((part) => part !== '').join(' ');
    lines.push(text === '' ? `${from} --> ${to}` : `${from} --> ${to} : ${text}`);
  }
  return lines.map((line, at) => (at === 0 ? line : `  ${line}`)).join('\n');
}

/** Mermaid's names are words; a path is unique where a key is not. */
const nameOf = (node: AnyStateNode): string => node.path.join('_').replaceAll(/\W/g, '_') || 'chart';

const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values<AnyStateNode>(node.states);

function statesIn(node: AnyStateNode): string[] {
  const lines: string[] = [];
  if (node.type === 'compound') {
    for (const first of node.initial.target) lines.push(`[*] --> ${nameOf(first)}`);
  }
  childrenOf(node).forEach((child, at) => {
    if (node.type === 'parallel' && at > 0) lines.push('--');
    const heading = `state "${child.tags[0] ?? child.key}" as ${nameOf(child)}`;
    const within = statesIn(child);
    if (within.length === 0) lines.push(heading);
    else lines.push(`${heading} {`, ...within.map((line) => `  ${line}`), '}');
    if (child.type === 'final') lines.push(`${nameOf(child)} --> [*]`);
  });
  return lines;
}

function edgesOf(root: AnyStateNode): readonly Edge[] {
  const edges = new Map<string, Edge>();
  const visit = (node: AnyStateNode): void => {
    for (const taken of [...(node.always ?? []), ...[...node.transitions.values()].flat()]) {
      const rule: unknown = taken.meta?.rule;
      for (const target of taken.target ?? []) {
        const edge = {
          from: nameOf(node),
          to: nameOf(target),
          guard: guardOf(taken.guard),
          rule: typeof rule === 'string' ? rule : '',
        };
        const key = JSON.stringify(edge);
        const known = edges.get(key) ?? { ...edge, events: [] };
        edges.set(key, known);
        const event = eventOf(taken.eventType);
        if (event !== '') known.events.push(event);
      }
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return [...edges.values()];
}

/** `xstate.after.DELAY.STATE` is how XState calls a timer; an eventless transition has no event to show. */
function eventOf(type: string): string {
  const [head, kind, delay] = type.split('.');
  if (head !== 'xstate') return type;
  return kind === 'after' ? `after ${delay}` : `${kind}`;
}

function guardOf(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const isNamed = typeof guard === 'object' && guard !== null && 'type' in guard;
  return isNamed ? String(guard.type) : '';
}
