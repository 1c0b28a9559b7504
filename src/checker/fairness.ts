/**
 * Fairness: which steps must be taken at last. Without any, every system may stop where it is, and nothing has to
 * happen; what a model says of fairness is an assumption, and a claim of `eventually` is worth as much as that.
 *
 * After Lamport, Specifying Systems (2002), chapter 8: `WF(A)` and `SF(A)` of TLA+, for actions that change the state.
 */

import type { Address } from '../../statecharts/actor.ts';
import type { StepKind } from './steps.ts';

/**
 * `weak`: what stays possible for ever is taken at last. `strong`: what is possible again and again is taken at last,
 * even when it is impossible in between; what a lossy network needs, in which a message that is sent for ever arrives.
 */
export type Strength = 'weak' | 'strong';

/** Steps that are fair. Faults (`crash`, `lose`, `duplicate`) cannot be: a run in which nothing fails is one as well. */
export interface FairSteps {
  readonly steps: StepKind | readonly StepKind[];
  /** Default `weak`. */
  readonly strength?: Strength;
  /**
   * Only the steps of these actors: a message counts as its addressee's, an operation of a resource as its asker's, a
   * restart as that of every actor on the node. Default all.
   */
  readonly actors?: readonly { readonly address: Address }[];
  /** Only messages, delays, requests and operations with these names. Default all; other kinds of steps have none. */
  readonly named?: readonly string[];
  /**
   * What must be taken: each single action (this envelope's delivery, that timer, this request whatever it carries), or
   * some one of those that an actor may take, as in `WF(A1 \/ A2)`, which asks for less. Default `action`.
   */
  readonly per?: 'action' | 'actor';
}

/** A kind of step alone is weakly fair, action by action. */
export type Fair = StepKind | FairSteps;
