/**
 * What happenings do to single actors, remembered: (local state, happening) -> (local state, effects). Millions of
 * steps of a system consist of a few thousand different steps of its actors, and only those run a chart.
 */

import { type Address, canonicalKey, type Perform, type Performed, type Tagged } from '../../../statecharts/actor.ts';
import { NotPureError } from '../errors.ts';
import type { Model, ModelActor } from '../model.ts';
import type { Observation } from '../steps.ts';
import { createInterned, elementAt, type Interned } from '../tables/interned.ts';
import { createPairTable } from '../tables/pairs.ts';
import type { Envelopes } from './envelopes.ts';
import { createLocalRules, type Local, type LocalStep } from './local.ts';

/** Kinds of happenings of one actor. Each comes with a number whose meaning depends on the kind. */
export const happening = {
  /** An envelope. */
  receive: 0,
  /** An envelope, from an actor of the same node. */
  enqueue: 1,
  takeLocal: 2,
  /** A timer. */
  fire: 3,
  /** Something that is asked. */
  request: 4,
  flush: 5,
  crash: 6,
  restart: 7,
  /** An answer of a resource. */
  answer: 8,
  /** A node. */
  unreachable: 9,
  /** Of the whole system. */
  start: 10,
} as const;

/** What a happening does to one actor, and what the rest of the system gets of it. */
export interface LocalOutcome {
  readonly next: number;
  /** Whether the chart had a transition for it; told only where the model asks. */
  readonly isHandled: boolean;
  /** Whether the actor changed or did anything. */
  readonly isChange: boolean;
  /** Envelopes for the network, in order. */
  readonly sent: readonly number[];
  /** Envelopes for actors of the same node. */
  readonly sentLocally: readonly number[];
  readonly performs: readonly Perform[];
  /** For the application. */
  readonly outputs: readonly Tagged[];
  /** For the history, in order. */
  readonly observations: readonly number[];
}

/** A timer of a model. */
export interface ModelTimer {
  readonly id: string;
  readonly delay: string;
  readonly state: string;
}

/** What the application asks of an actor. */
export interface Asked {
  readonly actor: Address;
  readonly request: Tagged;
}

export interface Outcomes {
  readonly timers: readonly ModelTimer[];
  readonly observations: Interned<Observation>;
  readonly answers: Interned<Performed>;
  readonly asked: Interned<Asked>;
  readonly localStates: number;
  /** How many local states are of failed actors. */
  readonly failures: number;
  readonly memo: { hits: number; misses: number; recomputed: number };
  /** The number of an actor's local state before it is started, in one of the ways in which it may begin. */
  unborn(actor: number, variant: number): number;
  local(id: number): Local;
  /** The index of the actor whose local state it is. */
  actorOf(id: number): number;
  /** The number of a local state. */
  idOf(actor: number, local: Local): number;
  /** The happenings that depend on nothing but the local state: pairs of kind and number. */
  ownHappenings(id: number): readonly number[];
  /** Whether it is the local state of an actor whose rule threw. */
  hasFailed(id: number): boolean;
  /** Whether it is remembered that a request does nothing at local state `id`, so that it need not be asked. */
  isKnownNoStep(id: number, asked: number, now: number): boolean;
  /** What happening (`kind`, `number`) does at local state `id`, at tick `now`; undefined when it cannot happen. */
  of(id: number, kind: number, number: number, now: number): LocalOutcome | undefined;
}

export interface OutcomesOptions {
  readonly memoise: boolean;
  /** How many memo hits pass between two that are worked out again and compared. */
  readonly recomputeEvery: number;
}

