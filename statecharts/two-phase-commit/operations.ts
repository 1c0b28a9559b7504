/**
 * What the charts ask of resources, and what the answers mean. Three answers exist: `done` and `refused` are certain and
 * final; `unknown` says that the operation may have happened, may not have, or may still happen, and is asked again
 * under the same id. A resource that cannot be certain must say `unknown`: a lost connection, a timeout, SQLSTATE 08xxx
 * and 57P0x are never `refused`, and an unknown transaction id (PostgreSQL 42704, MySQL 1397) is never `done`.
 */

import * as v from 'valibot';
import type { Address, Result } from '../actor.ts';
import {
  type BranchId,
  type DecisionPlace,
  type Enlisted,
  enlisted,
  type KeptAnswer,
  type Outcome,
  outcome,
  receipt,
} from './messages.ts';

/** What a participant asks of the resource that holds its branch. Operations may run concurrently and be repeated. */
export type BranchOperation =
  /**
   * Make the branch survive a crash. `done` with a `PreparedAnswer`; `refused`: rolled back, and it stays so (a failed
   * transaction, where PREPARE answers with the tag ROLLBACK; a lost session; an absence written earlier).
   * The resource alone remembers the vote: it lists what is prepared, and `place` must be found again with the branch.
   */
  | { readonly type: 'prepare'; readonly branch: BranchId; readonly place: DecisionPlace }
  /** Commit a prepared branch. `done`: it is committed; `refused`: it is known to be rolled back, from outside. */
  | { readonly type: 'commit'; readonly branch: BranchId; readonly receipt: string | null }
  /**
   * Roll back, and see to it that nothing of this branch can be prepared or committed afterwards: end the session that
   * may still be preparing it and wait until it is gone, and where no branch is found, write its absence. `done`: rolled
   * back for good; `refused`: it is known to be committed.
   */
  | { readonly type: 'rollback'; readonly branch: BranchId; readonly receipt: string | null }
  /**
   * Commit a branch that was not prepared, and in the same commit a row that says so under the branch's key (and the
   * idempotency key, which is unique). `done`: committed; `refused`: rolled back for good.
   */
  | { readonly type: 'commit-one-phase'; readonly branch: BranchId; readonly idempotencyKey: string | null }
  /**
   * Find out for certain: end the session that may still be committing and wait until it is gone, then write the
   * branch's absence under its key, within a lock timeout. No conflict: aborted, for good; a conflict with the row of a
   * commit: committed. `done` with an `OutcomeAnswer`; never `refused`.
   */
  | { readonly type: 'end-one-phase'; readonly branch: BranchId };

/** The answer to `prepare`. `read-only`: the branch changed nothing and has already ended. */
export const preparedAnswer = v.variant('vote', [
  v.object({ vote: v.literal('yes'), receipt }),
  v.object({ vote: v.literal('read-only') }),
]);
export type PreparedAnswer = v.InferOutput<typeof preparedAnswer>;

/** The answer to `end-one-phase`. */
export const outcomeAnswer = v.object({ outcome });
export type OutcomeAnswer = v.InferOutput<typeof outcomeAnswer>;

/** A branch as the decision register keeps it; `receipt` is null until the decision. */
export interface RegisteredBranch extends Enlisted {
  readonly receipt: string | null;
}

/**
 * What a coordinator asks of a decision register: one entry per transaction, each operation atomic and linearizable,
 * and its effect as durable as its answer.
 */
export type RegisterOperation =
  /**
   * Enter the transaction as undecided. `done` also when this very entry exists; `refused` when it is decided, owned
   * under a higher epoch, or when its idempotency key belongs to another transaction that is not aborted.
   */
  | {
      readonly type: 'register-transaction';
      readonly transaction: string;
      readonly epoch: number;
      readonly owner: Address;
      readonly branches: readonly RegisteredBranch[];
      readonly idempotencyKey: string | null;
      readonly answer?: KeptAnswer;
    }
  /**
   * Become the owner under a higher epoch. `done` with the `RegisterEntry`; `refused` under a lower or equal one, unless
   * it is this owner's own. Where no entry exists, `aborted` is written.
   */
  | {
      readonly type: 'claim-transaction';
      readonly transaction: string;
      readonly epoch: number;
      readonly owner: Address;
    }
  /**
   * Compare-and-set from undecided. `done` with the `RegisterEntry` once it is decided, also when it was decided before
   * and otherwise; `refused` when it is undecided and belongs to a higher epoch. Where no entry exists, `aborted` is
   * written, and `committed` is refused.
   */
  | {
      readonly type: 'decide-transaction';
      readonly transaction: string;
      readonly epoch: number;
      readonly outcome: Outcome;
      readonly branches: readonly RegisteredBranch[];
    }
  /** `done` with the `RegisterEntry`, or with `outcome: 'absent'`. */
  | { readonly type: 'read-decision'; readonly transaction: string }
  /** Every branch has the outcome: keep only that and the idempotency key, for the register's retention. */
  | { readonly type: 'end-transaction'; readonly transaction: string; readonly epoch: number };

/** The branches of a record or a register's entry. */
export const registeredBranches = v.array(v.object({ ...enlisted.entries, receipt }));

/** A transaction as the decision register knows it. */
export const registerEntry = v.object({
  outcome: v.picklist(['undecided', 'committed', 'aborted', 'absent']),
  branches: registeredBranches,
});
export type RegisterEntry = v.InferOutput<typeof registerEntry>;

/** The value of a `done`, if it is what it should be; anything else is as good as `unknown`. */
export function answerOf<S extends v.GenericSchema>(schema: S, result: Result): v.InferOutput<S> | undefined {
  if (result.type !== 'done') return undefined;
  const parsed = v.safeParse(schema, result.value);
  return parsed.success ? parsed.output : undefined;
}
