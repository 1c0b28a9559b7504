/**
 * A branch at work in an SQL database, as far as it is the same in all of them: statements one at a time, then one vote or
 * one commit, and what each error means for them. What is said to the server is a dialect's (`Work`).
 */

import { type Branch, globalIdOf } from '../branch.ts';
import { budget, within } from '../deadline.ts';
import {
  BranchBrokenError,
  BranchClosedError,
  messageOf,
  ResourceDeadlineError,
  ResourceUnreachableError,
  StatementError,
} from '../errors.ts';
import { createSerialQueue } from '../queue.ts';
import type { BranchSession, DirectCommit, DirectCommitOptions, Vote } from '../transactional.ts';
import type { ErrorMeanings, SqlConnection } from './connection.ts';
import type { MustRollBack, OwnSession, SessionParts, Work } from './work.ts';

/** The outline of a session, from which a dialect makes its own. */
export interface Outline extends OwnSession {
  /**
   * Runs a statement when those before it are done.
   *
   * @throws StatementError, BranchClosedError, BranchBrokenError, ResourceDeadlineError
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

/** Makes the outline over a dialect's work. */
export function createOutline<Connection extends SqlConnection>(
  parts: SessionParts<Connection>,
  work: Work,
  meanings: ErrorMeanings,
  /** Whether a prepared branch belongs to its connection as long as that lives. */
  staysWithConnection: boolean,
): Outline {
  const { name, branch, clock, loan } = parts;
  const { connection } = loan;
  const globalId = globalIdOf(branch);
  const queue = createSerialQueue(`branch ${globalId}`, maxWaitingStatements);
  const time = budget(clock, parts.timeoutMs);
  let state: 'working' | 'prepared' | 'over' | 'lost' = 'working';
  /** Why no statement is accepted any more. */
  let closedBecause: string | undefined;
  /** The error that a vote of no reports. */
  let failure: string | undefined;
  let broken: string | undefined;
  let takesNoWrites = false;
  /** Given once; whoever asks for it again gets it again. */
  let voted: Vote | undefined;

  const isOver = (): boolean => state === 'over' || state === 'lost';
  /** Gives the connection back, as new, or not at all. */
  const over = async (): Promise<void> => {
    if (isOver()) return;
    state = 'over';
    closedBecause ??= 'it is over';
    parts.onEnd('over');
    if (work.isClean || takesNoWrites) {
      loan.release(takesNoWrites ? 'discard' : undefined);
      return;
    }
    try {
      await within(clock, work.reset(cleanupTimeoutMs), cleanupTimeoutMs, `the reset of a session of '${name}'`);
      loan.release();
    } catch {
      loan.release('discard');
    }
  };
  const cut = (reason: string): void => {
    if (isOver()) return;
    state = 'lost';
    closedBecause ??= reason;
    failure ??= reason;
    loan.release('discard');
    parts.onEnd('lost');
  };
  const brokenBy = (error: BranchBrokenError): void => {
    if (broken === undefined) parts.onBroken(error.message);
    broken ??= error.message;
    cut(error.message);
  };
  /** Takes note of an error, and says whether it is certain that what was asked for did not happen. */
  const failed = (error: unknown): boolean => {
    if (error instanceof BranchBrokenError) {
      brokenBy(error);
      return false;
    }
    if (error instanceof ResourceDeadlineError || !meanings.isDefinite(error) || !connection.isUsable()) {
      cut(messageOf(error));
      return false;
    }
    failure ??= messageOf(error);
    takesNoWrites ||= meanings.takesNoWrites(error);
    return true;
  };
  const undo = async (): Promise<void> => {
    if (state !== 'working') return;
    try {
      if (work.hasBegun) await work.rollBack(cleanupTimeoutMs);
      await over();
    } catch (error) {
      if (error instanceof BranchBrokenError) brokenBy(error);
      else cut(messageOf(error));
    }
  };
  /** Rolls back, unless that turns out to be impossible. */
  const no = async (reason: string): Promise<No | Unknown> => {
    await undo();
    return broken === undefined ? { type: 'no', reason } : { type: 'unknown', reason: broken };
  };
  const rolledBack = ({ error }: MustRollBack, before: string | undefined): Promise<No | Unknown> => {
    takesNoWrites ||= meanings.takesNoWrites(error);
    return no(before ?? (error === undefined ? failedBefore : meanings.refusalOf(name, error)));
  };
  /** What is known before anything is sent. */
  const foregone = async (): Promise<No | Unknown | undefined> => {
    if (broken !== undefined) return { type: 'unknown', reason: broken };
    if (isOver()) return { type: 'no', reason: failure ?? closedBecause ?? 'the branch is over' };
    if (!connection.isUsable()) {
      const reason = failure ?? 'the connection was lost';
      cut(reason);
      return { type: 'no', reason };
    }
    return work.hasFailed ? no(failure ?? failedBefore) : undefined;
  };
  const close = (): void => {
    closedBecause ??= 'it was asked to prepare or commit';
  };
  const assertOpen = (): void => {
    if (closedBecause === undefined) return;
    throw new BranchClosedError(`expected no statement in ${globalId} at '${name}': ${closedBecause}`);
  };

  const settle = async (prepared: Vote | MustRollBack): Promise<Vote> => {
    if (prepared.type === 'must-roll-back') return rolledBack(prepared, failure);
    if (prepared.type === 'yes' && staysWithConnection) state = 'prepared';
    else void over();
    return prepared;
  };
  const notPrepared = async (error: unknown): Promise<Vote> => {
    const before = failure;
    if (failed(error)) return no(before ?? meanings.refusalOf(name, error));
    const reason = broken ?? messageOf(error);
    // What was not asked to prepare goes with its session.
    return work.mayBePrepared || broken !== undefined ? { type: 'unknown', reason } : { type: 'no', reason };
  };
  const prepare = async (timeoutMs: number): Promise<Vote> => {
    const known = await foregone();
    if (known !== undefined) return known;
    if (!work.hasBegun) {
      void over();
      return { type: 'read-only' };
    }
    try {
      return await settle(await work.prepare(timeoutMs));
    } catch (error) {
      return notPrepared(error);
    }
  };
  const holderOf = async (key: string | null, error: unknown): Promise<Branch | undefined> => {
    if (key === null || !meanings.isTaken(error)) return undefined;
    return work.holderOf(key, cleanupTimeoutMs).catch(() => undefined);
  };
  const commitDirectly = async ({ timeoutMs, idempotencyKey }: DirectCommitOptions): Promise<DirectCommit> => {
    const known = await foregone();
    if (known !== undefined) return known;
    const key = idempotencyKey === undefined ? null : `${branch.manager}:${idempotencyKey}`;
    const before = failure;
    let refusal: MustRollBack;
    try {
      const committed = await work.commit(key, timeoutMs);
      if (committed === 'committed') {
        void over();
        return { type: 'committed' };
      }
      refusal = committed;
    } catch (error) {
      if (!failed(error)) return { type: 'unknown', reason: broken ?? messageOf(error) };
      refusal = { type: 'must-roll-back', error };
    }
    const holder = await holderOf(key, refusal.error);
    const answer = await rolledBack(refusal, before);
    return holder === undefined || answer.type !== 'no' ? answer : { ...answer, committedBy: holder };
  };
  const refusedStatement = (error: unknown): Error => {
    failed(error);
    if (error instanceof BranchBrokenError || error instanceof ResourceDeadlineError) return error;
    return new StatementError(`'${name}' refused a statement: ${messageOf(error)}`, {
      cause: error,
      resourceCode: meanings.codeOf(error),
    });
  };

  return {
    branch,
    cut,
    get isPrepared() {
      return state === 'prepared';
    },
    get isLost() {
      return state === 'lost';
    },
    get brokenBecause() {
      return broken;
    },
    statement: (run) =>
      queue.run(async () => {
        assertOpen();
        try {
          const result = await run(time.remainingMs());
          // The application has gone back to a savepoint.
          if (!work.hasFailed && meanings.forgivesFailures) failure = undefined;
          return result;
        } catch (error) {
          throw refusedStatement(error);
        }
      }),
    lastStatement: (timeoutMs, run) =>
      queue.run(async () => {
        assertOpen();
        close();
        try {
          const { prepared, ...rest } = await run(Math.min(timeoutMs, time.remainingMs()));
          voted = await settle(prepared);
          return { vote: voted, ...rest };
        } catch (error) {
          voted = await notPrepared(error);
          return { vote: voted };
        }
      }),
    prepare: ({ timeoutMs }) =>
      queue.run(async () => {
        close();
        voted ??= await prepare(timeoutMs);
        return voted;
      }),
    commitDirectly: (options) =>
      queue.run(() => {
        close();
        return commitDirectly(options);
      }),
    rollback() {
      if (state === 'prepared') return Promise.resolve();
      closedBecause ??= 'it was rolled back';
      failure ??= 'it was rolled back';
      // A statement that is under way may wait for a lock for long: then the connection goes, and the work with it.
      if (queue.isBusy) {
        cut('it was rolled back');
        return Promise.resolve();
      }
      return queue.run(undo);
    },
    endPrepared: (verb, timeoutMs) =>
      queue.run(async () => {
        try {
          if (!connection.isUsable()) {
            throw new ResourceUnreachableError(`the connection that prepared ${globalId} is gone`);
          }
          await work.endPrepared(verb, timeoutMs);
        } catch (error) {
          // Whatever the server says, the branch is looked for from outside, once this session is gone.
          cut(messageOf(error));
          throw error;
        }
        // Whoever rolls back looks for the session next, and must not take this one for it.
        if (verb === 'rollback') await over();
        else void over();
      }),
  };
}

/** What applications and managers see of it, without the methods of the dialect. */
export const branchSessionOf = (own: Outline): BranchSession => ({
  branch: own.branch,
  prepare: own.prepare,
  commitDirectly: own.commitDirectly,
  rollback: own.rollback,
  get brokenBecause() {
    return own.brokenBecause;
  },
});

const failedBefore = 'the transaction had failed before';

interface No {
  readonly type: 'no';
  readonly reason: string;
}
interface Unknown {
  readonly type: 'unknown';
  readonly reason: string;
}
