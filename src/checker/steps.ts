/** What may happen to a system: the steps of which runs and counterexamples are made, as data. */

import type { Address, Result, Tagged } from '../../statecharts/actor.ts';

export type ModelStep =
  | { readonly type: 'deliver'; readonly from: Address; readonly to: Address; readonly message: Tagged }
  /** Delivered, while a copy stays on its way. */
  | { readonly type: 'duplicate'; readonly from: Address; readonly to: Address; readonly message: Tagged }
  | { readonly type: 'lose'; readonly from: Address; readonly to: Address; readonly message: Tagged }
  /** Taken up from the queue of what the actors of a node say to each other. */
  | { readonly type: 'local'; readonly from: Address; readonly to: Address; readonly message: Tagged }
  | { readonly type: 'timer'; readonly actor: Address; readonly delay: string; readonly state: string }
  | { readonly type: 'request'; readonly actor: Address; readonly request: Tagged }
  /** The oldest write of the actor that was not durable becomes so. */
  | { readonly type: 'flush'; readonly actor: Address }
  | { readonly type: 'crash'; readonly node: string }
  | { readonly type: 'restart'; readonly node: string }
  /** A resource carries out an operation, or without a result a part of it. */
  | { readonly type: 'execute'; readonly resource: string; readonly id: string; readonly result?: Result }
  /** Something happens to a resource by itself. */
  | { readonly type: 'change'; readonly resource: string; readonly name: string; readonly of: string }
  | { readonly type: 'answer'; readonly actor: Address; readonly id: string; readonly result: Result }
  /** The asker is told that it is unknown how its operation ended, or will end. */
  | { readonly type: 'unknown'; readonly actor: Address; readonly id: string }
  | { readonly type: 'unreachable'; readonly actor: Address; readonly node: string }
  | { readonly type: 'tick' };

export type StepKind = ModelStep['type'];

/** The kinds of steps by the number that stands for them in the search. */
export const stepKinds = [
  'deliver',
  'duplicate',
  'lose',
  'local',
  'timer',
  'request',
  'flush',
  'crash',
  'restart',
  'execute',
  'answer',
  'unreachable',
  'tick',
  'unknown',
  'change',
] as const satisfies readonly StepKind[];

/** The number of each kind of step. */
export const kindCode: Readonly<Record<StepKind, number>> = {
  deliver: 0,
  duplicate: 1,
  lose: 2,
  local: 3,
  timer: 4,
  request: 5,
  flush: 6,
  crash: 7,
  restart: 8,
  execute: 9,
  answer: 10,
  unreachable: 11,
  tick: 12,
  unknown: 13,
  change: 14,
};

/** The kinds of steps that are faults: a system to which nothing else can happen has come to a stop. */
export const faults: readonly StepKind[] = ['lose', 'crash', 'unknown', 'unreachable'];

/** What a history may take note of. */
export type Observation =
  | { readonly type: 'received'; readonly from: Address; readonly to: Address; readonly message: Tagged }
  | { readonly type: 'sent'; readonly from: Address; readonly to: Address; readonly message: Tagged }
  | { readonly type: 'requested'; readonly actor: Address; readonly request: Tagged }
  | { readonly type: 'delivered'; readonly actor: Address; readonly output: Tagged }
  | { readonly type: 'crashed'; readonly node: string }
  | { readonly type: 'restarted'; readonly node: string };
