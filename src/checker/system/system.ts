/**
 * A model made ready to be explored: its states are short vectors of integers, and `expand` visits everything that may
 * happen in one of them.
 */

import { nodeOf } from '../../../statecharts/actor.ts';
import type { Model, RequestStep, SystemState } from '../model.ts';
import { createInterned, elementAt, type Interned } from '../tables/interned.ts';
import { type Budgets, budgetsOf, createBudgets, timerBudgetsOf } from './budgets.ts';
import { type Conditions, createConditions } from './conditions.ts';
import { createEnvelopes, type Envelopes } from './envelopes.ts';
import { type Layout, layoutOf } from './layout.ts';
import { createNetworks, type Networks } from './network.ts';
import { createOperations, type Operations } from './operations.ts';
import { happening, type Outcomes, type OutcomesOptions } from './outcomes.ts';
import { createOutcomes } from './remembered-outcomes.ts';
import { type FirstState, firstStatesOf, variantsOf } from './starts.ts';
import { createSuccessor, type Successor } from './successor.ts';
import { checkModel } from './validate.ts';
import { createView } from './view.ts';
import { noticeVisitor, ownVisitor, requestVisitor } from './visits/actors.ts';
import { clockVisitor } from './visits/clock.ts';
import { networkVisitor } from './visits/network.ts';
import { nodeVisitor } from './visits/nodes.ts';
import { resourceVisitor } from './visits/resources.ts';
import type { Visit, Watch } from './visits/visit.ts';
import type { Visitor, VisitorParts } from './visits/visitor.ts';

export interface System<History> {
  readonly model: Model<History>;
  readonly layout: Layout;
  readonly nodes: readonly string[];
  readonly requests: readonly RequestStep<History>[];
  readonly envelopes: Envelopes;
  readonly networks: Networks;
  readonly outcomes: Outcomes;
  readonly operations: Operations;
  readonly histories: Interned<History>;
  /** Bytes that grow with the number of states, besides the visited states themselves. */
  readonly bytes: number;
  /** The first states, and how they are called. */
  readonly starts: readonly { readonly name: string; readonly state: Uint32Array }[];
  expand(state: Uint32Array, visit: Visit, watch?: Watch): void;
  /** The window onto `state`, valid until the next call. */
  view(state: Uint32Array): SystemState<History>;
}

/** Prepares `model`. @throws ModelError when it cannot be run as it was written */
export function createSystem<History>(model: Model<History>, options: OutcomesOptions): System<History> {
  const { actors, network = {}, requests = [], crashes, deliveries = 'all' } = model;
  const nodes = [...new Set(actors.map(({ address }) => nodeOf(address)))];
  const nodeMembers = nodes.map((node) =>
    actors.flatMap(({ address }, index) => (nodeOf(address) === node ? [index] : [])),
  );
  checkModel(model, nodes);

  const budgets = createBudgets();
  const limited = budgetsOf(model, budgets);
  const envelopes = createEnvelopes(actors, model.outside ?? []);
  const variants = variantsOf(model);
  const outcomes = createOutcomes(model, variants, nodes, envelopes, options);
  const timerBudgets = timerBudgetsOf(model.timers ?? 'unlimited', outcomes.timers, budgets);
  const layout = layoutOf(model, budgets.words);
  const networks = createNetworks(network.kind ?? 'unordered', envelopes.channelOf);
  const operations = createOperations(model.resources ?? {});
  const histories = createInterned<History>();
  const shared = { model, layout, outcomes, envelopes, networks, operations, histories };
  const successor = createSuccessor(shared);
  const requestActors = actorsAsked(model);
  const { view, conditions } = createWindow(shared, requestActors, options);
  const parts: VisitorParts = {
    ...shared,
    actors,
    nodes,
    nodeMembers,
    budgets,
    successor,
    isStep: (outcome) => deliveries === 'all' || (deliveries === 'handled' ? outcome.isHandled : outcome.isChange),
  };
  const visitors: readonly Visitor[] = [
    ownVisitor(parts, timerBudgets),
    requestVisitor(parts, conditions, requestActors, limited.requests),
    networkVisitor(parts, network.kind, limited.losses, limited.duplicates),
    ...(crashes === undefined ? [] : [nodeVisitor(parts, crashes, limited.crashes)]),
    ...(layout.resources < 0 ? [] : [resourceVisitor(parts, limited.unknownAnswers)]),
    noticeVisitor(parts, limited.unreachableNotices),
    ...(layout.clock < 0 ? [] : [clockVisitor(parts, model.clock?.ticks)]),
  ];
  return {
    ...shared,
    nodes,
    requests,
    view,
    get bytes() {
      return networks.bytes + successor.bytes;
    },
    starts: firstStatesOf(model, variants).map((first) => ({
      name: first.name,
      state: firstState(shared, budgets, successor, first),
    })),
    expand(state, visit, watch) {
      successor.watch = watch;
      for (let at = 0; at < visitors.length; at += 1) visitors[at]?.(state, visit, watch);
    },
  };
}

/** What all parts of a system work with. */
type Shared<History> = Pick<
  System<History>,
  'model' | 'layout' | 'outcomes' | 'envelopes' | 'networks' | 'operations' | 'histories'
>;

/** The index of the actor that each request is for. */
function actorsAsked<History>({ actors, requests = [] }: Model<History>): readonly number[] {
  const indexOf = new Map(actors.map(({ address }, index) => [address, index]));
  return requests.map(({ actor }) => indexOf.get(actor) ?? 0);
}

/** The window onto states, and the conditions of requests, which look through it. */
function createWindow<History>(
  shared: Shared<History>,
  requestActors: readonly number[],
  options: OutcomesOptions,
): { readonly view: System<History>['view']; readonly conditions: Conditions } {
  const { model, outcomes } = shared;
  const view = createView(shared);
  let read = (_word: number): void => {};
  const watchedView = createView(shared, (word) => read(word));
  const conditions = createConditions({
    requests: model.requests ?? [],
    idOf(index, request) {
      const { address, definition } = elementAt(model.actors, elementAt(requestActors, index));
      const known = outcomes.asked.count;
      const id = outcomes.asked.idOf({ actor: address, request });
      if (id === known) definition.parseRequest(request);
      return id;
    },
    view,
    readingView(state, onRead) {
      read = onRead;
      return watchedView(state);
    },
    options,
  });
  return { view, conditions };
}

/** The state in which all actors have started. */
function firstState<History>(
  { model, layout, outcomes, networks, operations, histories }: Shared<History>,
  budgets: Budgets,
  successor: Successor,
  { variants, history, resources }: FirstState<History>,
): Uint32Array {
  const { next } = successor;
  variants.forEach((variant, actor) => {
    next[actor] = outcomes.unborn(actor, variant);
  });
  next[layout.network] = networks.empty;
  next.fill(0, layout.budgets);
  budgets.fill(next, layout.budgets);
  if (history !== undefined) next[layout.history] = histories.idOf(history);
  if (layout.resources >= 0) next[layout.resources] = operations.initial(resources);
  successor.startAll(
    model.actors.map((_actor, index) => index),
    happening.start,
  );
  return new Uint32Array(next);
}
