/**
 * A branch at work in an SQL database, as far as it is the same in all of them: statements one at a time, then one vote or
 * one commit, and what each error means for them. What is said to the server is a dialect's (`Work`).
 */

import { messageOf } from '../../environment/message.ts';
import { type Branch, globalIdOf } from '../branch.ts';
import { type Budget, budget } from '../deadline.ts';
import {
  BranchBrokenError,
  BranchClosedError,
  BranchFailedError,
  type Refusal,
  ResourceDeadlineError,
  ResourceUnreachableError,
  StatementError,
} from '../errors.ts';
import { createSerialQueue, type SerialQueue } from '../queue.ts';
import type { BranchSession, DirectCommit, DirectCommitOptions, Vote } from '../transactional.ts';
import type { ErrorMeanings, SqlConnection } from './connection.ts';
import { Standing } from './standing.ts';
import type { MustRollBack, OwnSession, SessionParts, Work } from './work.ts';

/** The outline of a session, from which a dialect makes its own. */
export interface Outline extends OwnSession {
  /**
   * Runs a statement when those before it are done.
   *
   * @throws StatementError, BranchClosedError, BranchFailedError, BranchBrokenError, ResourceDeadlineError
   */
  statement<T>(run: (timeoutMs: number) => Promise<T>): Promise<T>;
  /** Runs the last statement and prepares together. What fails is told by the vote. */
  lastStatement<T>(timeoutMs: number, run: (timeoutMs: number) => Promise<Last<T>>): Promise<Voted<T>>;
}

/** What a last statement answered, if it was run, and what came of preparing. */
export interface Last<T> {
  readonly result?: T;
  readonly prepared: Vote | MustRollBack;
}

export interface Voted<T> {
  readonly vote: Vote;
  readonly result?: T;
}

const maxWaitingStatements = 1_000;
const cleanupTimeoutMs = 5_000;

/**
 * Makes the outline over a dialect's work.
 *
 * @param staysWithConnection whether a prepared branch belongs to its connection as long as that lives
 */
export const createOutline = (
  parts: SessionParts<SqlConnection>,
  work: Work,
  meanings: ErrorMeanings,
  staysWithConnection: boolean,
): Outline => new WorkingBranch(parts, work, meanings, staysWithConnection);

class WorkingBranch implements Outline {
  readonly branch: Branch;
  readonly #name: string;
  readonly #connection: SqlConnection;
  readonly #globalId: string;
  readonly #work: Work;
  readonly #meanings: ErrorMeanings;
  readonly #staysWithConnection: boolean;
  readonly #standing: Standing;
  readonly #queue: SerialQueue;
  readonly #time: Budget;
  /** Given once; a caller that asks for it again gets it again. */
  #voted: Vote | undefined;

  constructor(parts: SessionParts<SqlConnection>, work: Work, meanings: ErrorMeanings, staysWithConnection: boolean) {
    this.branch = parts.branch;
    this.#name = parts.name;
    this.#connection = parts.loan.connection;
    this.#globalId = globalIdOf(parts.branch);
    this.#work = work;
    this.#meanings = meanings;
    this.#staysWithConnection = staysWithConnection;
    this.#standing = new Standing(parts, work, meanings);
    this.#queue = createSerialQueue(`branch ${this.#globalId}`, maxWaitingStatements);
    this.#time = budget(parts.clock, parts.timeoutMs);
  }

  get isPrepared(): boolean {
    return this.#standing.isPrepared;
  }

  get isLost(): boolean {
    return this.#standing.isLost;
  }

  get brokenBecause(): string | undefined {
    return this.#standing.brokenBecause;
  }

  get refusal(): Refusal | undefined {
    return this.#standing.refusal;
  }

  cut(reason: string): void {
    this.#standing.cut(reason);
  }

  statement<T>(run: (timeoutMs: number) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      this.#assertOpen();
      try {
        const result = await run(this.#time.remainingMs());
        if (!this.#work.hasFailed) this.#standing.forgive();
        return result;
      } catch (error) {
        throw this.#refusedStatement(error);
      }
    });
  }

  lastStatement<T>(timeoutMs: number, run: (timeoutMs: number) => Promise<Last<T>>): Promise<Voted<T>> {
    return this.#queue.run(async () => {
      this.#assertOpen();
      this.#close();
      try {
        const { prepared, ...rest } = await run(Math.min(timeoutMs, this.#time.remainingMs()));
        this.#voted = await this.#voteOn(prepared);
        return { vote: this.#voted, ...rest };
      } catch (error) {
        this.#voted = await this.#notPrepared(error);
        return { vote: this.#voted };
      }
    });
  }

  prepare({ timeoutMs }: { readonly timeoutMs: number }): Promise<Vote> {
    return this.#queue.run(async () => {
      this.#close();
      this.#voted ??= await this.#prepareNow(timeoutMs);
      return this.#voted;
    });
  }

