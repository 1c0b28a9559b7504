/**
 * Pictures of charts: a Mermaid `stateDiagram-v2` made from the machine itself, so that a picture in a document cannot
 * say anything else than what runs.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** What a picture shows. */
export interface MermaidOptions {
  /** Also what a state handles without leaving it, where that cites a rule, as an arrow to itself. Default false. */
  readonly handled?: boolean;
}

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
 * guard in brackets and the paper's rule that it cites, up to a colon. A state whose only child is simple stands for both.
 *
 * @returns the text of the diagram, without a code fence; the same for the same chart
 */
export function mermaidOf(chart: AnyStateMachine, { handled = false }: MermaidOptions = {}): string {
  const edges = edgesOf(chart.root, handled);
  const ofAll = nameOf(chart.root);
  const isNeeded = edges.some(({ from, to }) => from === ofAll || to === ofAll);
  const states = statesIn(chart.root);
  const lines = ['stateDiagram-v2', ...(isNeeded ? framed(chart.id, ofAll, states) : states)];
  for (const { events, from, guard, rule, to } of edges) {
    const label = [events.join(', '), guard === '' ? '' : `[${guard}]`, rule === '' ? '' : `(${rule})`];
    const text = label.filter((part) => part !== '').join(' ');
    lines.push(text === '' ? `${from} --> ${to}` : `${from} --> ${to} : ${escaped(text)}`);
  }
  return lines.map((line, at) => (at === 0 ? line : `  ${line}`)).join('\n');
}

/** What Mermaid would take for the end of a text, or for a part of its language. */
const escaped = (text: string): string => text.replaceAll(/[#;:"%\n]/g, (character) => `#${character.codePointAt(0)};`);

/** Names that Mermaid takes for words of its language. */
const reserved = /^(?:state|note|end|as|direction|default|class|classDef|style|click|hide|scale)$/i;

/** Mermaid's names are words; a path is unique where a key is not. */
function nameOf(node: AnyStateNode): string {
  const shown = node.parent !== undefined && isOnlyAndSimple(node) ? node.parent : node;
  const name = shown.path.join('_').replaceAll(/\W/g, '_') || 'chart';
  return reserved.test(name) ? `${name}_` : name;
}

const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values<AnyStateNode>(node.states);

const isOnlyAndSimple = (node: AnyStateNode): boolean =>
  node.type === 'atomic' && node.parent !== undefined && childrenOf(node.parent).length === 1;

const framed = (title: string, name: string, within: readonly string[]): string[] => [
  `state "${escaped(title)}" as ${name} {`,
  ...within.map((line) => `  ${line}`),
  '}',
];

function statesIn(node: AnyStateNode): string[] {
  const lines: string[] = [];
  const children = childrenOf(node).filter((child) => !isOnlyAndSimple(child));
  if (node.type === 'compound' && children.length > 0) {
    for (const first of node.initial.target) lines.push(`[*] --> ${nameOf(first)}`);
  }
  children.forEach((child, at) => {
    if (node.type === 'parallel' && at > 0) lines.push('--');
    const title = child.key;
    const within = statesIn(child);
    if (within.length === 0) lines.push(`state "${escaped(title)}" as ${nameOf(child)}`);
    else lines.push(...framed(title, nameOf(child), within));
    if (child.type === 'final') lines.push(`${nameOf(child)} --> [*]`);
  });
  return lines;
}

function edgesOf(root: AnyStateNode, handled: boolean): readonly Edge[] {
  const edges = new Map<string, Edge>();
  const visit = (node: AnyStateNode): void => {
    for (const taken of [...(node.always ?? []), ...[...node.transitions.values()].flat()]) {
      const rule = ruleOf(taken.meta);
      const targets = taken.target ?? (handled && rule !== '' ? [node] : []);
      for (const target of targets) {
        const edge = { from: nameOf(node), to: nameOf(target), guard: guardOf(taken.guard), rule };
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

/** Where the rule stands in the paper; what is said of it after a colon is for the chart's reader. */
function ruleOf(meta: Readonly<Record<string, unknown>> | undefined): string {
  const rule = meta?.rule;
  return typeof rule === 'string' ? rule.replace(/:.*$/s, '') : '';
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