/** Prepares the actors of a model. `variants` has the ways in which each of them may begin. */
export function createOutcomes<History>(
  model: Model<History>,
  variants: readonly (readonly ModelActor[])[],
  nodes: readonly string[],
  envelopes: Envelopes,
  { memoise, recomputeEvery }: OutcomesOptions,
): Outcomes {
  const { actors } = model;
  const localOptions = {
    flushAtOnce: model.flush === 'at-once',
    localAtOnce: model.localMessages === 'at-once',
    keepsRecords: model.crashes !== undefined,
    timersAtOnce: Object.entries(typeof model.timers === 'object' ? model.timers : {}).flatMap(([delay, budget]) =>
      budget === 'at-once' ? delay : [],
    ),
  };
  const rules = variants.map((ways) => createLocalRules(ways, localOptions));
  const tickMs = model.clock?.tickMs ?? 0;
  const instants = (model.clock?.ticks ?? 0) + 1;
  const readsTime = actors.map(({ definition }) => definition.readsTime);
  const tellsHandled = model.deliveries === 'handled';
  const observes = model.history !== undefined;

  const timers: ModelTimer[] = [];
  const timerNumber = actors.map(({ definition }) => {
    const numbers = new Map<string, number>();
    for (const timer of definition.allTimers.values()) numbers.set(timer.id, timers.push(timer) - 1);
    return numbers;
  });

  const locals = createInterned<{ readonly actor: number; readonly local: Local }>();
  const owners: number[] = [];
  const own: (readonly number[])[] = [];
  const failures = new Set<number>();
  const observations = createInterned<Observation>();
  const answers = createInterned<Performed>();
  const asked = createInterned<Asked>();
  const outcomes: LocalOutcome[] = [];
  const memo = createPairTable();
  const counts = { hits: 0, misses: 0, recomputed: 0 };
  /** In the memo, what cannot happen. */
  const impossible = 0;

  const idOf = (actor: number, local: Local): number => {
    const known = locals.count;
    const id = locals.idOf({ actor, local }, `${actor} ${elementAt(rules, actor).keyOf(local)}`);
    if (id === known) {
      owners.push(actor);
      own.push(ownHappeningsOf(actor, local));
      if (local.life === 'failed') failures.add(id);
    }
    return id;
  };
  const ownHappeningsOf = (actor: number, local: Local): readonly number[] => {
    const happenings: number[] = [];
    if (local.life === 'running' || local.life === 'absent') {
      if (local.inbox.length > 0) happenings.push(happening.takeLocal, 0);
    }
    if (local.writes.length > 0 && local.life !== 'down') happenings.push(happening.flush, 0);
    if (local.life === 'running') {
      for (const armed of local.state?.armed ?? []) {
        happenings.push(happening.fire, elementAt(timerNumber, actor).get(armed) ?? 0);
      }
    }
    return happenings;
  };

  const stepOf = (actor: number, local: Local, kind: number, number: number, nowMs: number): LocalStep | undefined => {
    const at = elementAt(rules, actor);
    const { address } = elementAt(actors, actor);
    switch (kind) {
      case happening.receive: {
        const { from, message } = envelopes.at(number);
        return at.receive(local, from, message, nowMs);
      }
      case happening.enqueue: {
        const { from, message } = envelopes.at(number);
        return at.enqueue(local, from, message, nowMs);
      }
      case happening.takeLocal:
        return at.takeLocal(local, nowMs);
      case happening.fire:
        return at.fire(local, elementAt(timers, number).id, nowMs);
      case happening.request:
        return local.life === 'running' ? at.receive(local, address, asked.at(number).request, nowMs) : undefined;
      case happening.flush:
        return at.flush(local, nowMs);
      case happening.crash:
        return at.crash(local);
      case happening.restart:
        return at.restart(local);
      case happening.start:
        return at.start(local);
      case happening.answer:
        return local.life === 'running' ? at.receive(local, address, answers.at(number), nowMs) : undefined;
      default: {
        const notice = { type: 'unreachable', node: elementAt(nodes, number), reason: 'disconnected' };
        return local.life === 'running' ? at.receive(local, address, notice, nowMs) : undefined;
      }
    }
  };
  const isHandled = (actor: number, local: Local, kind: number, number: number, nowMs: number): boolean => {
    if (!tellsHandled) return true;
    const at = elementAt(rules, actor);
    if (kind === happening.receive) {
      const { from, message } = envelopes.at(number);
      return at.handles(local, from, message, nowMs);
    }
    if (kind !== happening.request) return true;
    return at.handles(local, elementAt(actors, actor).address, asked.at(number).request, nowMs);
  };
  const causeOf = (actor: ModelActor, kind: number, number: number): Observation[] => {
    if (kind === happening.receive) return [{ type: 'received', ...envelopes.at(number) }];
    if (kind !== happening.request) return [];
    return [{ type: 'requested', actor: actor.address, request: asked.at(number).request }];
  };

  const compute = (id: number, kind: number, number: number, nowMs: number): LocalOutcome | undefined => {
    const { actor, local } = locals.at(id);
    const taken = stepOf(actor, local, kind, number, nowMs);
    if (taken === undefined) return undefined;
    const subject = elementAt(actors, actor);
    const from: Address = subject.address;
    const sent: number[] = [];
    const sentLocally: number[] = [];
    const performs: Perform[] = [];
    const outputs: Tagged[] = [];
    const seen: Observation[] = observes ? causeOf(subject, kind, number) : [];
    for (const effect of taken.released) {
      if (effect.type === 'perform') performs.push(effect);
      else if (effect.type === 'deliver') {
        outputs.push(effect.output);
        if (observes) seen.push({ type: 'delivered', actor: from, output: effect.output });
      } else {
        const envelope = envelopes.idOf(from, effect.to, effect.message);
        if (observes) seen.push({ type: 'sent', ...envelopes.at(envelope) });
        if (envelopes.addresseeOf(envelope) >= 0) (envelopes.isLocal(envelope) ? sentLocally : sent).push(envelope);
      }
    }
    const next = idOf(actor, taken.local);
    return {
      next,
      isHandled: isHandled(actor, local, kind, number, nowMs),
      isChange: next !== id || taken.released.length > 0,
      sent,
      sentLocally,
      performs,
      outputs,
      observations: seen.map((observation) => observations.idOf(observation)),
    };
  };

  const recheck = (id: number, kind: number, number: number, nowMs: number, known: LocalOutcome | undefined): void => {
    counts.recomputed += 1;
    const again = compute(id, kind, number, nowMs);
    if (canonicalKey(again) === canonicalKey(known)) return;
    const { address } = elementAt(actors, elementAt(owners, id));
    throw new NotPureError(
      `'${address}' did not do the same again in the same state; its rules must depend on context and message alone`,
    );
  };

  return {
    timers,
    observations,
    answers,
    asked,
    memo: counts,
    get failures() {
      return failures.size;
    },
    get localStates() {
      return locals.count;
    },
    unborn: (actor, variant) => idOf(actor, elementAt(rules, actor).unborn(variant)),
    local: (id) => locals.at(id).local,
    actorOf: (id) => elementAt(owners, id),
    idOf,
    ownHappenings: (id) => elementAt(own, id),
    hasFailed: (id) => failures.has(id),
    isKnownNoStep(id, number, now) {
      if (model.deliveries === undefined || model.deliveries === 'all') return false;
      const instant = readsTime[owners[id] ?? 0] === true ? now : 0;
      const known = memo.get(id, (number * instants + instant) * 16 + happening.request);
      const outcome = known > impossible ? outcomes[known - 1] : undefined;
      return outcome !== undefined && !(tellsHandled ? outcome.isHandled : outcome.isChange);
    },
    of(id, kind, number, now) {
      const instant = readsTime[owners[id] ?? 0] === true ? now : 0;
      if (!memoise) return compute(id, kind, number, instant * tickMs);
      const code = (number * instants + instant) * 16 + kind;
      const known = memo.get(id, code);
      if (known >= 0) {
        counts.hits += 1;
        const outcome = known === impossible ? undefined : outcomes[known - 1];
        if (counts.hits % recomputeEvery === 0) recheck(id, kind, number, instant * tickMs, outcome);
        return outcome;
      }
      counts.misses += 1;
      const outcome = compute(id, kind, number, instant * tickMs);
      memo.add(id, code, outcome === undefined ? impossible : outcomes.push(outcome));
      return outcome;
    },
  };
}