  commitDirectly(options: DirectCommitOptions): Promise<DirectCommit> {
    return this.#queue.run(() => {
      this.#close();
      return this.#commitNow(options);
    });
  }

  rollback(): Promise<void> {
    const standing = this.#standing;
    if (standing.isPrepared) return Promise.resolve();
    standing.rollingBack('it was rolled back');
    // A statement that is under way may wait for a lock for long: then the connection goes, and the work with it.
    if (this.#queue.isBusy) {
      standing.cut('it was rolled back');
      return Promise.resolve();
    }
    return this.#queue.run(() => standing.undo());
  }

  endPrepared(verb: 'commit' | 'rollback', timeoutMs: number): Promise<void> {
    return this.#queue.run(async () => {
      try {
        if (!this.#connection.isUsable()) {
          throw new ResourceUnreachableError(`the connection that prepared ${this.#globalId} is gone`);
        }
        await this.#work.endPrepared(verb, timeoutMs);
      } catch (error) {
        // Whatever the server says, the branch is looked for from outside, once this session is gone.
        this.cut(messageOf(error));
        throw error;
      }
      // A rollback looks for the session next, and must not take this one for it.
      if (verb === 'rollback') await this.#standing.over();
      else void this.#standing.over();
    });
  }

  #close(): void {
    this.#standing.close('it was asked to prepare or commit');
  }

  #assertOpen(): void {
    const { closedBecause } = this.#standing;
    if (closedBecause === undefined) return;
    throw new BranchClosedError(`expected no statement in ${this.#globalId} at '${this.#name}': ${closedBecause}`);
  }

  #refusedStatement(error: unknown): Error {
    if (error instanceof BranchFailedError) return error;
    this.#standing.failed(error);
    if (error instanceof BranchBrokenError || error instanceof ResourceDeadlineError) return error;
    return new StatementError(`'${this.#name}' refused a statement: ${messageOf(error)}`, {
      cause: error,
      resourceCode: this.#meanings.codeOf(error),
      isTransient: this.#meanings.isTransient(error),
    });
  }

  async #prepareNow(timeoutMs: number): Promise<Vote> {
    const known = await this.#standing.foregone();
    if (known !== undefined) return known;
    if (!this.#work.hasBegun) {
      void this.#standing.over();
      return { type: 'read-only' };
    }
    try {
      return await this.#voteOn(await this.#work.prepare(timeoutMs));
    } catch (error) {
      return this.#notPrepared(error);
    }
  }

  async #voteOn(prepared: Vote | MustRollBack): Promise<Vote> {
    const standing = this.#standing;
    if (prepared.type === 'must-roll-back') return standing.rolledBack(prepared, standing.failure);
    if (prepared.type === 'yes' && this.#staysWithConnection) standing.prepared();
    else void standing.over();
    return prepared;
  }

  async #notPrepared(error: unknown): Promise<Vote> {
    const standing = this.#standing;
    const before = standing.failure;
    if (standing.failed(error)) return standing.no(before ?? this.#meanings.refusalOf(this.#name, error));
    const reason = standing.brokenBecause ?? messageOf(error);
    // What was not asked to prepare goes with its session.
    const mayBePrepared = this.#work.mayBePrepared || standing.brokenBecause !== undefined;
    return { type: mayBePrepared ? 'unknown' : 'no', reason };
  }

  async #commitNow({ timeoutMs, idempotencyKey }: DirectCommitOptions): Promise<DirectCommit> {
    const standing = this.#standing;
    const known = await standing.foregone();
    if (known !== undefined) return known;
    const key = idempotencyKey === undefined ? null : `${this.branch.manager}:${idempotencyKey}`;
    const before = standing.failure;
    let refusal: MustRollBack;
    try {
      const committed = await this.#work.commit(key, timeoutMs);
      if (committed === 'committed') {
        void standing.over();
        return { type: 'committed' };
      }
      refusal = committed;
    } catch (error) {
      if (!standing.failed(error)) return { type: 'unknown', reason: standing.brokenBecause ?? messageOf(error) };
      refusal = { type: 'must-roll-back', error };
    }
    const holder = await this.#holderOf(key, refusal.error);
    const answer = await standing.rolledBack(refusal, before);
    return holder === undefined || answer.type !== 'no' ? answer : { ...answer, committedBy: holder };
  }

  async #holderOf(key: string | null, error: unknown): Promise<Branch | undefined> {
    if (key === null || !this.#meanings.isTaken(error)) return undefined;
    return this.#work.holderOf(key, cleanupTimeoutMs).catch(() => undefined);
  }
}

/** What applications and managers see of it, without the methods of the dialect. */
export const branchSessionOf = (own: Outline): BranchSession => ({
  branch: own.branch,
  prepare: (options) => own.prepare(options),
  commitDirectly: (options) => own.commitDirectly(options),
  rollback: () => own.rollback(),
  get brokenBecause() {
    return own.brokenBecause;
  },
  get refusal() {
    return own.refusal;
  },
});
