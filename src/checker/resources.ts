/**
 * Resources of a model: what actors `perform` on, as small sequential machines. An operation is carried out in one
 * step and answered in a later one; a crash of the asker in between loses the answer, not the effect.
 */

import type { Address, Result, Tagged } from '../../statecharts/actor.ts';

/** One way in which an operation may end. */
export interface ResourceStep<State = unknown> {
  readonly state: State;
  /** `refused` says that it did not happen. `unknown` answers come from the model's budget for them. */
  readonly result: Result;
}

/** What an operation comes with. */
export interface AskedBy {
  readonly actor: Address;
  /** Equal for the same operation in every incarnation of the actor: an idempotent resource knows it by this. */
  readonly id: string;
}

/** A resource. Its states must be plain data, and its function pure. Made by `resourceModel`. */
export interface ResourceModel<State = unknown> {
  readonly start: State;
  /** All ways in which `operation` may end at `state`; none while it must wait, for instance for a lock. */
  perform(state: State, operation: Tagged, asked: AskedBy): readonly ResourceStep<State>[];
}

/** What `resourceModel` is made of: as `ResourceModel`, with the types of one resource. */
export interface ResourceOptions<State, Operation extends Tagged> {
  readonly start: State;
  perform(state: State, operation: Operation, asked: AskedBy): readonly ResourceStep<State>[];
}

/**
 * Gives a resource its types.
 *
 * @example
 * const register = resourceModel({
 *   start: 0,
 *   perform: (_state, operation: { type: 'write'; value: number }) => [{ state: operation.value, result: done(undefined) }],
 * });
 */
export function resourceModel<State, Operation extends Tagged>(
  options: ResourceOptions<State, Operation>,
): ResourceModel;
export function resourceModel(options: ResourceModel): ResourceModel {
  return options;
}
