/** What a branch says to PostgreSQL, and what the answers mean for its transaction. */

import type { QueryResult } from 'pg';
import type { Clock } from '../../environment/clock.ts';
import { type Branch, branchOf, globalIdOf } from '../branch.ts';
import { within } from '../deadline.ts';
import { BranchBrokenError, ResourceUnreachableError } from '../errors.ts';
import type { AnyRow, Row } from '../sql/connection.ts';
import type { Last } from '../sql/session.ts';
import type { MustRollBack, SessionParts, Work } from '../sql/work.ts';
import type { Vote } from '../transactional.ts';
import { type PostgresConnection, resultOf } from './connection.ts';
import { receiptOf } from './endings.ts';
import { isDefinite } from './errors.ts';
import type { Answer } from './group.ts';
import { commitParameters, recallKey, rememberCommit, rememberPrepared } from './memory.ts';
import { type Fixed, fixed, type Statement } from './messages.ts';
import { isClean, ownRole, resetOf } from './reset.ts';
import { judge, mayWrite } from './statements.ts';

/** The result of one statement, as `pg` gives it. */
export type PostgresResult<R extends AnyRow = Row> = Pick<QueryResult<R>, 'rows' | 'rowCount' | 'command' | 'fields'>;

export interface PostgresSessionParts extends SessionParts<PostgresConnection> {
  readonly label: string;
  /** BEGIN, in the branch's mode. */
  readonly begin: Fixed;
}

export interface PostgresWork extends Work {
  run<R extends AnyRow>(statement: Statement, timeoutMs: number): Promise<PostgresResult<R>>;
  runAndPrepare<R extends AnyRow>(statement: Statement, timeoutMs: number): Promise<Last<PostgresResult<R>>>;
}

type Group = readonly (Statement | Fixed)[];

const commit = fixed('commit');
const rollBack = fixed('rollback');
const lookForWrites =
  "select pg_catalog.pg_current_xact_id_if_assigned()::text as xid, pg_catalog.current_setting('transaction_isolation') as isolation";
const mustRollBack = (error?: unknown): MustRollBack => ({ type: 'must-roll-back', error });

/** Before its first query a statement can make the transaction one that writes. */
const hasEscaped: MustRollBack = {
  type: 'must-roll-back',
  reason: 'a statement has made the branch one that writes, which was to be read only; leave out readOnly',
};
type ReadOnlyVote = Extract<Vote, { readonly type: 'read-only' }>;

export function createWork(parts: PostgresSessionParts): PostgresWork {
  return new StatementWork(parts);
}

class StatementWork implements PostgresWork {
  readonly #name: string;
  readonly #branch: Branch;
  readonly #clock: Clock;
  readonly #label: string;
  readonly #begin: Fixed;
  readonly #connection: PostgresConnection;
  readonly #globalId: string;
  readonly #isReadOnly: boolean;
  #hasBegun = false;
  #hasWritten = false;
  #mayBePrepared = false;
  #clean = true;

  constructor(parts: PostgresSessionParts) {
    const { name, branch, clock, loan, label, begin, mode } = parts;
    this.#name = name;
    this.#branch = branch;
    this.#clock = clock;
    this.#label = label;
    this.#begin = begin;
    this.#connection = loan.connection;
    this.#globalId = globalIdOf(branch);
    this.#isReadOnly = mode.readOnly === true;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get hasFailed(): boolean {
    return this.#hasBegun && this.#connection.status() !== 'T';
  }

  get mayBePrepared(): boolean {
    return this.#mayBePrepared;
  }

  get isClean(): boolean {
    return this.#clean;
  }

