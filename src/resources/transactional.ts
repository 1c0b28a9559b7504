/**
 * What a resource must be able to do to take part in distributed transactions: begin a branch, prepare it, end a
 * prepared branch by its name from any process, and list the prepared ones; and what recovery needs beyond that. All
 * implementations pass the suite in test/resources/conformance.ts.
 *
 * Outcomes are never guessed. `unknown` stands for everything that may or may not have happened: lost connections,
 * servers that shut down, deadlines. That a resource does not know a name proves nothing either: a prepare may still be
 * on its way. Absence is therefore written (`writeAbsence`), never read.
 */

import type { Branch } from './branch.ts';
import type { Refusal } from './errors.ts';
import type { BranchMode, ModesOffered } from './mode.ts';

/** The answer to a request to prepare. */
export type Vote =
  /**
   * Prepared, durably: the branch can still commit and roll back. `receipt` is what the resource wants back when
   * asked for this branch (PostgreSQL's transaction id), to be written down with the vote.
   */
  | { readonly type: 'yes'; readonly receipt?: string }
  /** Nothing was written: the branch is over and needs no second phase. */
  | { readonly type: 'read-only' }
  /** The branch is rolled back, or certainly will be. */
  | { readonly type: 'no'; readonly reason: string }
  /** It may or may not be prepared, or become so later: roll it back by name, or ask `outcomeOf`. */
  | { readonly type: 'unknown'; readonly reason: string };

/** The answer to a commit in one phase. */
export type DirectCommit =
  | { readonly type: 'committed' }
  /** Rolled back. `committedBy` is the branch that had committed under the same idempotency key, if that is why. */
  | { readonly type: 'no'; readonly reason: string; readonly committedBy?: Branch }
  | { readonly type: 'unknown'; readonly reason: string };

/** The answer to a request to end a prepared branch. */
export type Ending =
  | { readonly type: 'done' }
  /** The opposite outcome is final there: it was decided elsewhere. Asking again does not help; a person must know. */
  | { readonly type: 'refused'; readonly reason: string }
  /** Not known yet; ask again. */
  | { readonly type: 'unknown'; readonly reason: string };

/** What a resource can say about a branch. */
export type BranchOutcome =
  | { readonly type: 'prepared' }
  | { readonly type: 'committed' }
  /** It rolled back, or its absence is written: it never commits. */
  | { readonly type: 'aborted' }
  /** Nothing is known of it here, which proves nothing: it may be running, or not have begun. */
  | { readonly type: 'absent' }
  | { readonly type: 'unknown'; readonly reason: string };

/** The answer to `writeAbsence`. */
export type Absence =
  /** From now on the branch can neither be prepared nor commit. */
  | { readonly type: 'absent' }
  | { readonly type: 'committed' }
  /** It is still there: prepared, or a session that would not end. */
  | { readonly type: 'present'; readonly reason: string }
  | { readonly type: 'unknown'; readonly reason: string };

/** A prepared branch that waits for its outcome. */
export interface PreparedBranch {
  readonly branch: Branch;
  /** How long it has been prepared; in a resource that cannot tell, since it was recovered. */
  readonly ageMs: number;
}

export interface DirectCommitOptions {
  readonly timeoutMs: number;
  /** Up to 200 characters, unique among the manager's branches that committed directly at this resource. */
  readonly idempotencyKey?: string;
}

/** A transaction's work at one resource. Statements are run one at a time, in the order in which they were asked for. */
export interface BranchSession {
  readonly branch: Branch;
  /** Ends the work and makes it durable without deciding. Call once; no statement is accepted afterwards. */
  prepare(options: { readonly timeoutMs: number }): Promise<Vote>;
  /**
   * Commits in one phase, without preparing: for a single participant, and for the last resource of a transaction
   * whose others are prepared. The branch's key is stored in the same commit, so that `outcomeOf` and `writeAbsence`
   * answer for it; `idempotencyKey` is stored with it, once: a second branch with the same key does not commit.
   */
  commitDirectly(options: DirectCommitOptions): Promise<DirectCommit>;
  /** Gives up work that is not prepared. Does nothing when the branch is over. Never throws. */
  rollback(): Promise<void>;
  /**
   * Why the branch's work may be there to stay although it was neither prepared nor committed, if that is so: a statement
   * of the application has ended its transaction. The outcome of the whole transaction is unknown then.
   */
  readonly brokenBecause?: string | undefined;
  /** What the resource has refused first, if that is why the branch fails: a statement, or to prepare or commit. */
  readonly refusal?: Refusal | undefined;
}

