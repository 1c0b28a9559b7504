/**
 * A branch at work in PostgreSQL: the application's statements, then PREPARE TRANSACTION, or COMMIT where one phase is
 * enough.
 *
 * BEGIN travels with the first statement. The branch's key (memory.ts), PREPARE and, with `queryAndPrepare`, the last
 * statement travel together.
 */

import type { QueryResult } from 'pg';
import type { Clock } from '../../environment/clock.ts';
import { type Branch, branchOf, globalIdOf } from '../branch.ts';
import { budget, within } from '../deadline.ts';
import { BranchClosedError, BranchControlError, messageOf, ResourceDeadlineError, StatementError } from '../errors.ts';
import type { Loan } from '../pool.ts';
import { createSerialQueue } from '../queue.ts';
import type { BranchSession, DirectCommit, DirectCommitOptions, Vote } from '../transactional.ts';
import { type Answer, type PostgresConnection, type Row, resultOf, type Statement } from './connection.ts';
import { receiptOf } from './endings.ts';
import { isDefinite, isReadOnly, refusalOf, sqlStateOf } from './errors.ts';
import { commitParameters, recallKey, rememberCommit, rememberPrepared } from './memory.ts';
import { assertNoControl, isControlTag, leavesTraces, mayWrite } from './statements.ts';

/** The result of one statement, as `pg` gives it. */
export type PostgresResult<R extends Row = Row> = Pick<QueryResult<R>, 'rows' | 'rowCount' | 'command' | 'fields'>;

export interface PostgresSession extends BranchSession {
  /**
   * Runs one statement.
   *
   * @throws StatementError with the driver's error as its cause; the branch then votes no, unless the application goes
   *   back to a savepoint. BranchControlError for COMMIT and the like; BranchClosedError once the branch is over;
   *   ResourceDeadlineError when the branch's time is over
   */
  query<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<PostgresResult<R>>;
  /** Runs the last statement and prepares, in one round trip. `result` is missing when the statement failed. */
  queryAndPrepare<R extends Row = Row>(
    text: string,
    values: readonly unknown[],
    options: { readonly timeoutMs: number },
  ): Promise<{ readonly vote: Vote; readonly result?: PostgresResult<R> }>;
}

/** How a session left its connection. `lost`: the server process may still be at work. */
export type SessionEnd = 'over' | 'lost';

export interface SessionParts {
  readonly name: string;
  readonly branch: Branch;
  readonly clock: Clock;
  readonly loan: Loan<PostgresConnection>;
  /** For all statements together. */
  readonly timeoutMs: number;
  readonly label: string;
  readonly isolationLevel: string | undefined;
  /** Called once, when nothing can happen on this connection any more, or nothing is known of it. */
  onEnd(end: SessionEnd): void;
}

/** How PREPARE or COMMIT went, with the answers to everything that was sent along. */
type Ended<R extends Row = Row> = { readonly answers: readonly Answer<R>[] } & (
  | { readonly xid: string }
  | { readonly error: unknown }
);

const maxWaitingStatements = 1_000;
const rollbackTimeoutMs = 5_000;

