/** What is told of an actor that plays another role now. */

import type { ActorState, Address, AnyActor, Delivery, Step, Tagged } from '../../statecharts/actor.ts';

/** What made an actor change its role. */
export interface RoleCause {
  /** From where it came; the actor itself, for its timers and for requests. */
  readonly from: Address;
  /** The type of a message or request, or the name of a delay that was over. */
  readonly event: string;
  /**
   * The rules of the paper by which it did so, as the chart cites them. A step that no observer wants is not traced: it is
   * taken once more when it is asked which rules it followed.
   */
  rules(): readonly string[];
}

/** A change of role, as of when it was durable. */
export interface RoleChange {
  readonly actor: Address;
  readonly role: string | undefined;
  /** The role before; undefined for an actor that has just started. */
  readonly former: string | undefined;
  /** Undefined for an actor that has just started. */
  readonly cause: RoleCause | undefined;
}

/** Whether a step that was taken from `before` leads to another role. A value that is the same object is the same state. */
export function changesRole(definition: AnyActor, before: ActorState, { state }: Step): boolean {
  if (state.snapshot.value === before.snapshot.value) return false;
  return definition.roleAt(state) !== definition.roleAt(before);
}

/** Takes a step once more, traced. Charts are pure: it is the same step. */
type Again = () => Step;

/** The step that a message caused. */
export const againBy =
  (definition: AnyActor, before: ActorState, event: Tagged & Delivery): Again =>
  () =>
    definition.transition(before, event, true);

/** The step that a timer caused. */
export const againFired =
  (definition: AnyActor, before: ActorState, timer: string, atMs: number): Again =>
  () =>
    definition.fire(before, timer, atMs, true);

/** What `step` says of the change of role that it made. */
export const causeOf = (step: Step, from: Address, event: string, again: Again): RoleCause => ({
  from,
  event,
  rules: () => rulesOf(step.transitions.length > 0 ? step : again()),
});

/** The rules that a traced step followed, each once. */
const rulesOf = ({ transitions }: Step): readonly string[] => [
  ...new Set(transitions.flatMap(({ rule }) => rule ?? [])),
];
