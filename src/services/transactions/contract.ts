/** What applications hold of a transaction manager: how to run transactions, ask for outcomes, and see what is going on. */

import type { Observable } from 'rxjs';
import type { Resources } from '../../host/node.ts';
import type { TransactionOutcome } from './inquiry.ts';
import type { ListedTransaction } from './listing.ts';
import type { ResourceReport } from './recovery.ts';
import type { TakeOverReport } from './take-over-parts.ts';
import type { TransactOptions } from './transact-options.ts';
import type { WorkOf } from './work.ts';

/** A transaction that committed. */
export type Committed<T> =
  /** `value` is what the function returned. */
  | { readonly outcome: 'committed'; readonly transaction: string; readonly isRepeated: false; readonly value: T }
  /**
   * It had committed before, under the same idempotency key; the function was not run now. `value` is what it returned
   * then, where it came with a `request`.
   */
  | {
      readonly outcome: 'committed';
      readonly transaction: string;
      readonly isRepeated: true;
      readonly value?: T | undefined;
    };

/** Something that an operator should know. */
export type ManagerNotice =
  /**
   * A resource was interfered with: a branch was found with another outcome than the decided one, by this life of the
   * manager. The latest 100 are told to each new subscriber, as recovery finds some before there is one.
   */
  | { readonly type: 'hazard'; readonly transaction: string; readonly branch: string; readonly found: string }
  /** How a resource stands has changed, or it has orphans. */
  | { readonly type: 'resource'; readonly report: ResourceReport };

/** How much of its limits a manager uses. */
export interface ManagerStatus {
  readonly node: string;
  readonly incarnation: number;
  readonly open: number;
  readonly maxOpen: number;
  readonly keptOutcomes: number;
  readonly keptKeys: number;
  readonly maxKeptOutcomes: number;
  /** Outcomes forgotten before their retention was over, because there were too many. */
  readonly forgottenEarly: number;
  readonly committed: number;
  readonly aborted: number;
  /** As of the last pass of recovery. */
  readonly resources: readonly ResourceReport[];
}

export interface TransactionManager<Owned extends Resources> {
  /**
   * Runs `act` as one atomic transaction over all resources that it uses. Each has a session in the argument, under its
   * name; a resource takes part from its first statement on. Await every statement. A transaction that is begun within
   * `act` is one of its own, at other resources than this one uses: else it aborts, with a NestedTransactionError as cause.
   *
   * @returns when the decision to commit is durable; the second phase goes on in the background
   * @throws TransactionAbortedError when nothing of it happened and never will, with the error of `act`, or the reason of
   *   the signal, as its cause if that is why; TransactionOutcomeUnknownError; TransactionLimitError,
   *   TransactionManagerClosedError, TransactionOptionsError (a key that is too long, an isolation that there is not), NestedTransactionError
   *   (an idempotency key that an enclosing transaction has), and the reason of a signal that was given before, when it was
   *   not begun; IdempotencyMismatchError likewise, when another request has committed under the key
   */
  transact<T>(act: (work: WorkOf<Owned>) => Promise<T>, options?: TransactOptions): Promise<Committed<T>>;
  /** What became of a transaction, of this life of the manager or an earlier one. */
  outcome(transaction: string): Promise<TransactionOutcome>;
  /** What is not over, oldest first. */
  list(): readonly ListedTransaction[];
  /** Makes a pass of recovery now. */
  recover(): Promise<readonly ResourceReport[]>;
  /**
   * Takes over every open transaction of another node's manager, which is dead or taken to be so; decided ones are
   * finished, all others aborted. Safe also when it lives: it is fenced. Needs the register, and the same resources.
   *
   * @throws TransactionOptionsError without a register; what the register's store throws
   */
  takeOver(node: string): Promise<TakeOverReport>;
  status(): ManagerStatus;
  readonly notices: Observable<ManagerNotice>;
  /** Takes no more transactions and stops recovery. What is under way goes on until the node stops. Idempotent. */
  close(): void;
}
