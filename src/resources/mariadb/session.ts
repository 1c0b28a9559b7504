/**
 * A branch at work in MariaDB: XA START, the application's statements, XA END, then XA PREPARE, or XA COMMIT ONE PHASE.
 *
 * A prepared branch stays with its connection: no other session can end it while that one lives.
 */

import type { Clock } from '../../environment/clock.ts';
import { type Branch, branchOf, globalIdOf } from '../branch.ts';
import { budget, within } from '../deadline.ts';
import {
  BranchClosedError,
  BranchControlError,
  DuplicateBranchError,
  messageOf,
  ResourceDeadlineError,
  ResourceUnreachableError,
  StatementError,
} from '../errors.ts';
import type { Loan } from '../pool.ts';
import { createSerialQueue } from '../queue.ts';
import type { BranchSession, DirectCommit, DirectCommitOptions, Vote } from '../transactional.ts';
import {
  errorNumberOf,
  isDefinite,
  type MariaDbConnection,
  type MariaDbResult,
  type Parameter,
  type Row,
} from './connection.ts';
import { lockNameOf, memoryTable, recallKey, rememberCommit, xidOf } from './memory.ts';

export interface MariaDbSession extends BranchSession {
  /**
   * Runs one statement.
   *
   * @throws StatementError with the driver's error as its cause; the branch then votes no. BranchControlError for XA
   *   statements; BranchClosedError once the branch is over; ResourceDeadlineError when the branch's time is over
   */
  query<R extends Row = Row>(text: string, values?: readonly Parameter[]): Promise<MariaDbResult<R>>;
}

/** What the resource does with a session beyond what applications do. */
export interface OwnSession extends MariaDbSession {
  /** Claims the branch's lock and starts it. Call once, first. */
  start(): Promise<void>;
  /** Ends the prepared branch on its own connection. Throws the driver's error, or ResourceDeadlineError. */
  end(verb: 'commit' | 'rollback', timeoutMs: number): Promise<void>;
  /** Cuts the connection off; the branch stays as the server has it. */
  cut(reason: string): void;
  readonly isPrepared: boolean;
  /** Whether the server may still be at work for it. */
  readonly isLost: boolean;
}

export interface SessionParts {
  readonly name: string;
  readonly branch: Branch;
  readonly clock: Clock;
  readonly loan: Loan<MariaDbConnection>;
  readonly timeoutMs: number;
  /** Called once. `lost`: the server's session may still be at work. */
  onEnd(end: 'over' | 'lost'): void;
}

const cleanupTimeoutMs = 5_000;
const writes =
  "select sum(variable_value) from information_schema.session_status where variable_name in ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')";

