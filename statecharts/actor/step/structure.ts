/**
 * What follows from a chart's structure alone: which transitions are tried for an event, and which states a transition
 * leaves and enters. The algorithm of SCXML (https://www.w3.org/TR/scxml/#AlgorithmforSCXMLInterpretation) without
 * history, in the reading of XState 5.
 */

import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** Transitions of one state that are tried in order, below whatever its active substates have to say. */
export interface Choice {
  /** One for each active substate that has a say; the regions of a parallel state each take a transition of their own. */
  readonly below: readonly Choice[];
  readonly candidates: readonly AnyTransitionDefinition[];
}

/** What a set of transitions does to the active states. */
export interface Passage {
  /** In the order in which they are left: innermost first. */
  readonly exits: readonly AnyStateNode[];
  /** Those that were not preempted by others. */
  readonly transitions: readonly AnyTransitionDefinition[];
  /** In the order in which they are entered: outermost first. */
  readonly entries: readonly AnyStateNode[];
  /** The active states afterwards. */
  readonly active: readonly AnyStateNode[];
}

const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values<AnyStateNode>(node.states);

/** The proper ancestors below `top`, from the inside out; none of `top` itself. */
function ancestorsBelow(node: AnyStateNode, top: AnyStateNode | undefined): AnyStateNode[] {
  const ancestors: AnyStateNode[] = [];
  if (node === top) return ancestors;
  for (let above = node.parent; above !== undefined && above !== top; above = above.parent) ancestors.push(above);
  return ancestors;
}

const isWithin = (node: AnyStateNode, ancestor: AnyStateNode): boolean =>
  ancestorsBelow(node, undefined).includes(ancestor);

/** What is tried for an event of `type`; undefined when nothing is. Innermost states come first. */
export function choiceFor(node: AnyStateNode, active: ReadonlySet<AnyStateNode>, type: string): Choice | undefined {
  const below = childrenOf(node).flatMap((child) => (active.has(child) ? (choiceFor(child, active, type) ?? []) : []));
  const candidates = node.transitions.get(type) ?? [];
  return below.length === 0 && candidates.length === 0 ? undefined : { below, candidates };
}

/** The eventless transitions of each innermost active state and its ancestors, in the order in which they are tried. */
export function eventlessChoices(active: readonly AnyStateNode[]): readonly (readonly AnyTransitionDefinition[])[] {
  return active
    .filter(({ type }) => type === 'atomic' || type === 'final')
    .map((leaf) => [leaf, ...ancestorsBelow(leaf, undefined)].flatMap(({ always }) => always ?? []))
    .filter((choices) => choices.length > 0);
}

/** The state within which a transition happens; undefined when it leaves the root itself. */
function domainOf({ source, target, reenter }: AnyTransitionDefinition): AnyStateNode | undefined {
  const targets = target ?? [];
  if (!reenter && targets.every((it) => it === source || isWithin(it, source))) return source;
  const common = ancestorsBelow(source, undefined).find((ancestor) => targets.every((it) => isWithin(it, ancestor)));
  if (common !== undefined) return common;
  return reenter ? undefined : source.machine.root;
}

function exitsOf(transition: AnyTransitionDefinition, active: readonly AnyStateNode[]): AnyStateNode[] {
  if (transition.target === undefined || transition.target.length === 0) return [];
  const domain = domainOf(transition);
  return active.filter((node) => domain === undefined || isWithin(node, domain));
}

/** Without those whose exits another one claims, too: the inner one wins, and of regions the first. */
function withoutConflicts(
  transitions: readonly AnyTransitionDefinition[],
  active: readonly AnyStateNode[],
): AnyTransitionDefinition[] {
  let kept: AnyTransitionDefinition[] = [];
  for (const transition of transitions) {
    const exits = exitsOf(transition, active);
    const rivals = kept.filter((other) => exitsOf(other, active).some((node) => exits.includes(node)));
    if (!rivals.every((rival) => isWithin(transition.source, rival.source))) continue;
    kept = [...kept.filter((other) => !rivals.includes(other)), transition];
  }
  return kept;
}

/** Adds what entering `node` enters below it, by default. */
function addBelow(node: AnyStateNode, entered: Set<AnyStateNode>): void {
  if (node.type === 'compound') {
    for (const initial of node.initial.target) {
      entered.add(initial);
      addBelow(initial, entered);
    }
  } else if (node.type === 'parallel') addRegions(node, entered);
}

function addRegions(node: AnyStateNode, entered: Set<AnyStateNode>): void {
  for (const region of childrenOf(node)) {
    if ([...entered].some((it) => isWithin(it, region))) continue;
    entered.add(region);
    addBelow(region, entered);
  }
}

function addAll(
  ancestors: readonly AnyStateNode[],
  domain: AnyStateNode | undefined,
  entered: Set<AnyStateNode>,
): void {
  for (const ancestor of ancestors) {
    if (domain === undefined || isWithin(ancestor, domain)) entered.add(ancestor);
    if (ancestor.type === 'parallel') addRegions(ancestor, entered);
  }
}

/** What taking `transitions` in one go does, when the states `active` are active. */
export function passageOf(transitions: readonly AnyTransitionDefinition[], active: readonly AnyStateNode[]): Passage {
  const taken = withoutConflicts(transitions, active);
  const left = new Set(taken.flatMap((transition) => exitsOf(transition, active)));
  const entered = new Set<AnyStateNode>();
  for (const transition of taken) {
    const { source, target = [], reenter } = transition;
    const domain = domainOf(transition);
    for (const state of target) {
      if (state !== source || source !== domain || reenter) entered.add(state);
      addBelow(state, entered);
    }
    for (const state of target) {
      const ancestors = ancestorsBelow(state, domain);
      if (domain?.type === 'parallel') ancestors.push(domain);
      addAll(ancestors, source.parent === undefined && reenter ? undefined : domain, entered);
    }
  }
  return {
    exits: [...left].sort((a, b) => b.order - a.order),
    transitions: taken,
    entries: [...entered].sort((a, b) => a.order - b.order),
    active: [...new Set([...active.filter((node) => !left.has(node)), ...entered])],
  };
}

/** What entering the chart for the first time does. */
export function firstPassage(root: AnyStateNode): Passage {
  const entered = new Set([root]);
  addBelow(root, entered);
  const entries = [...entered].sort((a, b) => a.order - b.order);
  return { exits: [], transitions: [], entries, active: entries };
}

/** Whether everything below `node` has come to its end. */
export function isInFinalState(node: AnyStateNode, active: ReadonlySet<AnyStateNode>): boolean {
  switch (node.type) {
    case 'compound':
      return childrenOf(node).some((child) => child.type === 'final' && active.has(child));
    case 'parallel':
      return childrenOf(node).every((child) => isInFinalState(child, active));
    default:
      return node.type === 'final';
  }
}
