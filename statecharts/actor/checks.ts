/**
 * Construction checks. XState ignores an unknown action, fires an unknown delay at once, and drops an event that no
 * state handles, all in silence; in a protocol each of these is a fault waiting for its day. So they are refused when
 * the actor is defined, by an error that names the actor and the culprit.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { isId } from './address.ts';
import { ActorDefinitionError } from './errors.ts';
import { nameOf } from './names.ts';

/** What the checks need to know of a definition. */
export interface Declared {
  readonly name: string;
  readonly chart: AnyStateMachine;
  /** The types of everything that the actor may be sent: messages, requests, answers, notices. */
  readonly eventTypes: readonly string[];
  readonly delays: readonly string[];
  readonly roles: readonly string[];
}

/** Refuses a definition that could not run as written. @throws ActorDefinitionError */
export function checkDefinition(declared: Declared): void {
  const refuse = (problem: string): never => {
    throw new ActorDefinitionError(`actor '${declared.name}': ${problem}`);
  };
  const { chart } = declared;
  if (!isId(declared.name)) refuse(`expected a name of 1 to 64 letters, digits, '.', '-' or '_'`);
  if (chart.id.includes('.')) {
    refuse(`machine id '${chart.id}' has a dot, so '#${chart.id}' would not resolve; use dashes`);
  }
  const duplicate = declared.eventTypes.find((type, index) => declared.eventTypes.indexOf(type) !== index);
  if (duplicate !== undefined) refuse(`'${duplicate}' is declared twice among messages, requests and notices`);
  const nodes = nodesBelow(chart.root);
  for (const node of nodes) checkNode(node, declared, refuse);
  for (const node of nodes) checkLeaf(node, declared, refuse);
  for (const role of declared.roles) {
    if (!nodes.some((node) => node.tags.includes(role))) refuse(`no state carries the tag of role '${role}'`);
  }
}

const nodesBelow = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values<AnyStateNode>(node.states).flatMap(nodesBelow),
];

type Refuse = (problem: string) => never;

function checkNode(node: AnyStateNode, declared: Declared, refuse: Refuse): void {
  const { config } = node;
  if (config.invoke !== undefined) refuse(`state '${node.id}' invokes an actor; ask a resource with 'perform' instead`);
  for (const delay of Object.keys(config.after ?? {})) {
    if (!Number.isNaN(Number(delay))) refuse(`state '${node.id}' has the numeric delay ${delay}; name it`);
    if (!declared.delays.includes(delay)) refuse(`state '${node.id}' waits for '${delay}', which is no declared delay`);
  }
  for (const list of [config.entry, config.exit]) checkActions(list, node, declared, refuse);
  for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
    checkActions(transition.actions, node, declared, refuse);
    if (transition.guard !== undefined) checkGuard(transition.guard, node, declared, refuse);
  }
  if (node.type === 'compound') checkActions(node.initial.actions, node, declared, refuse);
  for (const descriptor of Object.keys(config.on ?? {})) {
    if (descriptor.includes('*')) refuse(`state '${node.id}' has the wildcard '${descriptor}'; name each event`);
    if (!declared.eventTypes.includes(descriptor)) {
      refuse(`state '${node.id}' handles '${descriptor}', which is no declared message, request or notice`);
    }
  }
}

const forbiddenActions = new Map([
  ['xstate.sendTo', 'use the send effect'],
  ['xstate.spawnChild', 'start actors on the node'],
  ['xstate.stopChild', 'actors end by reaching a final state'],
  ['xstate.log', 'watch the inspection stream'],
]);

function checkActions(list: unknown, node: AnyStateNode, declared: Declared, refuse: Refuse): void {
  if (list === undefined) return;
  for (const action of Array.isArray(list) ? list : [list]) {
    const name = nameOf(action);
    if (name === undefined) refuse(`state '${node.id}' has an inline action; name it in setup()`);
    else {
      const implementation: unknown = declared.chart.implementations.actions[name];
      if (implementation === undefined) refuse(`state '${node.id}' runs '${name}', which is no known action`);
      const advice = forbiddenActions.get(nameOf(implementation, true) ?? '');
      if (advice !== undefined) refuse(`action '${name}' acts outside the four effects; ${advice}`);
    }
  }
}

function checkGuard(guard: unknown, node: AnyStateNode, declared: Declared, refuse: Refuse): void {
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    for (const part of guard.guards) checkGuard(part, node, declared, refuse);
    return;
  }
  const name = nameOf(guard);
  if (name === undefined) refuse(`state '${node.id}' has an inline guard; name it in setup()`);
  else if (declared.chart.implementations.guards[name] === undefined) {
    refuse(`state '${node.id}' asks '${name}', which is no known guard`);
  }
}

function checkLeaf(leaf: AnyStateNode, declared: Declared, refuse: Refuse): void {
  if (leaf.type !== 'atomic') return;
  const lineage = [leaf];
  for (let above = leaf.parent; above !== undefined; above = above.parent) lineage.push(above);
  // Regions of a parallel state share their duties: it is enough that one of them handles an event.
  const regions = lineage.flatMap((node) =>
    node.parent?.type === 'parallel' ? Object.values<AnyStateNode>(node.parent.states).filter((it) => it !== node) : [],
  );
  for (const type of declared.eventTypes) {
    const handled =
      lineage.some((node) => node.transitions.has(type)) || regions.some((region) => handlesEverywhere(region, type));
    if (!handled) refuse(`state '${leaf.id}' neither handles '${type}' nor ignores it in writing ('${type}': {})`);
  }
  const roles = new Set(lineage.flatMap((node) => node.tags.filter((tag: string) => declared.roles.includes(tag))));
  if (roles.size > 1) refuse(`state '${leaf.id}' plays ${[...roles].join(' and ')} at once; a state has one role`);
}

/** Whether `type` is handled in `node` whichever of its states is active. */
function handlesEverywhere(node: AnyStateNode, type: string): boolean {
  if (node.transitions.has(type)) return true;
  const below = Object.values<AnyStateNode>(node.states);
  if (node.type === 'parallel') return below.some((child) => handlesEverywhere(child, type));
  return below.length > 0 && below.every((child) => child.type === 'final' || handlesEverywhere(child, type));
}