export function createSession(parts: SessionParts): PostgresSession & { readonly cut: (reason: string) => void } {
  const { name, branch, clock, loan } = parts;
  const { connection } = loan;
  const globalId = globalIdOf(branch);
  const queue = createSerialQueue(`branch ${globalId}`, maxWaitingStatements);
  const time = budget(clock, parts.timeoutMs);
  let hasBegun = false;
  let hasWritten = false;
  let hasTraces = false;
  /** Why no statement is accepted any more. */
  let closedBecause: string | undefined;
  /** The error that a vote of no reports. */
  let failure: string | undefined;
  let hasEnded = false;
  /** Given with the last statement; whoever asks for it again gets it again. */
  let voted: Vote | undefined;

  const end = (how: SessionEnd): void => {
    if (hasEnded) return;
    hasEnded = true;
    closedBecause ??= 'it is over';
    loan.release(how === 'lost' || hasTraces || connection.status() !== 'I' ? 'discard' : undefined);
    parts.onEnd(how);
  };
  const cut = (reason: string): void => {
    closedBecause ??= reason;
    failure ??= reason;
    connection.destroy();
    end('lost');
  };
  /** What goes before the branch's first statement. */
  const beginning = (): readonly Statement[] => {
    if (hasBegun) return [];
    hasBegun = true;
    const begin = {
      text: parts.isolationLevel === undefined ? 'begin' : `begin isolation level ${parts.isolationLevel}`,
    };
    if (connection.label === parts.label) return [begin];
    connection.label = parts.label;
    return [{ text: `set application_name = '${parts.label}'` }, begin];
  };
  const exchange = <R extends Row>(
    statements: readonly Statement[],
    timeoutMs: number,
    what = 'answer',
  ): Promise<readonly Answer<R>[]> =>
    within(clock, connection.exchange<R>(statements), timeoutMs, `the ${what} of '${name}' in ${globalId}`);
  const send = async (text: string, timeoutMs: number, values?: readonly unknown[]): Promise<QueryResult<Row>> =>
    resultOf(await exchange([{ text, values }], timeoutMs));
  /** Takes note of an error, and says whether it is certain that the statement did not happen. */
  const failed = (error: unknown): boolean => {
    if (error instanceof ResourceDeadlineError || !isDefinite(error) || !connection.isUsable()) {
      cut(messageOf(error));
      return false;
    }
    failure ??= messageOf(error);
    // The primary may be somewhere else by now: the next one connects anew.
    hasTraces ||= isReadOnly(error);
    return true;
  };
  const assertOpen = (): void => {
    if (closedBecause === undefined) return;
    throw new BranchClosedError(`expected no statement in ${globalId} at '${name}': ${closedBecause}`);
  };
  const undo = async (): Promise<void> => {
    if (hasEnded) return;
    if (!hasBegun || connection.status() === 'I') {
      end('over');
      return;
    }
    try {
      await send('rollback', rollbackTimeoutMs);
      end('over');
    } catch (error) {
      cut(messageOf(error));
    }
  };
  const no = async (reason: string): Promise<{ type: 'no'; reason: string }> => {
    await undo();
    return { type: 'no', reason };
  };

  /** Takes note of what statements did. @returns the tag of one that began or ended a transaction */
  const noteTags = (text: string, result: PostgresResult | readonly PostgresResult[]): string | undefined => {
    const tags = (Array.isArray(result) ? result : [result]).map((it: PostgresResult) => it.command);
    hasWritten ||= tags.some((tag) => mayWrite(text, tag));
    hasTraces ||= tags.some(leavesTraces);
    return tags.find(isControlTag);
  };
  const noteResult = (text: string, result: PostgresResult): void => {
    const tag = noteTags(text, result) ?? (connection.status() === 'I' ? result.command : undefined);
    if (tag !== undefined) {
      cut(`a statement within it answered ${tag}`);
      throw new BranchControlError(
        `expected only statements within ${globalId}, got one that answered ${tag}: what it did before is not atomic with the rest`,
      );
    }
    if (connection.status() === 'T') failure = undefined;
  };
  const statementFailed = (error: unknown): never => {
    if (error instanceof BranchControlError) throw error;
    failed(error);
    if (error instanceof ResourceDeadlineError) throw error;
    throw new StatementError(`'${name}' refused a statement: ${messageOf(error)}`, {
      cause: error,
      resourceCode: sqlStateOf(error),
    });
  };

  /**
   * Sends, behind what is given, the branch's key and PREPARE or COMMIT, without waiting in between. In a transaction
   * that has failed PREPARE raises no error: its tag says that it rolled back instead.
   *
   * @returns the transaction's id, or why it is rolled back, or must be
   * @throws what leaves it uncertain
   */
  const ending = async <R extends Row>(
    before: readonly Statement[],
    keyAndEnd: readonly Statement[],
    verb: 'PREPARE' | 'COMMIT',
    timeoutMs: number,
  ): Promise<Ended<R>> => {
    const answers = await exchange<R>([...before, ...keyAndEnd], timeoutMs, verb);
    const errors = answers.flatMap((it): unknown[] => ('error' in it ? [it.error] : []));
    const uncertain = errors.find((error) => !isDefinite(error));
    if (uncertain !== undefined) throw uncertain;
    const [remembered, ended] = answers.slice(-2);
    if (errors.length > 0 || remembered === undefined || ended === undefined) return { answers, error: errors[0] };
    if ('error' in remembered || 'error' in ended || ended.result.command !== verb)
      return { answers, error: undefined };
    return { answers, xid: String(remembered.result.rows[0]?.xid) };
  };
  /** @param last the branch's last statement, if it has not been run yet */
  const preparing = <R extends Row>(last: Statement | undefined, timeoutMs: number): Promise<Ended<R>> => {
    const key: Statement = { text: rememberPrepared, values: [globalId] };
    const end: Statement = { text: `prepare transaction '${globalId}'`, follows: true };
    if (last === undefined) return ending<R>([], [key, end], 'PREPARE', timeoutMs);
    const before = [...beginning(), following(last)];
    // A text without values may be several statements and end the transaction: then the key must not travel with PREPARE,
    // or it would be prepared by itself under the branch's name.
    return isSingle(last)
      ? ending<R>(before, [{ follows: true, ...key }, end], 'PREPARE', timeoutMs)
      : ending<R>(before, [key, { text: end.text }], 'PREPARE', timeoutMs);
  };
  const rolledBack = async (error: unknown): Promise<{ type: 'no'; reason: string }> =>
    no(failure ?? (error === undefined ? 'the transaction had failed before' : refusalOf(name, error)));
  const voteOf = async (ended: Ended): Promise<Vote> => {
    if ('error' in ended) return rolledBack(ended.error);
    end('over');
    const { history } = connection;
    return history === null ? { type: 'yes' } : { type: 'yes', receipt: receiptOf(ended.xid, history) };
  };
  const prepareFailed = async (error: unknown): Promise<Vote> => {
    const before = failure;
    if (!failed(error)) return { type: 'unknown', reason: messageOf(error) };
    return no(before ?? refusalOf(name, error));
  };
  /** What is known before anything is sent. */
  const foregone = async (): Promise<Vote | undefined> => {
    if (hasEnded) return { type: 'no', reason: failure ?? closedBecause ?? 'the branch is over' };
    if (!connection.isUsable()) {
      cut(failure ?? 'the connection was lost');
      return { type: 'no', reason: failure ?? 'the connection was lost' };
    }
    if (hasBegun && connection.status() !== 'T') return no(failure ?? 'the transaction had failed before');
    return undefined;
  };
  const close = (): void => {
    closedBecause ??= 'it was asked to prepare or commit';
  };

  const prepare = async (timeoutMs: number): Promise<Vote> => {
    const limit = budget(clock, timeoutMs);
    const known = await foregone();
    if (known !== undefined) return known;
    if (!hasBegun) {
      end('over');
      return { type: 'read-only' };
    }
    try {
      if (!hasWritten) {
        const { rows } = await send('select pg_current_xact_id_if_assigned()::text as xid', limit.remainingMs());
        if (rows[0]?.xid === null) return await commitReadOnly(limit.remainingMs());
      }
      return await voteOf(await preparing(undefined, limit.remainingMs()));
    } catch (error) {
      return prepareFailed(error);
    }
  };
  /** COMMIT, not ROLLBACK: in serializable isolation only a commit vouches for what was read. */
  const commitReadOnly = async (timeoutMs: number): Promise<Vote> => {
    const { command } = await send('commit', timeoutMs);
    if (command !== 'COMMIT') return no(failure ?? 'the transaction had failed before');
    end('over');
    return { type: 'read-only' };
  };

  const prepareWith = async <R extends Row>(
    text: string,
    values: readonly unknown[],
    timeoutMs: number,
  ): Promise<{ readonly vote: Vote; readonly result?: PostgresResult<R> }> => {
    try {
      const ended = await preparing<R>({ text, values }, timeoutMs);
      // Behind it are the key and PREPARE.
      const answer = ended.answers.at(-3);
      const result = answer === undefined || 'error' in answer ? undefined : answer.result;
      const tag = result === undefined ? undefined : noteTags(text, result);
      if (tag !== undefined) {
        // It ended the transaction, and the key went with whatever came after it.
        const reason = `its last statement answered ${tag}, and what it did is not atomic with the rest`;
        cut(reason);
        return { vote: { type: 'unknown', reason } };
      }
      if ('error' in ended) return { vote: await rolledBack(ended.error) };
      const vote = await voteOf(ended);
      return result === undefined ? { vote } : { vote, result };
    } catch (error) {
      return { vote: await prepareFailed(error) };
    }
  };

  const commitDirectly = async ({ timeoutMs, idempotencyKey }: DirectCommitOptions): Promise<DirectCommit> => {
    const limit = budget(clock, timeoutMs);
    const known = await foregone();
    if (known !== undefined) {
      return { type: 'no', reason: 'reason' in known ? known.reason : 'the branch is over' };
    }
    try {
      const values = commitParameters(branch, limit.remainingMs(), idempotencyKey);
      const key: Statement = { text: rememberCommit, values };
      // Behind a key that is taken, COMMIT must end the transaction, so that this connection can ask whose it is.
      const commit: Statement = { text: 'commit', ...(idempotencyKey === undefined ? { follows: true } : {}) };
      const ended = await ending(beginning(), [key, commit], 'COMMIT', limit.remainingMs());
      if ('error' in ended) {
        const holder = await holderOf(ended.error, idempotencyKey);
        const refused = await rolledBack(ended.error);
        return holder === undefined ? refused : { ...refused, committedBy: holder };
      }
      end('over');
      return { type: 'committed' };
    } catch (error) {
      return failed(error) ? await rolledBack(error) : { type: 'unknown', reason: messageOf(error) };
    }
  };
  /** Which branch committed under the key that this one asked for. */
  const holderOf = async (error: unknown, idempotencyKey: string | undefined): Promise<Branch | undefined> => {
    if (idempotencyKey === undefined || sqlStateOf(error) !== '23505') return undefined;
    try {
      const { rows } = await send(recallKey, rollbackTimeoutMs, [`${branch.manager}:${idempotencyKey}`]);
      const holder = rows[0]?.global_id;
      return typeof holder === 'string' ? branchOf(holder) : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    branch,
    cut,
    query<R extends Row>(text: string, values?: readonly unknown[]) {
      return queue.run(async (): Promise<PostgresResult<R>> => {
        assertOpen();
        assertNoControl(text);
        try {
          const result = resultOf(await exchange<R>([...beginning(), following({ text, values })], time.remainingMs()));
          noteResult(text, result);
          return result;
        } catch (error) {
          return statementFailed(error);
        }
      });
    },
    queryAndPrepare<R extends Row>(text: string, values: readonly unknown[], options: { readonly timeoutMs: number }) {
      return queue.run(async () => {
        assertOpen();
        assertNoControl(text);
        close();
        const answer = await prepareWith<R>(text, values, Math.min(options.timeoutMs, time.remainingMs()));
        voted = answer.vote;
        return answer;
      });
    },
    prepare({ timeoutMs }) {
      return queue.run(async () => {
        close();
        return voted ?? (await prepare(timeoutMs));
      });
    },
    commitDirectly(options) {
      return queue.run(() => {
        close();
        return commitDirectly(options);
      });
    },
    rollback() {
      closedBecause ??= 'it was rolled back';
      failure ??= 'it was rolled back';
      // A statement that is under way may wait for a lock for long: then the connection goes, and the work with it.
      if (queue.isBusy) {
        cut('it was rolled back');
        return Promise.resolve();
      }
      return queue.run(undo);
    },
  };
}

/** Whether it is one statement for certain. */
const isSingle = ({ values = [] }: Statement): boolean => values.length > 0;
/** The application's statement, so that it travels with BEGIN where it can. */
const following = (statement: Statement): Statement =>
  isSingle(statement) ? { follows: true, ...statement } : statement;
