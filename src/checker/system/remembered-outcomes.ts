/**
 * Outcomes, remembered: millions of steps of a system consist of a few thousand different steps of its actors, and only those
 * run a chart.
 */

import { type Address, canonicalKey, type Perform, type Performed, type Tagged } from '../../../statecharts/actor.ts';
import { NotPureError } from '../errors.ts';
import type { Model, ModelActor } from '../model.ts';
import { createReceptionLog, type ReceptionLog } from '../receptions/log.ts';
import type { Observation } from '../steps.ts';
import { createInterned, elementAt } from '../tables/interned.ts';
import { createPairTable } from '../tables/pairs.ts';
import type { ChartStep } from './chart-step.ts';
import type { Envelopes } from './envelopes.ts';
import type { Local, LocalRules, LocalStep } from './local.ts';
import { createLocalRules } from './local-rules.ts';
import {
  type Asked,
  happening,
  type LocalOutcome,
  type ModelTimer,
  type Outcomes,
  type OutcomesOptions,
} from './outcomes.ts';
import { ownHappeningsOf } from './own-happenings.ts';

/** Prepares the actors of a model. `variants` has the ways in which each of them may begin. */
export function createOutcomes<History>(
  model: Model<History>,
  variants: readonly (readonly ModelActor[])[],
  nodes: readonly string[],
  envelopes: Envelopes,
  options: OutcomesOptions,
): Outcomes {
  return new RememberedOutcomes<History>(model, variants, nodes, envelopes, options);
}

/** In the memo, what cannot happen. */
const impossible = 0;

class RememberedOutcomes<History> implements Outcomes {
  readonly memo = { hits: 0, misses: 0, recomputed: 0 };
  readonly asked = createInterned<Asked>();
  readonly answers = createInterned<Performed>();
  readonly observations = createInterned<Observation>();
  readonly timers: ModelTimer[] = [];
  readonly log: ReceptionLog;
  readonly #model: Model<History>;
  readonly #nodes: readonly string[];
  readonly #envelopes: Envelopes;
  readonly #memoise: boolean;
  #hear: ((outcome: LocalOutcome, steps: readonly ChartStep[]) => void) | undefined;
  readonly #recomputeEvery: number;
  readonly #actors: readonly ModelActor[];
  readonly #rules: LocalRules[];
  readonly #tickMs: number;
  readonly #instants: number;
  readonly #readsTime: boolean[];
  readonly #tellsHandled: boolean;
  readonly #observes: boolean;
  readonly #timerNumber: Map<string, number>[];
  readonly #locals = createInterned<{ readonly actor: number; readonly local: Local }>();
  readonly #owners: number[] = [];
  readonly #own: (readonly number[])[] = [];
  readonly #failures = new Set<number>();
  readonly #outcomes: LocalOutcome[] = [];
  readonly #remembered = createPairTable();