export interface BeginOptions extends BranchMode {
  /** For all statements together, and for the wait for a connection. */
  readonly timeoutMs: number;
}

export interface EndOptions {
  /** What the vote carried, if it is known. */
  readonly receipt?: string;
  readonly timeoutMs: number;
}

/** One finding of `check`. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  /** What was looked at, for instance `max_prepared_transactions`. */
  readonly subject: string;
  /** What was found, and what to do about it. */
  readonly message: string;
}

/** A prepared transaction that was left behind, by whatever client. */
export interface Leftover {
  /** The database's own name of it. */
  readonly globalId: string;
  /** Its coordinates, when it is one of ours. */
  readonly branch?: Branch;
  readonly ageMs?: number;
  readonly owner?: string;
  /** What it keeps locked. */
  readonly locks: readonly string[];
}

/** What the doctor learns about a resource. */
export interface CheckReport {
  /** Product and version. */
  readonly server: string;
  readonly findings: readonly Finding[];
  readonly leftovers: readonly Leftover[];
}

/** A resource that takes part in distributed transactions. Only `begin`, `setup`, `forget` and `check` throw. */
export interface TransactionalResource<Session extends BranchSession = BranchSession> {
  /** By which isolation branches can be asked to run, and whether read only; left out: by the resource's defaults alone. */
  readonly modes?: ModesOffered;
  /**
   * Begins a branch, on which the application then runs its statements. One that is to be read only leaves nothing behind,
   * not even its key.
   *
   * @param options no other mode than `modes` offers
   * @throws BranchNameError, DuplicateBranchError, ResourceBusyError, ResourceLoginError, ResourceUnreachableError,
   *   ResourceClosedError
   */
  begin(branch: Branch, options: BeginOptions): Promise<Session>;
  /** Commits a prepared branch. Repeating it is safe. */
  commit(branch: Branch, options: EndOptions): Promise<Ending>;
  /**
   * Sees to it that a branch never commits: rolls it back where it is prepared, ends its session where it still runs,
   * and writes its absence where it is not found. Repeating it is safe.
   */
  rollback(branch: Branch, options: EndOptions): Promise<Ending>;
  /**
   * The prepared branches of one manager, oldest first.
   *
   * @throws ResourceUnreachableError and the like when the resource does not answer
   */
  prepared(manager: string, options: { readonly timeoutMs: number }): Promise<readonly PreparedBranch[]>;

  /** What became of a branch. Changes nothing. */
  outcomeOf(branch: Branch, options: EndOptions): Promise<BranchOutcome>;
  /**
   * Ends the sessions of earlier incarnations of the branch's manager, waits until they are gone, and writes the
   * branch's key as aborted. A prepare or direct commit that arrives later is thereby refused.
   */
  writeAbsence(branch: Branch, options: { readonly timeoutMs: number }): Promise<Absence>;
  /**
   * Deletes what is remembered of a manager's finished branches, once it is older than `olderThanMs`. That must be
   * more than the age of the manager's oldest open transaction, and of a prepare that may still be on its way.
   *
   * @returns how many were deleted
   */
  forget(manager: string, options: { readonly olderThanMs: number; readonly timeoutMs: number }): Promise<number>;

  /**
   * Creates what the resource needs to remember absence and decisions, where it is missing.
   *
   * @throws ResourceSetupError that says what to run as an administrator, when permission is missing
   */
  setup(options: { readonly timeoutMs: number }): Promise<void>;
  /** Settings, permissions, and prepared transactions that no client ends, with what they lock. */
  check(options: { readonly timeoutMs: number }): Promise<CheckReport>;
  /** Rolls back what is not prepared, and releases all connections. Idempotent. */
  close(): Promise<void>;
}