export function createSession(parts: SessionParts): OwnSession {
  const { name, branch, clock, loan } = parts;
  const { connection } = loan;
  const globalId = globalIdOf(branch);
  const xid = xidOf(branch);
  const lockName = lockNameOf(branch);
  const queue = createSerialQueue(`branch ${globalId}`, 1_000);
  const time = budget(clock, parts.timeoutMs);
  let phase: 'new' | 'active' | 'idle' | 'prepared' | 'over' = 'new';
  let writesBefore: unknown;
  let hasWritten = false;
  let closedBecause: string | undefined;
  let failure: string | undefined;
  let isLost = false;

  const send = (text: string, timeoutMs: number, values?: readonly Parameter[]): Promise<MariaDbResult> =>
    within(clock, connection.send(text, values), timeoutMs, `the answer of '${name}' in ${globalId}`);
  const over = async (): Promise<void> => {
    if (phase === 'over') return;
    phase = 'over';
    closedBecause ??= 'it is over';
    parts.onEnd('over');
    try {
      await send('do release_lock(?)', cleanupTimeoutMs, [lockName]);
      loan.release();
    } catch {
      loan.release('discard');
    }
  };
  const cut = (reason: string): void => {
    if (phase === 'over') return;
    phase = 'over';
    isLost = true;
    closedBecause ??= reason;
    failure ??= reason;
    loan.release('discard');
    parts.onEnd('lost');
  };
  /** Takes note of an error, and says whether it is certain. */
  const failed = (error: unknown): boolean => {
    if (error instanceof ResourceDeadlineError || !isDefinite(error) || !connection.isUsable()) {
      cut(messageOf(error));
      return false;
    }
    failure ??= messageOf(error);
    return true;
  };
  const undo = async (): Promise<void> => {
    if (phase === 'over' || phase === 'prepared') return;
    try {
      // In a transaction that the server has given up, XA END fails and XA ROLLBACK does not.
      if (phase === 'active') await send(`xa end ${xid}`, cleanupTimeoutMs).catch(assertDefinite);
      if (phase !== 'new') await send(`xa rollback ${xid}`, cleanupTimeoutMs).catch(assertDefinite);
      await over();
    } catch (error) {
      cut(messageOf(error));
    }
  };
  const no = async (reason: string): Promise<{ type: 'no'; reason: string }> => {
    await undo();
    return { type: 'no', reason };
  };
  /** What is known before anything is sent. */
  const foregone = async (): Promise<{ type: 'no'; reason: string } | undefined> => {
    if (phase === 'over') return { type: 'no', reason: failure ?? closedBecause ?? 'the branch is over' };
    if (!connection.isUsable()) cut('the connection was lost');
    return failure === undefined ? undefined : no(failure);
  };
  /** Stores the key and ends the statements. */
  const finish = async (timeoutMs: number, key: string | null): Promise<void> => {
    const limit = budget(clock, timeoutMs);
    await send(rememberCommit(timeoutMs), limit.remainingMs(), [globalId, key]);
    await send(`xa end ${xid}`, limit.remainingMs());
    phase = 'idle';
  };
  const hasChanged = async (timeoutMs: number): Promise<boolean> => {
    const { rows } = await send(`select (${writes}) as writes`, timeoutMs);
    return rows[0]?.writes !== writesBefore;
  };

  const prepare = async (timeoutMs: number): Promise<Vote> => {
    const limit = budget(clock, timeoutMs);
    const known = await foregone();
    if (known !== undefined) return known;
    let wasAsked = false;
    try {
      if (!hasWritten && !(await hasChanged(limit.remainingMs()))) {
        await send(`xa end ${xid}`, limit.remainingMs());
        phase = 'idle';
        await send(`xa commit ${xid} one phase`, limit.remainingMs());
        void over();
        return { type: 'read-only' };
      }
      await finish(limit.remainingMs(), null);
      wasAsked = true;
      await send(`xa prepare ${xid}`, limit.remainingMs());
      phase = 'prepared';
      return { type: 'yes' };
    } catch (error) {
      const before = failure;
      const isCertain = failed(error);
      if (isCertain) return no(before ?? refusalOf(name, error));
      // Before XA PREPARE was sent, a session that ends takes its branch along.
      return wasAsked ? { type: 'unknown', reason: messageOf(error) } : { type: 'no', reason: messageOf(error) };
    }
  };

  const commitDirectly = async ({ timeoutMs, idempotencyKey }: DirectCommitOptions): Promise<DirectCommit> => {
    const limit = budget(clock, timeoutMs);
    const known = await foregone();
    if (known !== undefined) return known;
    const key = idempotencyKey === undefined ? null : `${branch.manager}:${idempotencyKey}`;
    try {
      await finish(limit.remainingMs(), key);
      await send(`xa commit ${xid} one phase`, limit.remainingMs());
      void over();
      return { type: 'committed' };
    } catch (error) {
      const before = failure;
      if (!failed(error)) return { type: 'unknown', reason: messageOf(error) };
      const holder = key === null || errorNumberOf(error) !== 1062 ? undefined : await holderOf(key);
      const refused = await no(before ?? refusalOf(name, error));
      return holder === undefined ? refused : { ...refused, committedBy: holder };
    }
  };
  const holderOf = async (key: string): Promise<Branch | undefined> => {
    try {
      const { rows } = await send(recallKey, cleanupTimeoutMs, [key]);
      const holder = rows[0]?.global_id;
      return typeof holder === 'string' ? branchOf(holder) : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    branch,
    cut,
    get isPrepared() {
      return phase === 'prepared';
    },
    get isLost() {
      return isLost;
    },
    async start() {
      try {
        const { rows } = await send(`select get_lock(?, 0) as locked, (${writes}) as writes`, time.remainingMs(), [
          lockName,
        ]);
        if (rows[0]?.locked !== 1) {
          throw new DuplicateBranchError(
            `expected a new branch, got ${globalId}, for which a session of '${name}' is open`,
          );
        }
        writesBefore = rows[0]?.writes;
        await send(`xa start ${xid}`, time.remainingMs());
        phase = 'active';
      } catch (error) {
        if (error instanceof DuplicateBranchError) {
          await over();
          throw error;
        }
        cut(messageOf(error));
        if (error instanceof ResourceDeadlineError) throw error;
        // XAER_DUPID: it is prepared, and its session is gone.
        if (errorNumberOf(error) === 1440) {
          throw new DuplicateBranchError(`expected a new branch, got ${globalId}, which '${name}' knows`, {
            cause: error,
          });
        }
        throw new ResourceUnreachableError(`'${name}' began no branch: ${messageOf(error)}`, { cause: error });
      }
    },
    query<R extends Row>(text: string, values?: readonly Parameter[]) {
      return queue.run(async (): Promise<MariaDbResult<R>> => {
        if (closedBecause !== undefined) {
          throw new BranchClosedError(`expected no statement in ${globalId} at '${name}': ${closedBecause}`);
        }
        if (/^(?:\s|--[^\n]*\n|#[^\n]*\n|\/\*[\s\S]*?\*\/)*xa\b/i.test(text)) {
          throw new BranchControlError(
            'expected a statement within the transaction, got an XA statement; return from the transaction to commit, throw to abort',
          );
        }
        try {
          const sent = connection.send<R>(text, values);
          const result = await within(clock, sent, time.remainingMs(), `the answer of '${name}' in ${globalId}`);
          hasWritten ||= result.affectedRows !== undefined && result.affectedRows > 0;
          return result;
        } catch (error) {
          failed(error);
          if (error instanceof ResourceDeadlineError) throw error;
          const number = errorNumberOf(error);
          throw new StatementError(`'${name}' refused a statement: ${messageOf(error)}`, {
            cause: error,
            resourceCode: number === undefined ? undefined : String(number),
          });
        }
      });
    },
    prepare: ({ timeoutMs }) =>
      queue.run(() => {
        closedBecause ??= 'it was asked to prepare or commit';
        return prepare(timeoutMs);
      }),
    commitDirectly: (options) =>
      queue.run(() => {
        closedBecause ??= 'it was asked to prepare or commit';
        return commitDirectly(options);
      }),
    rollback() {
      if (phase === 'prepared') return Promise.resolve();
      closedBecause ??= 'it was rolled back';
      failure ??= 'it was rolled back';
      // A statement that is under way may wait for a lock for long: then the connection goes, and the work with it.
      if (queue.isBusy) {
        cut('it was rolled back');
        return Promise.resolve();
      }
      return queue.run(undo);
    },
    end: (verb, timeoutMs) =>
      queue.run(async () => {
        try {
          if (!connection.isUsable())
            throw new ResourceUnreachableError(`the connection that prepared ${globalId} is gone`);
          await send(`xa ${verb} ${xid}`, timeoutMs);
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

function assertDefinite(error: unknown): void {
  if (!isDefinite(error)) throw error;
}

/** The reason of a no, with what to do where that is known. */
function refusalOf(name: string, error: unknown): string {
  const message = messageOf(error);
  switch (errorNumberOf(error)) {
    case 1062:
      return message.includes(memoryTable) || /key '(PRIMARY|idempotency_key)'/.test(message)
        ? 'its key is written already: the branch was declared aborted, or its id or idempotency key was used before'
        : message;
    case 1146:
      return `${message}; if this is about ${memoryTable}, create it in '${name}' with setup() or with the doctor`;
    default:
      return message;
  }
}
