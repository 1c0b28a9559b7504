/**
 * Resources of a model: what actors `perform` on, as small sequential machines. An operation is carried out in one
 * step and answered in a later one; a crash of the asker in between loses the answer, not the effect. What happens to a
 * resource by itself, such as a server that copies another one, is a step as well.
 */

import type { Address, Result, Tagged } from '../../statecharts/actor.ts';

/** One way in which an operation may end, or go on. */
export type ResourceStep<State = unknown> =
  | {
      readonly state: State;
      /** `refused` says that it did not happen. `unknown` answers come from the model's budget for them. */
      readonly result: Result;
    }
  /** It was carried out in part: `rest`, an operation of the resource's own, takes its place. */
  | { readonly state: State; readonly rest: Tagged };

/** Something that may happen to a resource by itself. */
export interface ResourceChange<State = unknown> {
  /** What it is called in traces, and by what is fair: `copies`. */
  readonly name: string;
  /** To what of the resource it happens: each such change is an action of its own. */
  readonly of: string;
  readonly state: State;
}

/** What an operation comes with. */
export interface AskedBy {
  readonly actor: Address;
  /** Equal for the same operation in every incarnation of the actor: an idempotent resource knows it by this. */
  readonly id: string;
  /** The part of the resource that it is asked of; its own name where it has no parts. */
  readonly part: string;
  /** What `connect` made of the state in which it was asked; undefined without that. */
  readonly connection: unknown;
}

/** A resource. Its states must be plain data, and its functions pure. Made by `resourceModel`. */
export interface ResourceModel<State = unknown> {
  readonly start: State;
  /**
   * The names under which actors perform on it, where it has several: servers that share a state, because they act on each
   * other. Default its name in the model.
   */
  readonly parts?: readonly string[];
  /** All ways in which `operation` may end at `state`; none while it must wait, for instance for a lock. */
  perform(state: State, operation: Tagged, asked: AskedBy): readonly ResourceStep<State>[];
  /**
   * Whether an operation is carried out and answered in the step in which it is asked: sound for what nothing can come in
   * between of, and for what may as well be known at once. It must end, in one way. Default none is.
   */
  isAtOnce?(operation: Tagged): boolean;
  /** All that may happen to it by itself at `state`; how often is for its state to say. Default nothing. */
  changes?(state: State): readonly ResourceChange<State>[];
  /** What an operation that is asked at `state` will be carried out over, such as a session that may end before. Plain data. */
  connect?(state: State, asked: Pick<AskedBy, 'actor' | 'part'>): unknown;
}

/** What `resourceModel` is made of: as `ResourceModel`, with the types of one resource. */
export interface ResourceOptions<State, Operation extends Tagged> extends Omit<ResourceModel<State>, 'perform'> {
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
