/** What happens to nodes in a tick: a running one may crash, and a crashed one may start again. */

import { nodeOf } from '../../../statecharts/actor.ts';
import type { Model } from '../../checker.ts';
import { ProcessError } from '../errors.ts';
import type { Due, StateTables, TimedState } from './state.ts';
import { added, drawn, mixed, type Turned, type Turns, unturned } from './turn.ts';
import { type CrashWeights, checkProbability, either, type Lottery, surely } from './weights.ts';

/** How probable it is that something happens in one of so many times. */
const happensWithin = (times: number, probability: number): number =>
  times === 0 ? 0 : -Math.expm1(times * Math.log1p(-probability));

/** How many ticks pass on average until something happens, or so many have passed. @param perTick above 0 */
export const ticksUntilOneHappens = (most: number, perTick: number): number => happensWithin(most, perTick) / perTick;

type NodePlaces = readonly [node: string, places: readonly number[]];

/** Strikes the nodes of one model. */
export class NodeFaults<History> {
  readonly #model: Model<History>;
  readonly #tables: StateTables<History>;
  readonly #turns: Turns<History>;
  readonly #weights: CrashWeights | undefined;
  readonly #nodes: readonly NodePlaces[];
  /** Those that may crash in any tick. */
  readonly #struck: readonly NodePlaces[];

  /** @throws ProcessError */
  constructor(
    model: Model<History>,
    tables: StateTables<History>,
    turns: Turns<History>,
    weights: CrashWeights | undefined,
  ) {
    checkProbability('crashes per tick', weights?.perTick ?? 0);
    checkProbability('restarts per tick', weights?.restartPerTick ?? 0);
    this.#model = model;
    this.#tables = tables;
    this.#turns = turns;
    this.#weights = weights;
    const places = new Map<string, number[]>();
    for (const [place, { address }] of model.actors.entries()) {
      const node = nodeOf(address);
      places.set(node, [...(places.get(node) ?? []), place]);
    }
    this.#nodes = [...places];
    this.#struck = this.#nodes.filter(([node]) => weights?.nodes?.includes(node) ?? true);
  }

  /** Whether a node is down that may start again. */
  mayRestart(state: TimedState): boolean {
    return (this.#weights?.restartPerTick ?? 0) > 0 && this.#struck.some(([, places]) => this.#isDown(state, places));
  }

  /** How probable it is that a node crashes in a tick. */
  crashProbability(state: TimedState): number {
    const running = this.#struck.filter(([, places]) => !this.#isDown(state, places)).length;
    return happensWithin(running, this.#weights?.perTick ?? 0);
  }

  /** Whether it is followed what comes of one more crash. */
  followsCrash({ crashes }: TimedState): boolean {
    return crashes < (this.#weights?.maxCrashes ?? Number.POSITIVE_INFINITY);
  }

  /** The same, and the crashes that are scheduled are due. */
  scheduled({ states, cost }: Turned): Turned {
    const draws = (this.#weights?.scheduled ?? []).map(({ node, afterTicks: ticks, probability = 1 }) => {
      const to = this.#nodes.find(([name]) => name === node)?.[1].at(0);
      if (to === undefined) throw new ProcessError(`expected a node of model '${this.#model.name}', got '${node}'`);
      checkProbability(`the crash of '${node}'`, probability);
      return either(probability, { ticks, what: this.#tables.happenings.idOf({ type: 'nodeCrash', to }) }, undefined);
    });
    const all = states.flatMap((one) =>
      drawn(one.value, draws, false).map(({ probability, value }) => ({
        probability: one.probability * probability,
        value,
      })),
    );
    return { states: all, cost };
  }

  /** The states after each node was struck, or spared, for so many ticks in which nothing else has happened. */
  strike(state: TimedState, ticks: number): Turned {
    if (this.#weights === undefined) return unturned(state);
    let ways: Lottery<Turned> = surely(unturned(state));
    for (const [node, places] of this.#struck) {
      ways = ways.flatMap((way) =>
        way.value.states.flatMap(({ probability, value }) =>
          this.#after(value, node, places, ticks).map((one) => ({
            probability: way.probability * probability * one.probability,
            value: added(one.value, way.value.cost),
          })),
        ),
      );
    }
    return mixed(ways);
  }

  /** The states after the node of an actor, which is known by its place, has crashed, if it runs. */
  crash(state: TimedState, at: number): Turned {
    const [node, places] = this.#nodes.find(([, all]) => all.includes(at)) ?? [];
    if (node === undefined || places === undefined || this.#isDown(state, places)) return unturned(state);
    return this.#crash(state, node, places);
  }

  #isDown(state: TimedState, places: readonly number[]): boolean {
    return places.some((place) => this.#tables.locals.at(state.locals[place] ?? -1).life === 'down');
  }

  #after(state: TimedState, node: string, places: readonly number[], ticks: number): Lottery<Turned> {
    const { perTick = 0, restartPerTick = 0 } = this.#weights ?? {};
    const calm = unturned(state);
    if (this.#isDown(state, places)) {
      return restartPerTick === 0 ? surely(calm) : either(restartPerTick, this.#restart(state, node, places), calm);
    }
    if (perTick === 0) return surely(calm);
    return either(happensWithin(ticks, perTick), this.#crash(state, node, places), calm);
  }

  #crash(state: TimedState, node: string, places: readonly number[]): Turned {
    // What was asked of a resource happens all the same, and what is on its way goes on; timers and answers are gone.
    const due = state.due.flatMap(({ ticks, what }): Due[] => {
      const it = this.#tables.happenings.at(what);
      const isOfOthers = it.type === 'change' || !places.includes(it.to);
      if (isOfOthers || it.type === 'receive' || it.type === 'nodeCrash') return [{ ticks, what }];
      if (it.type !== 'operation') return [];
      return [{ ticks, what: this.#tables.happenings.idOf({ ...it, isHeard: false }) }];
    });
    const crashes = this.#weights?.maxCrashes === undefined ? 0 : state.crashes + 1;
    const after = { ...state, due, crashes, surroundings: this.#observed(state, 'crashed', node) };
    return this.#turns.take(
      after,
      places.map((to) => ({ type: 'crash', to })),
    );
  }

  #restart(state: TimedState, node: string, places: readonly number[]): Turned {
    const after = { ...state, surroundings: this.#observed(state, 'restarted', node) };
    return this.#turns.take(
      after,
      places.map((to) => ({ type: 'restart', to })),
    );
  }

  #observed(state: TimedState, type: 'crashed' | 'restarted', node: string): number {
    const { history, resources } = this.#tables.surroundings.at(state.surroundings);
    const after = this.#model.history?.observe(history, { type, node }) ?? history;
    return this.#tables.surroundings.idOf({ resources, history: after });
  }
}
