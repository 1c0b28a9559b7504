/**
 * What a branch says to MariaDB, and what the answers mean for its transaction.
 *
 * A savepoint that is set first is a witness: it is there at the end only if the transaction is the one that was begun.
 * The server lets XA statements in procedures and compound statements end it and begin another one of the same name.
 */

import type { Clock } from '../../environment/clock.ts';
import { type Branch, branchOf, globalIdOf } from '../branch.ts';
import { budget, within } from '../deadline.ts';
import { BranchBrokenError, BranchFailedError, DuplicateBranchError, ResourceUnreachableError } from '../errors.ts';
import type { BranchMode } from '../mode.ts';
import type { AnyRow } from '../sql/connection.ts';
import type { MustRollBack, SessionParts, Work } from '../sql/work.ts';
import type { Vote } from '../transactional.ts';
import type { MariaDbConnection, MariaDbFormat, MariaDbResult } from './connection.ts';
import { errorNumberOf, isDefinite } from './errors.ts';
import type { Parameter } from './literals.ts';
import { lockNameOf, recallKey, rememberCommit, xidOf } from './memory.ts';
import { goesBack } from './statements.ts';

export interface MariaDbSessionParts extends SessionParts<MariaDbConnection> {
  /** That an application cannot guess. */
  readonly savepoint: string;
}

export interface MariaDbWork extends Work {
  /** Claims the branch's lock and starts it. Call once, first. @throws DuplicateBranchError */
  start(timeoutMs: number): Promise<void>;
  run<R extends AnyRow>(
    text: string,
    values: readonly Parameter[] | undefined,
    timeoutMs: number,
    format?: MariaDbFormat,
  ): Promise<MariaDbResult<R>>;
}

const writes =
  "select sum(variable_value) from information_schema.session_status where variable_name in ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')";
const noSuchSavepoint = 1305;

/** XA START has no words for it: what is set here holds for the next transaction, and cannot be changed within that. */
function characteristicsOf({ isolation, readOnly = false }: BranchMode): string | undefined {
  const all = [
    ...(isolation === undefined ? [] : [`isolation level ${isolation}`]),
    ...(readOnly ? ['read only'] : []),
  ];
  return all.length === 0 ? undefined : `set transaction ${all.join(', ')}`;
}

export function createWork(parts: MariaDbSessionParts): MariaDbWork {
  return new StartedWork(parts);
}

class StartedWork implements MariaDbWork {
  readonly #name: string;
  readonly #branch: Branch;
  readonly #clock: Clock;
  readonly #connection: MariaDbConnection;
  readonly #globalId: string;
  readonly #xid: string;
  readonly #savepoint: string;
  readonly #mode: BranchMode;
  #phase: 'new' | 'active' | 'idle' | 'over' = 'new';
  #hasWitness = false;
  #writesBefore: unknown;
  #hasWritten = false;
  #hasFailed = false;
  #mayBePrepared = false;
  #clean = true;

  constructor(parts: MariaDbSessionParts) {
    const { name, branch, clock, loan, mode } = parts;
    this.#name = name;
    this.#branch = branch;
    this.#clock = clock;
    this.#connection = loan.connection;
    this.#globalId = globalIdOf(branch);
    this.#xid = xidOf(branch);
    this.#savepoint = `\`${parts.savepoint}\``;
    this.#mode = mode;
  }

