/** Steps of charts, one by one, for those that show a run: a step of a model may make several actors take some. */

import type { ActorState, Address, AnyActor, Effect, Tagged, TransitionTaken } from '../../../statecharts/actor.ts';

/** An actor as it stands. */
export interface Standing {
  readonly actor: Address;
  readonly definition: AnyActor;
  readonly state: ActorState;
}

/** A step that a chart took. */
export interface ChartStep extends Standing {
  /** The actor itself for timers, requests, and what the system tells it. */
  readonly from: Address;
  /** Of a timer, the event that XState raises. */
  readonly cause: Tagged;
  readonly transitions: readonly TransitionTaken[];
  readonly effects: readonly Effect[];
}
