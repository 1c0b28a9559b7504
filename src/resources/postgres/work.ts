/** What a branch says to PostgreSQL, and what the answers mean for its transaction. */

import type { QueryResult } from 'pg';
import { branchOf, globalIdOf } from '../branch.ts';
import { within } from '../deadline.ts';
import { BranchBrokenError, ResourceUnreachableError } from '../errors.ts';
import type { Row } from '../sql/connection.ts';
import type { Last } from '../sql/session.ts';
import type { MustRollBack, SessionParts, Work } from '../sql/work.ts';
import type { Vote } from '../transactional.ts';
import { type PostgresConnection, resultOf } from './connection.ts';
import { receiptOf } from './endings.ts';
import { isDefinite } from './errors.ts';
import { type Answer, type Fixed, fixed, type Statement } from './group.ts';
import { commitParameters, recallKey, rememberCommit, rememberPrepared } from './memory.ts';
import { isClean, ownRole, resetOf } from './reset.ts';
import { judge, mayWrite } from './statements.ts';

/** The result of one statement, as `pg` gives it. */
export type PostgresResult<R extends Row = Row> = Pick<QueryResult<R>, 'rows' | 'rowCount' | 'command' | 'fields'>;

export interface PostgresSessionParts extends SessionParts<PostgresConnection> {
  readonly label: string;
  /** BEGIN, at the resource's isolation level. */
  readonly begin: Fixed;
}

export interface PostgresWork extends Work {
  run<R extends Row>(statement: Statement, timeoutMs: number): Promise<PostgresResult<R>>;
  runAndPrepare<R extends Row>(statement: Statement, timeoutMs: number): Promise<Last<PostgresResult<R>>>;
}

type Group = readonly (Statement | Fixed)[];

const commit = fixed('commit');
const rollBack = fixed('rollback');
const lookForWrites =
  "select pg_catalog.pg_current_xact_id_if_assigned()::text as xid, pg_catalog.current_setting('transaction_isolation') as isolation";
const mustRollBack = (error?: unknown): MustRollBack => ({ type: 'must-roll-back', error });

