/**
 * A model made ready to be explored: its states are short vectors of integers, and `expand` visits everything that may
 * happen in one of them.
 */

import { type Address, nodeOf, type Tagged } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import type { Model, RequestStep, SystemState } from '../model.ts';
import { kindCode, type Observation } from '../steps.ts';
import { createInterned, elementAt, type Interned } from '../tables/interned.ts';
import { createPairTable } from '../tables/pairs.ts';
import { createBudgets, exhausted, timerBudgetsOf, unlimited } from './budgets.ts';
import { createConditions } from './conditions.ts';
import { createEnvelopes, type Envelopes } from './envelopes.ts';
import { type Layout, layoutOf } from './layout.ts';
import { createEnvelopeBuffer, createNetworks, type Networks } from './network.ts';
import { createOperations, type Operations } from './operations.ts';
import { createOutcomes, happening, type LocalOutcome, type Outcomes, type OutcomesOptions } from './outcomes.ts';
import { type FirstState, firstStatesOf, variantsOf } from './starts.ts';
import { checkModel } from './validate.ts';
import { createView } from './view.ts';

/** Called for each step: its kind, two numbers that say which, and the state that it leads to, valid during the call. */
export type Visit = (kind: number, a: number, b: number, next: Uint32Array) => void;

/** What else is told while a state is expanded. */
export interface Watch {
  /** What happens to each actor in a step, before the step is visited. */
  happened?(actor: number, outcome: LocalOutcome): void;
  /**
   * A step that may not be taken because a budget is spent which limits the exploration and not the system: timers
   * fire, time passes, and deadlines end waits, more often than is looked at.
   */
  withheld?(kind: number, a: number, b: number): void;
}

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
  const lossBudget = budgets.add(network.losses ?? 0, 'network.losses');
  const duplicateBudget = budgets.add(network.duplicates ?? 0, 'network.duplicates');
  const crashBudget = budgets.add(crashes?.times ?? 0, 'crashes.times');
  const unknownBudget = budgets.add(model.unknownAnswers ?? 0, 'unknownAnswers');
  const unreachableBudget = budgets.add(model.unreachableNotices ?? 0, 'unreachableNotices');
  const requestBudgets = requests.map(({ request, times }) =>
    budgets.add(times ?? 'unlimited', `the times of '${typeof request === 'function' ? 'a request' : request.type}'`),
  );
  const envelopes = createEnvelopes(actors, model.outside ?? []);
  const variants = variantsOf(model);
  const outcomes = createOutcomes(model, variants, nodes, envelopes, options);
  const timerBudgets = timerBudgetsOf(model.timers ?? 'unlimited', outcomes.timers, budgets);
  const layout = layoutOf(model, budgets.words);
  const networks = createNetworks(network.kind ?? 'unordered', envelopes.channelOf);
  const operations = createOperations(model.resources ?? {});
  const histories = createInterned<History>();
  const historySteps = createPairTable();
  const indexOf = new Map(actors.map(({ address }, index) => [address, index]));
  const requestActors = requests.map(({ actor }) => indexOf.get(actor) ?? 0);
  const askedOf = (index: number, request: Tagged): number => {
    const { address, definition } = elementAt(actors, elementAt(requestActors, index));
    const known = outcomes.asked.count;
    const id = outcomes.asked.idOf({ actor: address, request });
    if (id === known) definition.parseRequest(request);
    return id;
  };
  const viewParts = { model, layout, outcomes, envelopes, networks, operations, histories };
  const view = createView(viewParts);
  let read = (_word: number): void => {};
  const watchedView = createView(viewParts, (word) => read(word));
  const conditions = createConditions({
    requests,
    idOf: askedOf,
    view,
    readingView(state, onRead) {
      read = onRead;
      return watchedView(state);
    },
    options,
  });

  const keeps = network.kind === 'duplicating';
  // In a queue, what a chart ignores must still make way for what stands behind it.
  const isQueued = network.kind === 'ordered';
  const isStep = (outcome: LocalOutcome): boolean =>
    deliveries === 'all' || (deliveries === 'handled' ? outcome.isHandled : outcome.isChange);
  const mayCrash = nodes.map((node) => crashes !== undefined && (crashes.nodes?.includes(node) ?? true));
  const mayRestart = crashes?.restarts ?? true;
  const hears = actors.map(({ definition }) => definition.hearsUnreachable);
  const next = new Uint32Array(layout.width);
  const inTransit = createEnvelopeBuffer();
  const instantOf = (state: Uint32Array): number => (layout.clock < 0 ? 0 : (state[layout.clock] ?? 0));

  const observe = (observation: number): void => {
    const history = next[layout.history] ?? 0;
    let after = historySteps.get(history, observation);
    if (after < 0) {
      const seen: Observation = outcomes.observations.at(observation);
      const folded = model.history?.observe(histories.at(history), seen);
      after = folded === undefined ? history : histories.idOf(folded);
      historySteps.add(history, observation, after);
    }
    next[layout.history] = after;
  };
  /** While a node starts: what its actors say to each other, which they hear when all of them have started. */
  let waiting: number[] | undefined;
  let watch: Watch | undefined;
  /** Puts what came of a happening into `next`. */
  const apply = (actor: number, outcome: LocalOutcome, removed: number): void => {
    watch?.happened?.(actor, outcome);
    next[actor] = outcome.next;
    if (removed >= 0 || outcome.sent.length > 0) {
      next[layout.network] = networks.update(next[layout.network] ?? 0, removed, outcome.sent);
    }
    if (layout.history >= 0) for (const observation of outcome.observations) observe(observation);
    for (const asked of outcome.performs) {
      if (layout.resources < 0) {
        throw new ModelError(
          `'${elementAt(actors, actor).address}' performs on '${asked.resource}', which the model lacks`,
        );
      }
      next[layout.resources] = operations.start(next[layout.resources] ?? 0, elementAt(actors, actor).address, asked);
    }
    if (waiting !== undefined) waiting.push(...outcome.sentLocally);
    else hear(outcome.sentLocally);
  };
  const hear = (sentLocally: readonly number[]): void => {
    for (const envelope of sentLocally) {
      const addressee = envelopes.addresseeOf(envelope);
      const heard = outcomes.of(next[addressee] ?? 0, happening.enqueue, envelope, instantOf(next));
      if (heard !== undefined) apply(addressee, heard, -1);
    }
  };
  const begin = (state: Uint32Array): void => next.set(state);

  const visitOwn = (state: Uint32Array, actor: number, visit: Visit): void => {
    const local = state[actor] ?? 0;
    const own = outcomes.ownHappenings(local);
    for (let at = 0; at < own.length; at += 2) {
      const kind = own[at] ?? 0;
      const number = own[at + 1] ?? 0;
      const budget = kind === happening.fire ? elementAt(timerBudgets, number) : unlimited;
      if (budgets.left(budget, state, layout.budgets) === 0) {
        watch?.withheld?.(kindCode.timer, actor, number);
        continue;
      }
      const outcome = outcomes.of(local, kind, number, instantOf(state));
      if (outcome === undefined) continue;
      begin(state);
      budgets.spend(budget, next, layout.budgets);
      apply(actor, outcome, -1);
      const code =
        kind === happening.fire ? kindCode.timer : kind === happening.flush ? kindCode.flush : kindCode.local;
      visit(code, actor, number, next);
    }
  };

  const visitRequests = (state: Uint32Array, visit: Visit): void => {
    for (let index = 0; index < requests.length; index += 1) {
      const budget = requestBudgets[index] ?? exhausted;
      if (budgets.left(budget, state, layout.budgets) === 0) continue;
      const actor = requestActors[index] ?? 0;
      if (outcomes.local(state[actor] ?? 0).life !== 'running') continue;
      const fixed = conditions.fixed(index);
      if (fixed >= 0 && outcomes.isKnownNoStep(state[actor] ?? 0, fixed, instantOf(state))) continue;
      const asked = conditions.askedIn(index, state);
      for (let at = 0; at < asked.length; at += 1) {
        const number = asked[at] ?? 0;
        const outcome = outcomes.of(state[actor] ?? 0, happening.request, number, instantOf(state));
        if (outcome === undefined || !isStep(outcome)) continue;
        begin(state);
        budgets.spend(budget, next, layout.budgets);
        apply(actor, outcome, -1);
        visit(kindCode.request, index, number, next);
      }
    }
  };

  const visitNetwork = (state: Uint32Array, visit: Visit): void => {
    const before = state[layout.network] ?? 0;
    const length = networks.read(before, inTransit);
    const mayLose = budgets.left(lossBudget, state, layout.budgets) > 0;
    const mayRepeat = !keeps && budgets.left(duplicateBudget, state, layout.budgets) > 0;
    for (let at = 0; at < length; at += 1) {
      if (!networks.isDeliverable(inTransit, at)) continue;
      const envelope = inTransit[at] ?? 0;
      const actor = envelopes.addresseeOf(envelope);
      const outcome = outcomes.of(state[actor] ?? 0, happening.receive, envelope, instantOf(state));
      if (mayLose) {
        begin(state);
        next[layout.network] = networks.update(before, envelope, []);
        budgets.spend(lossBudget, next, layout.budgets);
        visit(kindCode.lose, envelope, 0, next);
      }
      if (outcome === undefined || !(isQueued || isStep(outcome))) continue;
      begin(state);
      apply(actor, outcome, keeps ? -1 : envelope);
      visit(kindCode.deliver, envelope, 0, next);
      if (!mayRepeat) continue;
      begin(state);
      budgets.spend(duplicateBudget, next, layout.budgets);
      apply(actor, outcome, -1);
      visit(kindCode.duplicate, envelope, 0, next);
    }
  };

  const crashNode = (state: Uint32Array, node: number): void => {
    begin(state);
    const members = elementAt(nodeMembers, node);
    for (const actor of members) {
      const outcome = outcomes.of(state[actor] ?? 0, happening.crash, 0, 0);
      if (outcome !== undefined) next[actor] = outcome.next;
    }
    if (layout.resources >= 0) {
      const addresses: Address[] = members.map((actor) => elementAt(actors, actor).address);
      next[layout.resources] = operations.crash(next[layout.resources] ?? 0, addresses);
    }
    if (layout.history >= 0) observe(outcomes.observations.idOf({ type: 'crashed', node: elementAt(nodes, node) }));
  };
  const restartNode = (state: Uint32Array, node: number): void => {
    begin(state);
    if (layout.history >= 0) observe(outcomes.observations.idOf({ type: 'restarted', node: elementAt(nodes, node) }));
    startAll(elementAt(nodeMembers, node), happening.restart);
  };
  const startAll = (members: readonly number[], kind: number): void => {
    waiting = [];
    for (const actor of members) {
      const outcome = outcomes.of(next[actor] ?? 0, kind, 0, 0);
      if (outcome !== undefined) apply(actor, outcome, -1);
    }
    const said = waiting;
    waiting = undefined;
    hear(said);
  };
  const visitNodes = (state: Uint32Array, visit: Visit): void => {
    for (let node = 0; node < nodes.length; node += 1) {
      if (mayCrash[node] !== true) continue;
      const [member = 0] = elementAt(nodeMembers, node);
      const isDown = outcomes.local(state[member] ?? 0).life === 'down';
      if (isDown) {
        if (!mayRestart) continue;
        restartNode(state, node);
        visit(kindCode.restart, node, 0, next);
      } else if (budgets.left(crashBudget, state, layout.budgets) > 0) {
        crashNode(state, node);
        budgets.spend(crashBudget, next, layout.budgets);
        visit(kindCode.crash, node, 0, next);
      }
    }
  };

  const visitResources = (state: Uint32Array, visit: Visit): void => {
    const before = state[layout.resources] ?? 0;
    const moves = operations.moves(before);
    for (let index = 0; index < moves.length; index += 1) {
      const move = elementAt(moves, index);
      begin(state);
      next[layout.resources] = move.next;
      if (move.type === 'execute') {
        visit(kindCode.execute, before, index, next);
        continue;
      }
      if (move.type === 'unknown') {
        if (budgets.left(unknownBudget, state, layout.budgets) === 0) {
          watch?.withheld?.(kindCode.unknown, before, index);
          continue;
        }
        budgets.spend(unknownBudget, next, layout.budgets);
      }
      const actor = indexOf.get(move.operation.actor) ?? 0;
      const answer = outcomes.answers.idOf({ type: 'performed', id: move.operation.id, result: move.result });
      const outcome = outcomes.of(state[actor] ?? 0, happening.answer, answer, instantOf(state));
      if (outcome !== undefined) apply(actor, outcome, -1);
      visit(move.type === 'unknown' ? kindCode.unknown : kindCode.answer, before, index, next);
    }
  };

  const visitNotices = (state: Uint32Array, visit: Visit): void => {
    const isSpent = budgets.left(unreachableBudget, state, layout.budgets) === 0;
    if (isSpent && watch?.withheld === undefined) return;
    for (let actor = 0; actor < actors.length; actor += 1) {
      if (hears[actor] !== true) continue;
      for (let node = 0; node < nodes.length; node += 1) {
        if (nodes[node] === nodeOf(elementAt(actors, actor).address)) continue;
        if (isSpent) {
          if (outcomes.local(state[actor] ?? 0).life === 'running') {
            watch?.withheld?.(kindCode.unreachable, actor, node);
          }
          continue;
        }
        const outcome = outcomes.of(state[actor] ?? 0, happening.unreachable, node, instantOf(state));
        if (outcome === undefined) continue;
        begin(state);
        budgets.spend(unreachableBudget, next, layout.budgets);
        apply(actor, outcome, -1);
        visit(kindCode.unreachable, actor, node, next);
      }
    }
  };

  const firstState = ({ variants: chosen, history, resources }: FirstState<History>): Uint32Array => {
    chosen.forEach((variant, actor) => {
      next[actor] = outcomes.unborn(actor, variant);
    });
    next[layout.network] = networks.empty;
    next.fill(0, layout.budgets);
    budgets.fill(next, layout.budgets);
    if (history !== undefined) next[layout.history] = histories.idOf(history);
    if (layout.resources >= 0) next[layout.resources] = operations.initial(resources);
    startAll(
      actors.map((_actor, index) => index),
      happening.start,
    );
    return new Uint32Array(next);
  };
  const starts = firstStatesOf(model, variants).map((first) => ({ name: first.name, state: firstState(first) }));

  return {
    model,
    layout,
    nodes,
    requests,
    envelopes,
    networks,
    outcomes,
    operations,
    histories,
    view,
    get bytes() {
      return networks.bytes + (layout.history < 0 ? 0 : historySteps.bytes);
    },
    starts,
    expand(state, visit, watching) {
      watch = watching;
      for (let actor = 0; actor < layout.actors; actor += 1) visitOwn(state, actor, visit);
      visitRequests(state, visit);
      visitNetwork(state, visit);
      if (crashes !== undefined) visitNodes(state, visit);
      if (layout.resources >= 0) visitResources(state, visit);
      visitNotices(state, visit);
      if (layout.clock < 0) return;
      if (instantOf(state) === model.clock?.ticks) watch?.withheld?.(kindCode.tick, 0, 0);
      else {
        begin(state);
        next[layout.clock] = instantOf(state) + 1;
        visit(kindCode.tick, 0, 0, next);
      }
    },
  };
}