  get hasBegun(): boolean {
    return this.#phase === 'active' || this.#phase === 'idle';
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get mayBePrepared(): boolean {
    return this.#mayBePrepared;
  }

  get isClean(): boolean {
    return this.#clean;
  }

  async start(timeoutMs: number): Promise<void> {
    const limit = budget(this.#clock, timeoutMs);
    this.#clean = false;
    const { rows } = await this.#send(`select get_lock(?, 0) as locked, (${writes}) as writes`, limit.remainingMs(), [
      lockNameOf(this.#branch),
    ]);
    if (Number(rows[0]?.locked) !== 1) {
      throw new DuplicateBranchError(
        `expected a new branch, got ${this.#globalId}, for which a session of '${this.#name}' is open`,
      );
    }
    this.#writesBefore = rows[0]?.writes;
    const characteristics = characteristicsOf(this.#mode);
    if (characteristics !== undefined) await this.#send(characteristics, limit.remainingMs());
    await this.#send(`xa start ${this.#xid}`, limit.remainingMs());
    this.#phase = 'active';
    await this.#send(`savepoint ${this.#savepoint}`, limit.remainingMs());
    this.#hasWitness = true;
  }

  async run<R extends AnyRow>(
    text: string,
    values: readonly Parameter[] | undefined,
    timeoutMs: number,
    format?: MariaDbFormat,
  ): Promise<MariaDbResult<R>> {
    // The server would go on, also to savepoints that are younger than the failure.
    if (this.#hasFailed && !goesBack(text)) {
      throw new BranchFailedError(
        `expected ROLLBACK TO a savepoint in ${this.#globalId}, in which a statement has failed, got: ${text.trim().slice(0, 40)}`,
      );
    }
    try {
      const { result, isInTransaction } = await this.#limited(this.#connection.run<R>(text, values, format), timeoutMs);
      this.#hasWritten ||= result.affectedRows !== undefined && Number(result.affectedRows) > 0;
      if (isInTransaction !== false) {
        this.#hasFailed = false;
        return result;
      }
      // Ended by the statement, or rolled back by the server while a procedure went on.
      await this.rollBack(timeoutMs);
      throw new ResourceUnreachableError(`the transaction of ${this.#globalId} was rolled back within a statement`);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }

  async prepare(timeoutMs: number): Promise<Vote | MustRollBack> {
    const limit = budget(this.#clock, timeoutMs);
    if (this.#mode.readOnly === true || (!this.#hasWritten && !(await this.#hasChanged(limit.remainingMs()))))
      return this.#endReadOnly(limit.remainingMs());
    const refusal = await this.#finish(null, limit.remainingMs());
    if (refusal !== undefined) return refusal;
    this.#mayBePrepared = true;
    await this.#send(`xa prepare ${this.#xid}`, limit.remainingMs());
    return { type: 'yes' };
  }

  async commit(key: string | null, timeoutMs: number): Promise<MustRollBack | 'committed'> {
    const limit = budget(this.#clock, timeoutMs);
    if (this.#mode.readOnly === true) {
      const ended = await this.#endReadOnly(limit.remainingMs());
      return ended.type === 'must-roll-back' ? ended : 'committed';
    }
    const refusal = await this.#finish(key, limit.remainingMs());
    if (refusal !== undefined) return refusal;
    await this.#commitOnePhase(limit.remainingMs());
    return 'committed';
  }

  async endPrepared(verb: 'commit' | 'rollback', timeoutMs: number): Promise<void> {
    await this.#send(`xa ${verb} ${this.#xid}`, timeoutMs);
    this.#phase = 'over';
  }

  async holderOf(key: string, timeoutMs: number): Promise<Branch | undefined> {
    const { rows } = await this.#send(recallKey(this.#connection.memory), timeoutMs, [key]);
    const holder = rows[0]?.global_id;
    return typeof holder === 'string' ? branchOf(holder) : undefined;
  }

  reset(timeoutMs: number): Promise<void> {
    return this.#limited(this.#connection.reset(), timeoutMs);
  }

  async rollBack(timeoutMs: number): Promise<void> {
    const limit = budget(this.#clock, timeoutMs);
    const isWhole =
      !this.#hasWitness || (await this.#attempt(`release savepoint ${this.#savepoint}`, limit.remainingMs()));
    // In a transaction that the server has given up, XA END fails and XA ROLLBACK does not.
    const hasEnded = this.#phase === 'active' && (await this.#attempt(`xa end ${this.#xid}`, limit.remainingMs()));
    const isUndone = await this.#attempt(`xa rollback ${this.#xid}`, limit.remainingMs());
    this.#phase = 'over';
    if (!isWhole && (hasEnded || !isUndone)) throw this.#broken();
  }

  #limited<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
    return within(this.#clock, work, timeoutMs, `the answer of '${this.#name}' in ${this.#globalId}`);
  }

  async #send(text: string, timeoutMs: number, values?: readonly Parameter[]): Promise<MariaDbResult> {
    return (await this.#limited(this.#connection.run(text, values), timeoutMs)).result;
  }

  /** Whether the server did it; certainly not, when it says so. */
  async #attempt(text: string, timeoutMs: number): Promise<boolean> {
    try {
      await this.#send(text, timeoutMs);
      return true;
    } catch (error) {
      if (!isDefinite(error)) throw error;
      return false;
    }
  }

  #broken(): BranchBrokenError {
    return new BranchBrokenError(
      `a statement in ${this.#globalId} has ended its transaction: what it did before may stay; look at '${this.#name}'`,
    );
  }

  /** @returns that the transaction is another one, or was rolled back by the server; `rollBack` finds out */
  async #releaseWitness(timeoutMs: number): Promise<MustRollBack | undefined> {
    try {
      await this.#send(`release savepoint ${this.#savepoint}`, timeoutMs);
      this.#hasWitness = false;
      return undefined;
    } catch (error) {
      if (errorNumberOf(error) !== noSuchSavepoint) throw error;
      return { type: 'must-roll-back' };
    }
  }

  /** Stores the key and ends the statements. */
  async #finish(key: string | null, timeoutMs: number): Promise<MustRollBack | undefined> {
    const limit = budget(this.#clock, timeoutMs);
    const refusal = await this.#releaseWitness(limit.remainingMs());
    if (refusal !== undefined) return refusal;
    await this.#send(rememberCommit(this.#connection.memory, timeoutMs), limit.remainingMs(), [this.#globalId, key]);
    await this.#send(`xa end ${this.#xid}`, limit.remainingMs());
    this.#phase = 'idle';
    return undefined;
  }

  async #hasChanged(timeoutMs: number): Promise<boolean> {
    const { rows } = await this.#send(`select (${writes}) as writes`, timeoutMs);
    return rows[0]?.writes !== this.#writesBefore;
  }

  async #commitOnePhase(timeoutMs: number): Promise<void> {
    await this.#send(`xa commit ${this.#xid} one phase`, timeoutMs);
    this.#phase = 'over';
  }

  async #endReadOnly(timeoutMs: number): Promise<Vote | MustRollBack> {
    const limit = budget(this.#clock, timeoutMs);
    const refusal = await this.#releaseWitness(limit.remainingMs());
    if (refusal !== undefined) return refusal;
    await this.#send(`xa end ${this.#xid}`, limit.remainingMs());
    this.#phase = 'idle';
    await this.#commitOnePhase(limit.remainingMs());
    return { type: 'read-only' };
  }
}
