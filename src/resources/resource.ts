/** Resources: what an actor controls and the framework does not, such as a database, behind one interface. */

import type { Result, Tagged } from '../../statecharts/actor.ts';

/** An operation that an actor asked for. */
export interface Operation {
  /** The same id for the same operation, in every incarnation of the actor. */
  readonly id: string;
  readonly operation: Tagged;
  /** After this many milliseconds the asker takes the answer to be `unknown`. */
  readonly deadlineMs: number;
}

export interface Resource {
  /**
   * Starts an operation. Operations of one actor start in order and run concurrently. The answer comes exactly once,
   * never before `perform` returns; one that comes after the deadline is dropped.
   */
  perform(operation: Operation, answer: (result: Result) => void): void;
  /** Releases connections and files. Idempotent. */
  close(): Promise<void>;
}
