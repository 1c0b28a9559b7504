/**
 * What resources do in a weighted model: what they are asked, and what happens to them by themselves. A change that is possible
 * waits as long as its weight says; it happens if it is still possible then, and waits anew where it became impossible meanwhile.
 */

import { elementAt } from '../../checker/tables/interned.ts';
import type { Model, ResourceChange, ResourceModel, ResourceStep } from '../../checker.ts';
import { ProcessError } from '../errors.ts';
import { type Owners, ownersOf } from './owners.ts';
import type { Due, Happening, OwnChange, StateTables, TimedState } from './state.ts';
import { added, drawn, mixed, type Turned, type Turns, unturned } from './turn.ts';
import { checkChanges, oddsOfWays } from './ways.ts';
import { durationOf, type Lottery, surely, type Weights } from './weights.ts';

/** The resources of one model. */
export class TimedResources<History> {
  readonly #model: Model<History>;
  readonly #tables: StateTables<History>;
  readonly #turns: Turns<History>;
  readonly #weights: Pick<Weights, 'waysOf' | 'changes'>;
  readonly #owners: Owners;
  readonly #changing: readonly (readonly [name: string, resource: ResourceModel])[];

  /** @throws ProcessError where something happens to a resource by itself, and no weight says how soon */
  constructor(
    model: Model<History>,
    tables: StateTables<History>,
    turns: Turns<History>,
    weights: Pick<Weights, 'waysOf' | 'changes'>,
  ) {
    this.#model = model;
    this.#tables = tables;
    this.#turns = turns;
    this.#weights = weights;
    this.#owners = ownersOf(model);
    this.#changing = Object.entries(model.resources ?? {}).filter(([, { changes }]) => changes !== undefined);
    checkChanges(
      this.#changing.map(([name]) => name),
      weights,
    );
  }

  /** A resource does what it was asked, in one of its ways, and tells the asker if that has not crashed meanwhile. */
  carryOut(state: TimedState, due: Due, { to, ...asked }: Happening & { type: 'operation' }): Turned {
    const { isHeard, perform, connection } = asked;
    const { id, resource: part, operation } = perform;
    const [owner, resource] = this.#known(part);
    const { resources, history } = this.#tables.surroundings.at(state.surroundings);
    const actor = elementAt(this.#model.actors, to).address;
    const ways = resource.perform(resources[owner], operation, { actor, id, part, connection });
    // It must wait for something else, and is tried again.
    if (ways.length === 0) return unturned({ ...state, due: [...state.due, { ...due, ticks: 1 }] });
    const odds = oddsOfWays(this.#weights, part, operation, ways);
    const after = (changed: TimedState, outcome: ResourceStep): Turned => {
      if ('rest' in outcome) {
        return this.#turns.ask(changed, { ...asked, to, perform: { ...perform, operation: outcome.rest } });
      }
      return isHeard
        ? this.#turns.take(changed, [{ type: 'answer', to, id, result: outcome.result }])
        : unturned(changed);
    };
    const turned = ways.map((outcome, way) => {
      const surroundings = this.#tables.surroundings.idOf({
        resources: { ...resources, [owner]: outcome.state },
        history,
      });
      return { probability: odds[way] ?? 0, value: after({ ...state, surroundings }, outcome) };
    });
    return this.awaiting(mixed(turned));
  }

  /** All that may come of a change which has waited: several where the model tells them apart by nothing else. */
  change(state: TimedState, { resource: name, ...which }: OwnChange): readonly Turned[] {
    const { resources, history } = this.#tables.surroundings.at(state.surroundings);
    return this.#possible(name, resources[name])
      .filter((it) => it.name === which.name && it.of === which.of)
      .map((it) => {
        const after = { resources: { ...resources, [name]: it.state }, history };
        return this.awaiting(unturned({ ...state, surroundings: this.#tables.surroundings.idOf(after) }));
      });
  }

  /** The same, and whatever may happen to resources by itself waits, and nothing that may not. */
  awaiting(turned: Turned): Turned {
    if (this.#changing.length === 0) return turned;
    const ways: Lottery<Turned> = turned.states.map(({ probability, value }) => ({
      probability,
      value: { states: this.#wait(value), cost: { messages: 0, flushes: 0 } },
    }));
    return added(mixed(ways), turned.cost);
  }

  #wait(state: TimedState): Lottery<TimedState> {
    const { resources } = this.#tables.surroundings.at(state.surroundings);
    const possible = new Map<number, OwnChange>();
    for (const [resource] of this.#changing) {
      for (const { name, of } of this.#possible(resource, resources[resource])) {
        const it: OwnChange = { type: 'change', resource, name, of };
        possible.set(this.#tables.happenings.idOf(it), it);
      }
    }
    const due = state.due.filter(
      ({ what }) => possible.has(what) || this.#tables.happenings.at(what).type !== 'change',
    );
    const waiting = new Set(due.map(({ what }) => what));
    const draws = [...possible].filter(([what]) => !waiting.has(what)).map(([what, it]) => this.#draw(what, it));
    return drawn({ ...state, due }, draws, false);
  }

  #draw(what: number, { resource, name, of }: OwnChange): Lottery<Due | undefined> {
    const ticks = this.#weights.changes?.(resource, { name, of }) ?? 'never';
    if (ticks === 'never') return surely(undefined);
    return durationOf(`the change '${name}'`, ticks).map(({ probability, value }) => ({
      probability,
      value: { ticks: value, what },
    }));
  }

  #possible(name: string, state: unknown): readonly ResourceChange[] {
    return this.#model.resources?.[name]?.changes?.(state) ?? [];
  }

  #known(part: string): readonly [owner: string, resource: ResourceModel] {
    const known = this.#owners.get(part);
    if (known !== undefined) return known;
    throw new ProcessError(`expected a resource of model '${this.#model.name}', got '${part}'`);
  }
}