  async run<R extends AnyRow>(statement: Statement, timeoutMs: number): Promise<PostgresResult<R>> {
    const { before, first } = this.#beginning();
    const result = resultOf(await this.#exchange<R>([...before, [...first, statement]], timeoutMs));
    this.#note(statement, result, this.#connection.status());
    return result;
  }

  async runAndPrepare<R extends AnyRow>(statement: Statement, timeoutMs: number): Promise<Last<PostgresResult<R>>> {
    const { before, first } = this.#beginning();
    this.#mayBePrepared = true;
    const answers = await this.#ending<R>(before, [...first, statement, ...this.#preparation()], timeoutMs);
    const answer = answers[first.length];
    const prepared = this.#voteOf(this.#idIn(answers, 'PREPARE'));
    if (answer === undefined || 'error' in answer) return { prepared };
    // Behind it, the transaction was still there if it could be prepared.
    this.#note(statement, answer.result, prepared.type === 'yes' ? 'T' : null);
    return { result: answer.result, prepared };
  }

  async prepare(timeoutMs: number): Promise<Vote | MustRollBack> {
    const ended = this.#isReadOnly || !this.#hasWritten ? await this.#endUnwritten(timeoutMs) : undefined;
    if (ended !== undefined) return ended;
    this.#mayBePrepared = true;
    return this.#voteOf(this.#idIn(await this.#ending([], this.#preparation(), timeoutMs), 'PREPARE'));
  }

  async commit(key: string | null, timeoutMs: number): Promise<MustRollBack | 'committed'> {
    if (this.#isReadOnly) {
      const ended = this.#hasBegun ? await this.#endUnwritten(timeoutMs) : undefined;
      return ended?.type === 'must-roll-back' ? ended : 'committed';
    }
    const { before, first } = this.#beginning();
    const values = commitParameters(this.#branch, timeoutMs, key);
    const group = [...first, ownRole, { text: rememberCommit, values, isPlain: true }, commit];
    const xid = this.#idIn(await this.#ending(before, group, timeoutMs), 'COMMIT');
    return typeof xid === 'string' ? 'committed' : xid;
  }

  async rollBack(timeoutMs: number): Promise<void> {
    if (this.#connection.status() !== 'I') resultOf(await this.#ending([], [rollBack], timeoutMs));
  }

  async endPrepared(): Promise<void> {
    throw new TypeError('a prepared branch does not belong to its connection');
  }

  async holderOf(key: string, timeoutMs: number): Promise<Branch | undefined> {
    // Behind the key that is taken, the transaction has failed.
    await this.#exchange([[rollBack]], timeoutMs);
    const { rows } = await this.#connection.ask(recallKey, [key]);
    const holder = rows[0]?.global_id;
    return typeof holder === 'string' ? branchOf(holder) : undefined;
  }

  async reset(timeoutMs: number): Promise<void> {
    if (this.#connection.status() !== 'I') throw new ResourceUnreachableError('the session cannot be cleared');
    const answers = await this.#exchange([resetOf(this.#connection)], timeoutMs);
    if (!isClean(this.#connection, answers.at(-1))) throw new ResourceUnreachableError('the session cannot be cleared');
  }

  /** Sends groups, the last of which is the branch's own. Throws when those before it fail, or anything is uncertain. */
  async #exchange<R extends AnyRow = Row>(groups: readonly Group[], timeoutMs: number): Promise<readonly Answer<R>[]> {
    const sent = this.#connection.exchange<R>(groups);
    const answers = await within(this.#clock, sent, timeoutMs, `the answer of '${this.#name}' in ${this.#globalId}`);
    for (const [index, group] of answers.entries()) {
      for (const answer of group) {
        if (!('error' in answer)) continue;
        if (!isDefinite(answer.error)) throw answer.error;
        if (index < answers.length - 1) {
          throw new ResourceUnreachableError(`a session of '${this.#name}' could not be labelled`, {
            cause: answer.error,
          });
        }
      }
    }
    return answers.at(-1) ?? [];
  }

  /** The label by which recovery finds the session, where the connection has another one. */
  #labelling(): readonly Group[] {
    if (this.#connection.label === this.#label) return [];
    this.#connection.label = this.#label;
    return [[{ text: `set application_name = '${this.#label}'` }]];
  }

  /** What goes before the branch's first statement, in its group: should it fail, so does the statement. */
  #beginning(): { readonly before: readonly Group[]; readonly first: Group } {
    if (this.#hasBegun) return { before: [], first: [] };
    this.#hasBegun = true;
    this.#clean = false;
    return { before: this.#labelling(), first: [this.#begin] };
  }

  /** Sends what ends the transaction, with the reset of the session behind it. @returns the answers without the reset's */
  async #ending<R extends AnyRow = Row>(
    before: readonly Group[],
    group: Group,
    timeoutMs: number,
  ): Promise<readonly Answer<R>[]> {
    const answers = await this.#exchange<R>([...before, [...group, ...resetOf(this.#connection)]], timeoutMs);
    this.#clean = isClean(this.#connection, answers.at(-1));
    return answers.slice(0, group.length);
  }

  /** Takes note of what a statement did. */
  #note({ text }: Statement, { command }: { readonly command: string }, status: string | null): void {
    this.#hasWritten ||= mayWrite(text, command);
    const became = judge(text, command, status);
    if (became === 'whole') return;
    const what = `a statement in ${this.#globalId} answered ${command}`;
    // It is cut off, and so nothing that comes later stays.
    if (became === 'undone') throw new ResourceUnreachableError(`${what}: its transaction is rolled back`);
    throw new BranchBrokenError(
      `${what}, and has ended its transaction: what it did before may stay; look at '${this.#name}'`,
    );
  }

  /** The transaction's id, once PREPARE or COMMIT has done it; their tags say ROLLBACK in a failed transaction. */
  #idIn(answers: readonly Answer<AnyRow>[], verb: 'PREPARE' | 'COMMIT'): string | MustRollBack {
    const [remembered, ended] = answers.slice(-2);
    const failed = answers.find((it) => 'error' in it);
    if (failed !== undefined && 'error' in failed) return mustRollBack(failed.error);
    if (remembered === undefined || ended === undefined || 'error' in remembered || 'error' in ended) {
      return mustRollBack();
    }
    return ended.result.command === verb ? String(remembered.texts[0]) : mustRollBack();
  }

  #preparation(): Group {
    return [
      ownRole,
      { text: rememberPrepared, values: [this.#globalId], isPlain: true },
      { text: `prepare transaction '${this.#globalId}'` },
    ];
  }

  #voteOf(xid: string | MustRollBack): Vote | MustRollBack {
    if (typeof xid !== 'string') return xid;
    const { history } = this.#connection;
    return history === null ? { type: 'yes' } : { type: 'yes', receipt: receiptOf(xid, history) };
  }

  /** Ends the transaction if it changed nothing. @returns undefined where it may have */
  async #endUnwritten(timeoutMs: number): Promise<ReadOnlyVote | MustRollBack | undefined> {
    const { rows } = resultOf(await this.#exchange([[{ text: lookForWrites }]], timeoutMs));
    if (rows[0]?.xid === null) return this.#endReadOnly(rows[0].isolation, timeoutMs);
    return this.#isReadOnly ? hasEscaped : undefined;
  }

  /**
   * Ends a transaction that changed nothing. Rolled back, it certainly leaves nothing, not even a notification that a
   * function has sent; but in serializable isolation only a commit vouches for what was read.
   */
  async #endReadOnly(isolation: unknown, timeoutMs: number): Promise<ReadOnlyVote | MustRollBack> {
    const isSerializable = isolation === 'serializable';
    const { command } = resultOf(await this.#ending([], [isSerializable ? commit : rollBack], timeoutMs));
    return isSerializable && command !== 'COMMIT' ? mustRollBack() : { type: 'read-only' };
  }
}
