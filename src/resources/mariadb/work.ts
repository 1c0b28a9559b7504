/**
 * What a branch says to MariaDB, and what the answers mean for its transaction.
 *
 * A savepoint that is set first is a witness: it is there at the end only if the transaction is the one that was begun.
 * The server lets XA statements in procedures and compound statements end it and begin another one of the same name.
 */

import { branchOf, globalIdOf } from '../branch.ts';
import { budget, within } from '../deadline.ts';
import { BranchBrokenError, DuplicateBranchError, ResourceUnreachableError } from '../errors.ts';
import type { Row } from '../sql/connection.ts';
import type { MustRollBack, SessionParts, Work } from '../sql/work.ts';
import type { Vote } from '../transactional.ts';
import type { MariaDbConnection, MariaDbResult } from './connection.ts';
import { errorNumberOf, isDefinite } from './errors.ts';
import type { Parameter } from './literals.ts';
import { lockNameOf, recallKey, rememberCommit, xidOf } from './memory.ts';

export interface MariaDbSessionParts extends SessionParts<MariaDbConnection> {
  /** That an application cannot guess. */
  readonly savepoint: string;
}

export interface MariaDbWork extends Work {
  /** Claims the branch's lock and starts it. Call once, first. @throws DuplicateBranchError */
  start(timeoutMs: number): Promise<void>;
  run<R extends Row>(
    text: string,
    values: readonly Parameter[] | undefined,
    timeoutMs: number,
  ): Promise<MariaDbResult<R>>;
}

const writes =
  "select sum(variable_value) from information_schema.session_status where variable_name in ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')";
const noSuchSavepoint = 1305;

