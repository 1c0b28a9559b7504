/**
 * What a picture of a chart says, before it is said in any language: its states as a tree, and the arrows between them.
 * It is made from the machine itself, so that no picture can say anything else than what runs.
 */

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { nameOf } from '../../statecharts/actor/names.ts';
import { guardText, idOf } from '../../statecharts/actor/step/trace.ts';

/** What a picture shows. */
export interface DrawingOptions {
  /** Also what a state handles without leaving it, where that cites a rule, as an arrow to itself. Default false. */
  readonly handled?: boolean;
}

/** A state. */
export interface DrawnState {
  /** Unique within a chart: `raft-server.leader.quorum`. */
  readonly id: string;
  /** Its key: `quorum`. */
  readonly name: string;
  readonly kind: 'simple' | 'compound' | 'parallel' | 'final';
  readonly tags: readonly string[];
  /** What is done where it is entered, and where it is left. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** The ids of the children that are entered with it; empty unless it is compound. */
  readonly initial: readonly string[];
  readonly children: readonly DrawnState[];
}

/** A way from one state to another. Several events may take it for the same reason. */
export interface DrawnArrow {
  /** The ids of the transitions that it stands for, as traces tell them. */
  readonly ids: readonly string[];
  readonly from: string;
  readonly to: string;
  /** Empty where it is taken without an event. A timer is `after DELAY`. */
  readonly events: readonly string[];
  /** The name of the guard, or how it is composed: `and(isNewer, not(isFull))`. Empty where there is none. */
  readonly guard: string;
  /** Where the rule stands in its paper; empty where none is cited. */
  readonly rule: string;
}

/** A chart as it is to be drawn. */
export interface Drawing {
  /** The chart itself, which holds all other states. */
  readonly root: DrawnState;
  readonly arrows: readonly DrawnArrow[];
}

/**
 * What is to be drawn of `chart`: the transitions that lead to a state, each with its events, its guard and the rule that it
 * cites, up to a colon. A simple state that is an only child is drawn as its parent, which says as much.
 */
export function drawingOf(chart: AnyStateMachine, { handled = false }: DrawingOptions = {}): Drawing {
  return { root: stateOf(chart.root), arrows: arrowsOf(chart.root, handled) };
}

/** Every state below `state`, and itself; parents first. */
export const statesOf = (state: DrawnState): readonly DrawnState[] => [state, ...state.children.flatMap(statesOf)];

const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values<AnyStateNode>(node.states);

const isOnlyAndSimple = (node: AnyStateNode): boolean =>
  node.type === 'atomic' && node.parent !== undefined && childrenOf(node.parent).length === 1;

/** The id of what stands for `node` in a picture. */
const shownAs = (node: AnyStateNode): string =>
  node.parent !== undefined && isOnlyAndSimple(node) ? node.parent.id : node.id;

function stateOf(node: AnyStateNode): DrawnState {
  const children = childrenOf(node).filter((child) => !isOnlyAndSimple(child));
  return {
    id: node.id,
    name: node.key,
    kind: kindOf(node, children.length),
    tags: node.tags,
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
    initial: node.type === 'compound' && children.length > 0 ? node.initial.target.map(shownAs) : [],
    children: children.map(stateOf),
  };
}

function kindOf({ type }: AnyStateNode, children: number): DrawnState['kind'] {
  if (type === 'final') return 'final';
  if (children === 0) return 'simple';
  return type === 'parallel' ? 'parallel' : 'compound';
}

const namesOf = (actions: readonly unknown[]): readonly string[] =>
  actions.flatMap((action) => nameOf(action)?.replace(/^xstate\..*$/, '') || []);

function arrowsOf(root: AnyStateNode, handled: boolean): readonly DrawnArrow[] {
  const arrows = new Map<string, DrawnArrow & { readonly ids: string[]; readonly events: string[] }>();
  const add = (from: AnyStateNode, to: AnyStateNode, transition: AnyTransitionDefinition, rule: string): void => {
    const guard = transition.guard === undefined ? '' : guardText(transition.guard);
    const arrow = { from: shownAs(from), to: shownAs(to), guard, rule };
    const key = JSON.stringify(arrow);
    const known = arrows.get(key) ?? { ...arrow, ids: [], events: [] };
    arrows.set(key, known);
    known.ids.push(idOf(transition));
    const event = eventOf(transition.eventType);
    if (event !== '') known.events.push(event);
  };
  const visit = (node: AnyStateNode): void => {
    for (const taken of [...(node.always ?? []), ...[...node.transitions.values()].flat()]) {
      const rule = ruleOf(taken.meta);
      for (const target of taken.target ?? (handled && rule !== '' ? [node] : [])) add(node, target, taken, rule);
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return [...arrows.values()];
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