  constructor(
    model: Model<History>,
    variants: readonly (readonly ModelActor[])[],
    nodes: readonly string[],
    envelopes: Envelopes,
    { memoise, recomputeEvery }: OutcomesOptions,
  ) {
    this.#model = model;
    this.#nodes = nodes;
    this.#envelopes = envelopes;
    this.#memoise = memoise;
    this.#recomputeEvery = recomputeEvery;
    const { actors } = model;
    this.#actors = actors;
    this.log = createReceptionLog(actors);
    const localOptions = {
      log: this.log,
      flushAtOnce: model.flush === 'at-once',
      localAtOnce: model.localMessages === 'at-once',
      keepsRecords: model.crashes !== undefined,
      timersAtOnce: Object.entries(typeof model.timers === 'object' ? model.timers : {}).flatMap(([delay, budget]) =>
        budget === 'at-once' ? delay : [],
      ),
    };
    this.#rules = variants.map((ways) => createLocalRules(ways, localOptions));
    this.#tickMs = model.clock?.tickMs ?? 0;
    this.#instants = (model.clock?.ticks ?? 0) + 1;
    this.#readsTime = actors.map(({ definition }) => definition.readsTime);
    this.#tellsHandled = model.deliveries === 'handled';
    this.#observes = model.history !== undefined;
    this.#timerNumber = actors.map(({ definition }) => {
      const numbers = new Map<string, number>();
      for (const timer of definition.allTimers.values()) numbers.set(timer.id, this.timers.push(timer) - 1);
      return numbers;
    });
  }

  get failures(): number {
    return this.#failures.size;
  }

  get localStates(): number {
    return this.#locals.count;
  }

  unborn(actor: number, variant: number): number {
    return this.idOf(actor, elementAt(this.#rules, actor).unborn(variant));
  }

  local(id: number): Local {
    return this.#locals.at(id).local;
  }

  actorOf(id: number): number {
    return elementAt(this.#owners, id);
  }

  ownHappenings(id: number): readonly number[] {
    return elementAt(this.#own, id);
  }

  hasFailed(id: number): boolean {
    return this.#failures.has(id);
  }

  isKnownNoStep(id: number, number: number, now: number): boolean {
    if (this.#model.deliveries === undefined || this.#model.deliveries === 'all') return false;
    const instant = this.#readsTime[this.#owners[id] ?? 0] === true ? now : 0;
    const known = this.#remembered.get(id, (number * this.#instants + instant) * 16 + happening.request);
    const outcome = known > impossible ? this.#outcomes[known - 1] : undefined;
    return outcome !== undefined && !(this.#tellsHandled ? outcome.isHandled : outcome.isChange);
  }

  of(id: number, kind: number, number: number, now: number): LocalOutcome | undefined {
    const instant = this.#readsTime[this.#owners[id] ?? 0] === true ? now : 0;
    if (this.#hear !== undefined) return this.#tell(this.#hear, id, kind, number, instant * this.#tickMs);
    if (!this.#memoise) return this.#compute(id, kind, number, instant * this.#tickMs);
    const code = (number * this.#instants + instant) * 16 + kind;
    const known = this.#remembered.get(id, code);
    if (known >= 0) {
      this.memo.hits += 1;
      const outcome = known === impossible ? undefined : this.#outcomes[known - 1];
      if (this.memo.hits % this.#recomputeEvery === 0) this.#recheck(id, kind, number, instant * this.#tickMs, outcome);
      return outcome;
    }
    this.memo.misses += 1;
    const outcome = this.#compute(id, kind, number, instant * this.#tickMs);
    this.#remembered.add(id, code, outcome === undefined ? impossible : this.#outcomes.push(outcome));
    return outcome;
  }

  telling<T>(hear: (outcome: LocalOutcome, steps: readonly ChartStep[]) => void, run: () => T): T {
    const before = this.#hear;
    this.#hear = hear;
    try {
      return run();
    } finally {
      this.#hear = before;
    }
  }

  idOf(actor: number, local: Local): number {
    const known = this.#locals.count;
    const id = this.#locals.idOf({ actor, local }, `${actor} ${elementAt(this.#rules, actor).keyOf(local)}`);
    if (id === known) {
      this.#owners.push(actor);
      this.#own.push(ownHappeningsOf(local, elementAt(this.#timerNumber, actor)));
      if (local.life === 'failed') this.#failures.add(id);
    }
    return id;
  }

  #stepOf(actor: number, local: Local, kind: number, number: number, nowMs: number): LocalStep | undefined {
    const at = elementAt(this.#rules, actor);
    const { address } = elementAt(this.#actors, actor);
    switch (kind) {
      case happening.receive: {
        const { from, message } = this.#envelopes.at(number);
        return at.receive(local, from, message, nowMs);
      }
      case happening.enqueue: {
        const { from, message } = this.#envelopes.at(number);
        return at.enqueue(local, from, message, nowMs);
      }
      case happening.takeLocal:
        return at.takeLocal(local, nowMs);
      case happening.fire:
        return at.fire(local, elementAt(this.timers, number).id, nowMs);
      case happening.request:
        return local.life === 'running' ? at.receive(local, address, this.asked.at(number).request, nowMs) : undefined;
      case happening.flush:
        return at.flush(local, nowMs);
      case happening.crash:
        return at.crash(local);
      case happening.restart:
        return at.restart(local);
      case happening.start:
        return at.start(local);
      case happening.answer:
        return local.life === 'running' ? at.receive(local, address, this.answers.at(number), nowMs) : undefined;
      default: {
        const notice = { type: 'unreachable', node: elementAt(this.#nodes, number), reason: 'disconnected' };
        return local.life === 'running' ? at.receive(local, address, notice, nowMs) : undefined;
      }
    }
  }

  #isHandled(actor: number, local: Local, kind: number, number: number, nowMs: number): boolean {
    if (!this.#tellsHandled) return true;
    const at = elementAt(this.#rules, actor);
    if (kind === happening.receive) {
      const { from, message } = this.#envelopes.at(number);
      return at.handles(local, from, message, nowMs);
    }
    if (kind !== happening.request) return true;
    return at.handles(local, elementAt(this.#actors, actor).address, this.asked.at(number).request, nowMs);
  }

  #causeOf(actor: ModelActor, kind: number, number: number): Observation[] {
    if (kind === happening.receive) return [{ type: 'received', ...this.#envelopes.at(number) }];
    if (kind !== happening.request) return [];
    return [{ type: 'requested', actor: actor.address, request: this.asked.at(number).request }];
  }

  #compute(id: number, kind: number, number: number, nowMs: number): LocalOutcome | undefined {
    const { actor, local } = this.#locals.at(id);
    const taken = this.#stepOf(actor, local, kind, number, nowMs);
    if (taken === undefined) return undefined;
    const subject = elementAt(this.#actors, actor);
    const from: Address = subject.address;
    const sent: number[] = [];
    const sentLocally: number[] = [];
    const performs: Perform[] = [];
    const outputs: Tagged[] = [];
    const seen: Observation[] = this.#observes ? this.#causeOf(subject, kind, number) : [];
    for (const effect of taken.released) {
      if (effect.type === 'perform') performs.push(effect);
      else if (effect.type === 'deliver') {
        outputs.push(effect.output);
        if (this.#observes) seen.push({ type: 'delivered', actor: from, output: effect.output });
      } else {
        const envelope = this.#envelopes.idOf(from, effect.to, effect.message);
        if (this.#observes) seen.push({ type: 'sent', ...this.#envelopes.at(envelope) });
        if (this.#envelopes.addresseeOf(envelope) >= 0)
          (this.#envelopes.isLocal(envelope) ? sentLocally : sent).push(envelope);
      }
    }
    const next = this.idOf(actor, taken.local);
    return {
      next,
      isHandled: this.#isHandled(actor, local, kind, number, nowMs),
      isChange: next !== id || taken.released.length > 0,
      sent,
      sentLocally,
      performs,
      outputs,
      observations: seen.map((observation) => this.observations.idOf(observation)),
    };
  }

  #tell(
    hear: (outcome: LocalOutcome, steps: readonly ChartStep[]) => void,
    id: number,
    kind: number,
    number: number,
    nowMs: number,
  ): LocalOutcome | undefined {
    const steps: ChartStep[] = [];
    const outcome = this.log.telling(
      (step) => steps.push(step),
      () => this.#compute(id, kind, number, nowMs),
    );
    if (outcome !== undefined) hear(outcome, steps);
    return outcome;
  }

  #recheck(id: number, kind: number, number: number, nowMs: number, known: LocalOutcome | undefined): void {
    this.memo.recomputed += 1;
    const again = this.log.unnoted(() => this.#compute(id, kind, number, nowMs));
    if (canonicalKey(again) === canonicalKey(known)) return;
    const { address } = elementAt(this.#actors, elementAt(this.#owners, id));
    throw new NotPureError(
      `'${address}' did not do the same again in the same state; its rules must depend on context and message alone`,
    );
  }
}