export function createWork(parts: MariaDbSessionParts): MariaDbWork {
  const { name, branch, clock, loan } = parts;
  const { connection } = loan;
  const globalId = globalIdOf(branch);
  const xid = xidOf(branch);
  const savepoint = `\`${parts.savepoint}\``;
  let phase: 'new' | 'active' | 'idle' | 'over' = 'new';
  let hasWitness = false;
  let writesBefore: unknown;
  let hasWritten = false;
  let hasFailed = false;
  let mayBePrepared = false;
  let clean = true;

  const limited = <T>(work: Promise<T>, timeoutMs: number): Promise<T> =>
    within(clock, work, timeoutMs, `the answer of '${name}' in ${globalId}`);
  const send = async (text: string, timeoutMs: number, values?: readonly Parameter[]): Promise<MariaDbResult> =>
    (await limited(connection.run(text, values), timeoutMs)).result;
  /** Whether the server did it; certainly not, when it says so. */
  const attempt = async (text: string, timeoutMs: number): Promise<boolean> => {
    try {
      await send(text, timeoutMs);
      return true;
    } catch (error) {
      if (!isDefinite(error)) throw error;
      return false;
    }
  };
  const broken = (): BranchBrokenError =>
    new BranchBrokenError(
      `a statement in ${globalId} has ended its transaction: what it did before may stay; look at '${name}'`,
    );
  /** @returns that the transaction is another one, or was rolled back by the server; `rollBack` finds out */
  const releaseWitness = async (timeoutMs: number): Promise<MustRollBack | undefined> => {
    try {
      await send(`release savepoint ${savepoint}`, timeoutMs);
      hasWitness = false;
      return undefined;
    } catch (error) {
      if (errorNumberOf(error) !== noSuchSavepoint) throw error;
      return { type: 'must-roll-back' };
    }
  };
  /** Stores the key and ends the statements. */
  const finish = async (key: string | null, timeoutMs: number): Promise<MustRollBack | undefined> => {
    const limit = budget(clock, timeoutMs);
    const refusal = await releaseWitness(limit.remainingMs());
    if (refusal !== undefined) return refusal;
    await send(rememberCommit(connection.memory, timeoutMs), limit.remainingMs(), [globalId, key]);
    await send(`xa end ${xid}`, limit.remainingMs());
    phase = 'idle';
    return undefined;
  };
  const hasChanged = async (timeoutMs: number): Promise<boolean> => {
    const { rows } = await send(`select (${writes}) as writes`, timeoutMs);
    return rows[0]?.writes !== writesBefore;
  };
  const commitOnePhase = async (timeoutMs: number): Promise<void> => {
    await send(`xa commit ${xid} one phase`, timeoutMs);
    phase = 'over';
  };
  const endReadOnly = async (timeoutMs: number): Promise<Vote | MustRollBack> => {
    const limit = budget(clock, timeoutMs);
    const refusal = await releaseWitness(limit.remainingMs());
    if (refusal !== undefined) return refusal;
    await send(`xa end ${xid}`, limit.remainingMs());
    phase = 'idle';
    await commitOnePhase(limit.remainingMs());
    return { type: 'read-only' };
  };

  const rollBack = async (timeoutMs: number): Promise<void> => {
    const limit = budget(clock, timeoutMs);
    const isWhole = !hasWitness || (await attempt(`release savepoint ${savepoint}`, limit.remainingMs()));
    // In a transaction that the server has given up, XA END fails and XA ROLLBACK does not.
    const hasEnded = phase === 'active' && (await attempt(`xa end ${xid}`, limit.remainingMs()));
    const isUndone = await attempt(`xa rollback ${xid}`, limit.remainingMs());
    phase = 'over';
    if (!isWhole && (hasEnded || !isUndone)) throw broken();
  };

  return {
    get hasBegun() {
      return phase === 'active' || phase === 'idle';
    },
    get hasFailed() {
      return hasFailed;
    },
    get mayBePrepared() {
      return mayBePrepared;
    },
    get isClean() {
      return clean;
    },
    async start(timeoutMs) {
      const limit = budget(clock, timeoutMs);
      clean = false;
      const { rows } = await send(`select get_lock(?, 0) as locked, (${writes}) as writes`, limit.remainingMs(), [
        lockNameOf(branch),
      ]);
      if (rows[0]?.locked !== 1) {
        throw new DuplicateBranchError(
          `expected a new branch, got ${globalId}, for which a session of '${name}' is open`,
        );
      }
      writesBefore = rows[0]?.writes;
      await send(`xa start ${xid}`, limit.remainingMs());
      phase = 'active';
      await send(`savepoint ${savepoint}`, limit.remainingMs());
      hasWitness = true;
    },
    async run<R extends Row>(text: string, values: readonly Parameter[] | undefined, timeoutMs: number) {
      try {
        const { result, isInTransaction } = await limited(connection.run<R>(text, values), timeoutMs);
        hasWritten ||= result.affectedRows !== undefined && result.affectedRows > 0;
        if (isInTransaction !== false) return result;
        // Ended by the statement, or rolled back by the server while a procedure went on.
        await rollBack(timeoutMs);
        throw new ResourceUnreachableError(`the transaction of ${globalId} was rolled back within a statement`);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    },
    async prepare(timeoutMs) {
      const limit = budget(clock, timeoutMs);
      if (!hasWritten && !(await hasChanged(limit.remainingMs()))) return endReadOnly(limit.remainingMs());
      const refusal = await finish(null, limit.remainingMs());
      if (refusal !== undefined) return refusal;
      mayBePrepared = true;
      await send(`xa prepare ${xid}`, limit.remainingMs());
      return { type: 'yes' };
    },
    async commit(key, timeoutMs) {
      const limit = budget(clock, timeoutMs);
      const refusal = await finish(key, limit.remainingMs());
      if (refusal !== undefined) return refusal;
      await commitOnePhase(limit.remainingMs());
      return 'committed';
    },
    rollBack,
    async endPrepared(verb, timeoutMs) {
      await send(`xa ${verb} ${xid}`, timeoutMs);
      phase = 'over';
    },
    async holderOf(key, timeoutMs) {
      const { rows } = await send(recallKey(connection.memory), timeoutMs, [key]);
      const holder = rows[0]?.global_id;
      return typeof holder === 'string' ? branchOf(holder) : undefined;
    },
    reset: (timeoutMs) => limited(connection.reset(), timeoutMs),
  };
}
