/** What a session consists of: the work of a dialect, what it is given, and what the resource does with it. */

import type { Clock } from '../../environment/clock.ts';
import type { Branch } from '../branch.ts';
import type { Refusal } from '../errors.ts';
import type { BranchMode } from '../mode.ts';
import type { Loan } from '../pool.ts';
import type { BranchSession, Vote } from '../transactional.ts';
import type { SqlConnection } from './connection.ts';

/** What a branch's transaction is at the server. Methods are called one at a time, and throw the driver's errors. */
export interface Work {
  /** Whether anything was sent that must be ended. */
  readonly hasBegun: boolean;
  /** Whether the transaction is known to have failed, so that it cannot be prepared. Asked between statements. */
  readonly hasFailed: boolean;
  /** Whether the server may have been asked to prepare. */
  readonly mayBePrepared: boolean;
  /** Whether the session is as a new one, so that the connection can serve again at once. */
  readonly isClean: boolean;
  /** @returns the vote, or the error because of which the transaction must be rolled back, if there is one */
  prepare(timeoutMs: number): Promise<Vote | MustRollBack>;
  /** `key`: the manager's and the idempotency key, joined. */
  commit(key: string | null, timeoutMs: number): Promise<'committed' | MustRollBack>;
  /** Undoes everything that is not prepared. @throws BranchBrokenError when there is something else to undo by now */
  rollBack(timeoutMs: number): Promise<void>;
  /** Ends the branch that was prepared on this connection. */
  endPrepared(verb: 'commit' | 'rollback', timeoutMs: number): Promise<void>;
  /** The global id of the branch that committed under a key. Asked when a commit failed because the key is taken. */
  holderOf(key: string, timeoutMs: number): Promise<Branch | undefined>;
  /** Clears the session for the next branch. Throws when that is impossible. */
  reset(timeoutMs: number): Promise<void>;
}

export interface MustRollBack {
  readonly type: 'must-roll-back';
  /** Absent when the server did not say why. */
  readonly error?: unknown;
  /** Why, where the server has refused nothing. */
  readonly reason?: string;
}

export interface SessionParts<Connection extends SqlConnection> {
  readonly name: string;
  readonly branch: Branch;
  readonly clock: Clock;
  readonly loan: Loan<Connection>;
  /** For all statements together, in milliseconds. */
  readonly timeoutMs: number;
  readonly mode: BranchMode;
  /** Called once, when the connection is of no more use to the branch. `lost`: the server may still be at work for it. */
  onEnd(end: SessionEnd): void;
  /** Called at most once, before `onEnd`: a statement has ended the transaction, and what it did may stay. */
  onBroken(reason: string): void;
}

export type SessionEnd = 'over' | 'lost';

/** What the resource does with a session beyond what applications do. */
export interface OwnSession extends BranchSession {
  readonly brokenBecause: string | undefined;
  readonly refusal: Refusal | undefined;
  /** Cuts the connection off; the branch stays as the server has it. */
  cut(reason: string): void;
  /** Prepared, and still with this connection. */
  readonly isPrepared: boolean;
  /** Whether the server may still be at work for it. */
  readonly isLost: boolean;
  /** Ends the prepared branch on its own connection. Throws the driver's error, or ResourceDeadlineError. */
  endPrepared(verb: 'commit' | 'rollback', timeoutMs: number): Promise<void>;
}
