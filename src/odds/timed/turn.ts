/**
 * One turn of a weighted model: something happens to an actor, the actors of its node do what follows at once, and what
 * leaves them is drawn: which messages are lost, how long the others take, how long timers wait.
 */

import { type Address, nodeOf, type Perform, type Send, type Timer } from '../../../statecharts/actor.ts';
import type { Observation } from '../../checker/steps.ts';
import { elementAt } from '../../checker/tables/interned.ts';
import { type Model, ModelError } from '../../checker.ts';
import type { Released } from '../../host/outbox.ts';
import { type Owners, ownersOf } from './owners.ts';
import type { Asked, Due, Happening, StateTables, TimedState } from './state.ts';
import { ActorSteps } from './steps.ts';
import { checkProbability, durationOf, type Lottery, surely, type Waits, type Weights, waitsOf } from './weights.ts';

/** What chance adds to what is due; `lost` where a message is lost, and nothing where a timer never fires. */
export type Draw = Lottery<Due | 'lost' | undefined>;

/** What a turn costs. */
export interface Cost {
  readonly messages: number;
  readonly flushes: number;
}

/** The states that a turn may lead to, and what it costs. */
export interface Turned {
  readonly states: Lottery<TimedState>;
  readonly cost: Cost;
}

/** No turn at all. */
export const unturned = (state: TimedState): Turned => ({ states: surely(state), cost: { messages: 0, flushes: 0 } });

/** The same, at a greater cost. */
export const added = ({ states, cost }: Turned, { messages, flushes }: Cost): Turned => ({
  states,
  cost: { messages: cost.messages + messages, flushes: cost.flushes + flushes },
});

/** What one of several turns leads to, and costs on average: what is expected adds up. */
export function mixed(ways: Lottery<Turned>): Turned {
  const average = (of: keyof Cost): number =>
    ways.reduce((sum, { probability, value }) => sum + probability * value.cost[of], 0);
  const states = ways.flatMap((way) =>
    way.value.states.map(({ probability, value }) => ({ probability: way.probability * probability, value })),
  );
  return { states, cost: { messages: average('messages'), flushes: average('flushes') } };
}

/** Takes the turns of one model. */
export class Turns<History> {
  readonly #model: Model<History>;
  readonly #tables: StateTables<History>;
  readonly #steps: ActorSteps;
  readonly #places: ReadonlyMap<Address, number>;
  readonly #loss: number;
  readonly #countsLosses: boolean;
  readonly #delay: Lottery<number>;
  readonly #operations: Lottery<number>;
  readonly #waits: Waits;
  readonly #losslessTicks: number;
  /** How long a tick is for actors; 0 where time does not count. */
  readonly #tickMs: number;
  readonly #owners: Owners;
  readonly #reactions: NonNullable<Weights['reactions']>;

  /** @throws ProcessError */
  constructor(model: Model<History>, tables: StateTables<History>, weights: Weights) {
    const { loss = 0, losslessTicks = 0, delay = 1, operations = 1, tickMs = 1, horizonTicks } = weights;
    checkProbability('loss', loss);
    this.#model = model;
    this.#tables = tables;
    this.#loss = loss;
    this.#countsLosses = weights.maxLosses !== undefined;
    this.#delay = durationOf('delay', delay);
    this.#operations = durationOf('operations', operations);
    this.#losslessTicks = losslessTicks;
    this.#tickMs = horizonTicks === undefined ? 0 : tickMs;
    this.#owners = ownersOf(model);
    this.#reactions = weights.reactions ?? (() => []);
    this.#waits = waitsOf(weights);
    this.#places = new Map(model.actors.map(({ address }, place) => [address, place]));
    this.#steps = new ActorSteps(model.actors, tables, weights.crashes !== undefined);
  }

  /** The actors before any is started. */
  unborn(): number[] {
    return this.#steps.unborn();
  }

  /** @throws ModelError */
  placeOf(address: Address): number {
    const place = this.#places.get(address);
    if (place === undefined) throw new ModelError(`expected an actor of model '${this.#model.name}', got '${address}'`);
    return place;
  }

