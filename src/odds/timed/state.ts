/** Where a weighted model stands: its actors, what is on its way and for how long, and how long timers still wait. */

import type { Address, AnyActor, Perform, Result, Tagged } from '../../../statecharts/actor.ts';
import type { Local } from '../../checker/system/local.ts';
import { createInterned, type Interned } from '../../checker/tables/interned.ts';
import type { Life, Model, ModelActor } from '../../checker.ts';
import type { LastingWatch, Standing } from './lasting.ts';

/** Something that happens to an actor, or because of one, which is known by its place in the model. */
export type Happening = { readonly to: number } & (
  | { readonly type: 'start' | 'crash' | 'restart' }
  | { readonly type: 'receive' | 'enqueue'; readonly from: Address; readonly message: Tagged }
  | { readonly type: 'request'; readonly request: Tagged }
  | { readonly type: 'answer'; readonly id: string; readonly result: Result }
  | { readonly type: 'fire'; readonly timer: string }
  /** Happens to a resource; the actor is told the result, if it is still alive to hear it. */
  | ({ readonly type: 'operation' } & Asked)
  /** The node of the actor crashes, if it runs. */
  | { readonly type: 'nodeCrash' }
);

/** What a resource is asked. */
export interface Asked {
  readonly isHeard: boolean;
  readonly perform: Perform;
  /** What the resource made of the state in which it was asked. */
  readonly connection: unknown;
}

/** Something that happens to a resource by itself. */
export interface OwnChange {
  readonly type: 'change';
  /** As the model names it. */
  readonly resource: string;
  readonly name: string;
  readonly of: string;
}

/** What is not of the actors. */
export interface Surroundings<History = unknown> {
  readonly resources: Readonly<Record<string, unknown>>;
  readonly history: History;
}

/** What states are made of, each kept once and known by a number. */
export interface StateTables<History> {
  readonly locals: Interned<Local>;
  readonly happenings: Interned<Happening | OwnChange>;
  readonly surroundings: Interned<Surroundings<History>>;
}

export const stateTables = <History>(): StateTables<History> => ({
  locals: createInterned(),
  happenings: createInterned(),
  surroundings: createInterned(),
});

/** A happening that is due after so many ticks. */
export interface Due {
  readonly ticks: number;
  readonly what: number;
}

/** Locals and surroundings are numbers in the tables. */
export interface TimedState {
  /** Of each actor of the model, in its order. */
  readonly locals: readonly number[];
  readonly due: readonly Due[];
  readonly surroundings: number;
  /** Faults in this run; 0 all the time where their number does not count. */
  readonly losses: number;
  readonly crashes: number;
  /** They are counted only for as long as it matters: to the horizon, or for as long as nothing is lost. */
  readonly ticks: number;
  /** How each condition that is asked to last stands. */
  readonly lasting: readonly Standing[];
  /** Whether the actors were started. */
  readonly hasBegun: boolean;
}

/** Tells states apart: what is due has no order among itself. */
export function keyOfState(state: TimedState): string {
  const { locals, due, surroundings, losses, crashes, ticks, lasting, hasBegun } = state;
  const waiting = due.map((it) => `${it.what}@${it.ticks}`).sort();
  return `${locals.join()} ${waiting.join()} ${surroundings} ${losses} ${crashes} ${ticks} ${lasting.join()} ${hasBegun}`;
}

/** What questions see of a state. */
export interface TimedView<History = unknown> {
  readonly history: History;
  readonly ticks: number;
  readonly hasBegun: boolean;
  /** Where an actor stands. */
  of(actor: ModelActor): { readonly life: Life; readonly role: string | undefined };
  resource(name: string): unknown;
  /** Whether a condition has held for as long as was asked, now or before. */
  hasLasted(name: string): boolean;
}

/** @returns what questions see of the states of a model */
export function viewsOf<History>(
  model: Model<History>,
  { locals, surroundings }: StateTables<History>,
  watch: Pick<LastingWatch<never>, 'placeOf'>,
) {
  const places = new Map(model.actors.map(({ address }, place) => [address, place]));
  return (state: TimedState): TimedView<History> => {
    const { history, resources } = surroundings.at(state.surroundings);
    return {
      history,
      ticks: state.ticks,
      hasBegun: state.hasBegun,
      of({ address, definition }: { readonly address: Address; readonly definition: AnyActor }) {
        const local = locals.at(state.locals[places.get(address) ?? -1] ?? -1);
        return { life: local.life, role: local.state === undefined ? undefined : definition.roleAt(local.state) };
      },
      resource: (name) => resources[name],
      hasLasted: (name) => state.lasting[watch.placeOf(name)] === 'lasted',
    };
  };
}