export function createWork(parts: PostgresSessionParts): PostgresWork {
  const { name, branch, clock, loan, label, begin } = parts;
  const { connection } = loan;
  const globalId = globalIdOf(branch);
  let hasBegun = false;
  let hasWritten = false;
  let mayBePrepared = false;
  let clean = true;

  /** Sends groups, the last of which is the branch's own. Throws when those before it fail, or anything is uncertain. */
  const exchange = async <R extends Row>(
    groups: readonly Group[],
    timeoutMs: number,
  ): Promise<readonly Answer<R>[]> => {
    const sent = connection.exchange<R>(groups);
    const answers = await within(clock, sent, timeoutMs, `the answer of '${name}' in ${globalId}`);
    for (const [index, group] of answers.entries()) {
      for (const answer of group) {
        if (!('error' in answer)) continue;
        if (!isDefinite(answer.error)) throw answer.error;
        if (index < answers.length - 1) {
          throw new ResourceUnreachableError(`a session of '${name}' could not be labelled`, { cause: answer.error });
        }
      }
    }
    return answers.at(-1) ?? [];
  };
  /** The label by which recovery finds the session, where the connection has another one. */
  const labelling = (): readonly Group[] => {
    if (connection.label === label) return [];
    connection.label = label;
    return [[{ text: `set application_name = '${label}'` }]];
  };
  /** What goes before the branch's first statement, in its group: should it fail, so does the statement. */
  const beginning = (): { readonly before: readonly Group[]; readonly first: Group } => {
    if (hasBegun) return { before: [], first: [] };
    hasBegun = true;
    clean = false;
    return { before: labelling(), first: [begin] };
  };
  /** Sends what ends the transaction, with the reset of the session behind it. @returns the answers without the reset's */
  const ending = async <R extends Row>(
    before: readonly Group[],
    group: Group,
    timeoutMs: number,
  ): Promise<readonly Answer<R>[]> => {
    const answers = await exchange<R>([...before, [...group, ...resetOf(connection)]], timeoutMs);
    clean = isClean(connection, answers.at(-1));
    return answers.slice(0, group.length);
  };
  /** Takes note of what a statement did. */
  const note = ({ text }: Statement, { command }: PostgresResult, status: string | null): void => {
    hasWritten ||= mayWrite(text, command);
    const became = judge(text, command, status);
    if (became === 'whole') return;
    const what = `a statement in ${globalId} answered ${command}`;
    // It is cut off, and so nothing that comes later stays.
    if (became === 'undone') throw new ResourceUnreachableError(`${what}: its transaction is rolled back`);
    throw new BranchBrokenError(
      `${what}, and has ended its transaction: what it did before may stay; look at '${name}'`,
    );
  };
  /** The transaction's id, once PREPARE or COMMIT has done it; their tags say ROLLBACK in a failed transaction. */
  const idIn = (answers: readonly Answer[], verb: 'PREPARE' | 'COMMIT'): string | MustRollBack => {
    const [remembered, ended] = answers.slice(-2);
    const failed = answers.find((it) => 'error' in it);
    if (failed !== undefined && 'error' in failed) return mustRollBack(failed.error);
    if (remembered === undefined || ended === undefined || 'error' in remembered || 'error' in ended) {
      return mustRollBack();
    }
    return ended.result.command === verb ? String(remembered.texts[0]) : mustRollBack();
  };
  const preparation = (): Group => [
    ownRole,
    { text: rememberPrepared, values: [globalId], isPlain: true },
    { text: `prepare transaction '${globalId}'` },
  ];
  const voteOf = (xid: string | MustRollBack): Vote | MustRollBack => {
    if (typeof xid !== 'string') return xid;
    const { history } = connection;
    return history === null ? { type: 'yes' } : { type: 'yes', receipt: receiptOf(xid, history) };
  };
  /**
   * Ends a transaction that changed nothing. Rolled back, it certainly leaves nothing, not even a notification that a
   * function has sent; but in serializable isolation only a commit vouches for what was read.
   */
  const endReadOnly = async (isolation: unknown, timeoutMs: number): Promise<Vote | MustRollBack> => {
    const isSerializable = isolation === 'serializable';
    const { command } = resultOf(await ending([], [isSerializable ? commit : rollBack], timeoutMs));
    return isSerializable && command !== 'COMMIT' ? mustRollBack() : { type: 'read-only' };
  };

  return {
    get hasBegun() {
      return hasBegun;
    },
    get hasFailed() {
      return hasBegun && connection.status() !== 'T';
    },
    get mayBePrepared() {
      return mayBePrepared;
    },
    get isClean() {
      return clean;
    },
    async run<R extends Row>(statement: Statement, timeoutMs: number) {
      const { before, first } = beginning();
      const result = resultOf(await exchange<R>([...before, [...first, statement]], timeoutMs));
      note(statement, result, connection.status());
      return result;
    },
    async runAndPrepare<R extends Row>(statement: Statement, timeoutMs: number) {
      const { before, first } = beginning();
      mayBePrepared = true;
      const answers = await ending<R>(before, [...first, statement, ...preparation()], timeoutMs);
      const answer = answers[first.length];
      const prepared = voteOf(idIn(answers, 'PREPARE'));
      if (answer === undefined || 'error' in answer) return { prepared };
      // Behind it, the transaction was still there if it could be prepared.
      note(statement, answer.result, prepared.type === 'yes' ? 'T' : null);
      return { result: answer.result, prepared };
    },
    async prepare(timeoutMs) {
      if (!hasWritten) {
        const { rows } = resultOf(await exchange([[{ text: lookForWrites }]], timeoutMs));
        if (rows[0]?.xid === null) return endReadOnly(rows[0].isolation, timeoutMs);
      }
      mayBePrepared = true;
      return voteOf(idIn(await ending([], preparation(), timeoutMs), 'PREPARE'));
    },
    async commit(key, timeoutMs) {
      const { before, first } = beginning();
      const values = commitParameters(branch, timeoutMs, key);
      const group = [...first, ownRole, { text: rememberCommit, values, isPlain: true }, commit];
      const xid = idIn(await ending(before, group, timeoutMs), 'COMMIT');
      return typeof xid === 'string' ? 'committed' : xid;
    },
    async rollBack(timeoutMs) {
      if (connection.status() !== 'I') resultOf(await ending([], [rollBack], timeoutMs));
    },
    async endPrepared() {
      throw new TypeError('a prepared branch does not belong to its connection');
    },
    async holderOf(key, timeoutMs) {
      // Behind the key that is taken, the transaction has failed.
      await exchange([[rollBack]], timeoutMs);
      const { rows } = await connection.ask(recallKey, [key]);
      const holder = rows[0]?.global_id;
      return typeof holder === 'string' ? branchOf(holder) : undefined;
    },
    async reset(timeoutMs) {
      if (connection.status() !== 'I') throw new ResourceUnreachableError('the session cannot be cleared');
      const answers = await exchange([resetOf(connection)], timeoutMs);
      if (!isClean(connection, answers.at(-1))) throw new ResourceUnreachableError('the session cannot be cleared');
    },
  };
}