  /**
   * The states after several happenings, one after the other; what was due of them is gone already.
   *
   * @throws ProcessError for a timer that has no weight
   */
  take(state: TimedState, happenings: readonly Happening[]): Turned {
    const locals = [...state.locals];
    let { due } = state;
    const { history: before, resources } = this.#tables.surroundings.at(state.surroundings);
    let history = before;
    const draws: Draw[] = [];
    let timers: { readonly to: number; readonly timer: string; readonly draw: Draw }[] = [];
    const waiting = [...happenings];
    let messages = 0;
    let flushes = 0;
    const observe = (observation: Observation): void => {
      if (this.#model.history !== undefined) history = this.#model.history.observe(history, observation);
    };
    const sendTo = (from: Address, { to: address, message }: Send): void => {
      observe({ type: 'sent', from, to: address, message });
      const to = this.#places.get(address);
      const isFar = nodeOf(address) !== nodeOf(from);
      if (isFar) messages += 1;
      if (to === undefined) return;
      if (isFar) draws.push(this.#sent(state, { type: 'receive', to, from, message }));
      else waiting.push({ type: 'enqueue', to, from, message });
    };
    const release = (to: number, effect: Released): void => {
      const actor = elementAt(this.#model.actors, to).address;
      if (effect.type === 'deliver') {
        observe({ type: 'delivered', actor, output: effect.output });
        for (const { actor: asked, request } of this.#reactions(actor, effect.output)) {
          waiting.push({ type: 'request', to: this.placeOf(asked), request });
        }
      } else if (effect.type === 'send') sendTo(actor, effect);
      else
        draws.push(
          this.#asked(to, { isHeard: true, perform: effect, connection: this.#connect(resources, actor, effect) }),
        );
    };
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { to } = next;
      const step = this.#steps.take(locals[to] ?? -1, next, state.ticks * this.#tickMs);
      if (step === undefined) continue;
      locals[to] = step.local;
      flushes += step.flushes;
      const begun = new Set(step.begun.map(({ id }) => id));
      const goesOn = (it: { readonly to: number; readonly timer: string }): boolean =>
        it.to !== to || (step.armed.has(it.timer) && !begun.has(it.timer));
      due = due.filter(({ what }) => {
        const it = this.#tables.happenings.at(what);
        return it.type !== 'fire' || goesOn(it);
      });
      // A later step of the turn may end or begin again what an earlier one has begun.
      timers = timers.filter(goesOn);
      for (const timer of step.begun) timers.push({ to, timer: timer.id, draw: this.#waiting(to, timer, step.local) });
      for (const effect of step.released) release(to, effect);
    }
    const surroundings = this.#tables.surroundings.idOf({ history, resources });
    return {
      states: drawn(
        { ...state, locals, due, surroundings },
        [...timers.map(({ draw }) => draw), ...draws],
        this.#countsLosses,
      ),
      cost: { messages, flushes },
    };
  }

  /** The states after a resource was asked for something. */
  ask(state: TimedState, { to, ...asked }: Asked & { readonly to: number }): Turned {
    return { states: drawn(state, [this.#asked(to, asked)], this.#countsLosses), cost: { messages: 0, flushes: 0 } };
  }

  #asked(to: number, asked: Asked): Draw {
    return this.#due(this.#operations, { type: 'operation', to, ...asked });
  }

  /** What a resource makes of the state in which it is asked. */
  #connect(resources: Readonly<Record<string, unknown>>, actor: Address, { resource: part }: Perform): unknown {
    const [owner = '', model] = this.#owners.get(part) ?? [];
    return model?.connect?.(resources[owner], { actor, part });
  }

  #waiting(to: number, timer: Timer, local: number): Draw {
    const { state } = this.#tables.locals.at(local);
    if (state === undefined) return surely(undefined);
    const wait = this.#waits(elementAt(this.#model.actors, to).definition, timer, state);
    return wait.length === 0 ? surely(undefined) : this.#due(wait, { type: 'fire', to, timer: timer.id });
  }

  #sent({ ticks }: TimedState, happening: Happening): Draw {
    const loss = ticks < this.#losslessTicks ? 0 : this.#loss;
    const arrives = this.#due(this.#delay, happening).map(({ probability, value }) => ({
      probability: probability * (1 - loss),
      value,
    }));
    return [...arrives, { probability: loss, value: 'lost' as const }].filter(({ probability }) => probability > 0);
  }

  #due(durations: Lottery<number>, happening: Happening): Lottery<Due> {
    const what = this.#tables.happenings.idOf(happening);
    return durations.map(({ probability, value: ticks }) => ({ probability, value: { ticks, what } }));
  }
}

/** All states that the draws may lead to. */
export function drawn(state: TimedState, draws: readonly Draw[], counts: boolean): Lottery<TimedState> {
  let ways: Lottery<{ readonly due: readonly Due[]; readonly losses: number }> = surely(state);
  for (const draw of draws) {
    ways = ways.flatMap(({ probability, value: { due, losses } }) =>
      draw.map((one) => {
        const isLost = one.value === 'lost';
        return {
          probability: probability * one.probability,
          value: {
            due: isLost || one.value === undefined ? due : [...due, one.value],
            losses: isLost && counts ? losses + 1 : losses,
          },
        };
      }),
    );
  }
  return ways.map(({ probability, value: { due, losses } }) => ({ probability, value: { ...state, due, losses } }));
}
