/** How PostgreSQL ends branches by their names, what it knows of them, and how their absence is written. */

import { messageOf } from '../../environment/message.ts';
import { type Branch, branchOf, globalIdOf, globalIdPrefix } from '../branch.ts';
import type { Control } from '../sql/connection.ts';
import type { NoSuchBranch } from '../sql/dialect.ts';
import type { Absence, BranchOutcome, Ending, PreparedBranch } from '../transactional.ts';
import { type Backend, historyOf } from './connection.ts';
import { isDefinite, sqlStateOf } from './errors.ts';
import { forgetOlder, recall, rememberAbsence, waitForDisk } from './memory.ts';

/** No prepared transaction of this name, which proves nothing by itself. */
const unknownName = '42704';
const lockNotAvailable = '55P03';

/** What ends a branch's sessions. */
export interface Sessions {
  /** What the labels of the manager's sessions for this branch begin and end with, in every incarnation. */
  readonly labelPrefix: string;
  readonly labelSuffix: string;
  /** The label of this incarnation's sessions, which are left alone. */
  readonly ownLabel: string;
  /** The server process of this branch's own session, when it ran here and may still be at work. */
  readonly own: Backend | undefined;
}

/** COMMIT PREPARED or ROLLBACK PREPARED. */
export async function endPrepared(
  control: Control,
  verb: 'commit' | 'rollback',
  branch: Branch,
): Promise<Ending | NoSuchBranch> {
  try {
    await control.send(`${verb} prepared '${globalIdOf(branch)}'`);
    return { type: 'done' };
  } catch (error) {
    if (sqlStateOf(error) === unknownName) return { type: 'absent' };
    return { type: 'unknown', reason: messageOf(error) };
  }
}

/**
 * What became of a branch. The order matters: a branch leaves the list of prepared ones only after its rows became
 * visible, so what is not in the list is looked for in a later snapshot.
 */
export async function outcomeOfBranch(
  control: Control,
  branch: Branch,
  receipt: string | undefined,
): Promise<BranchOutcome> {
  const globalId = globalIdOf(branch);
  const listed = await control.send(
    `select pg_is_in_recovery() as standby, exists (
      select from pg_prepared_xacts where gid = $1 and database = current_database()
    ) as prepared`,
    [globalId],
  );
  if (listed.rows[0]?.standby === true) {
    return { type: 'unknown', reason: 'the server is a standby, which may lag behind; connect to the primary' };
  }
  if (listed.rows[0]?.prepared === true) return { type: 'prepared' };
  const remembered = await control.send(recall, [globalId]);
  const state = remembered.rows[0]?.state;
  if (state === 'committed' || state === 'aborted') return { type: state };
  if (receipt === undefined) return { type: 'absent' };
  return statusOf(control, receipt);
}

/** What is written down with the vote: the transaction's id, and the history that it belongs to. */
export const receiptOf = (xid: string, history: string): string => `${xid}@${history}`;

/** By the receipt, where the row is gone or was never written. */
async function statusOf(control: Control, receipt: string): Promise<BranchOutcome> {
  const [, xid, history] = /^(\d{1,20})@(.+)$/.exec(receipt) ?? [];
  if (xid === undefined || history === undefined) {
    return { type: 'unknown', reason: `expected a transaction id as receipt, got '${receipt.slice(0, 40)}'` };
  }
  try {
    // Another cluster, or a standby that took over, may have given the same id to another transaction.
    const { rows } = await control.send(
      `select ${historyOf} as history, case when ${historyOf} = $2 then pg_xact_status($1::text::xid8) end as status`,
      [xid, history],
    );
    if (rows[0]?.history !== history) {
      return {
        type: 'unknown',
        reason: `transaction ${xid} belongs to the history ${history}, and this server has ${String(rows[0]?.history)}: it was promoted or replaced`,
      };
    }
    switch (rows[0]?.status) {
      case 'committed':
        return { type: 'committed' };
      case 'aborted':
        return { type: 'aborted' };
      case 'in progress':
        return { type: 'absent' };
      default:
        return { type: 'unknown', reason: `transaction ${xid} is so old that the server forgot its status` };
    }
  } catch (error) {
    // A transaction id in the future: this server was restored to an earlier time.
    if (isDefinite(error)) return { type: 'unknown', reason: messageOf(error) };
    throw error;
  }
}

/** Ends the branch's sessions, waits until they are gone, and writes its key as aborted. */
export async function writeAbsenceOf(control: Control, branch: Branch, sessions: Sessions): Promise<Absence> {
  const globalId = globalIdOf(branch);
  const remaining = await endSessions(control, sessions);
  if (remaining !== undefined) return remaining;
  const listed = await control.send(
    'select exists (select from pg_prepared_xacts where gid = $1 and database = current_database()) as prepared',
    [globalId],
  );
  if (listed.rows[0]?.prepared === true) return { type: 'present', reason: 'it is prepared' };
  try {
    await control.send('begin isolation level read committed');
    await control.send(`select ${waitForDisk}`);
    await control.send(`set local lock_timeout = ${Math.max(1, Math.floor(control.budget.remainingMs() / 2))}`);
    await control.send(rememberAbsence, [globalId]);
    const { rows } = await control.send(recall, [globalId]);
    const { command } = await control.send('commit');
    if (command !== 'COMMIT') return { type: 'unknown', reason: `the server answered ${command} to COMMIT` };
    return rows[0]?.state === 'committed' ? { type: 'committed' } : { type: 'absent' };
  } catch (error) {
    if (sqlStateOf(error) === lockNotAvailable) {
      return { type: 'present', reason: 'somebody has written its key, and neither commits nor rolls back' };
    }
    return { type: 'unknown', reason: messageOf(error) };
  }
}

async function endSessions(control: Control, sessions: Sessions): Promise<Absence | undefined> {
  const waitMs = Math.max(1, Math.floor(control.budget.remainingMs() / 3));
  const names = [
    sessions.labelPrefix,
    sessions.labelSuffix,
    sessions.ownLabel,
    sessions.own?.pid ?? null,
    sessions.own?.startedAt ?? null,
  ];
  const found = `from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and (
    (starts_with(application_name, $1) and right(application_name, length($2)) = $2 and application_name <> $3)
    or (pid = $4 and extract(epoch from backend_start)::text = $5))`;
  // All are told to end before any is waited for. A session that is gone by then answers as one that stays does:
  // what counts is who is still there afterwards, and a session is listed until its transaction is over.
  const { rows } = await control.send(`select count(pg_terminate_backend(pid))::int as told ${found}`, names);
  if (rows[0]?.told === 0) return undefined;
  const untilMs = control.budget.remainingMs() - waitMs;
  for (;;) {
    const { rows: left } = await control.send(`select count(*)::int as alive ${found}`, names);
    const alive = left[0]?.alive;
    if (alive === 0) return undefined;
    if (control.budget.remainingMs() <= untilMs) {
      return { type: 'present', reason: `${String(alive)} of its manager's sessions did not end within ${waitMs} ms` };
    }
    await control.send('select pg_sleep(0.01)');
  }
}

/** Ends a server process that has lost its client. @returns whether it is gone */
export async function endLost(control: Control, { pid, startedAt }: Backend, timeoutMs: number): Promise<boolean> {
  const { rows } = await control.send(
    'select pg_terminate_backend(pid, $3) as gone from pg_stat_activity where pid = $1 and extract(epoch from backend_start)::text = $2',
    [pid, startedAt, timeoutMs],
  );
  return rows.every((row) => row.gone === true);
}

/** The manager's prepared branches in this database. */
export async function preparedBranches(control: Control, manager: string): Promise<readonly PreparedBranch[]> {
  const { rows } = await control.send(
    `select gid, (extract(epoch from clock_timestamp() - prepared) * 1000)::float8 as age_ms
    from pg_prepared_xacts where database = current_database() and starts_with(gid, $1) order by prepared, gid`,
    [globalIdPrefix(manager)],
  );
  return rows.flatMap(({ gid, age_ms: ageMs }) => {
    const branch = typeof gid === 'string' ? branchOf(gid) : undefined;
    return branch === undefined ? [] : [{ branch, ageMs: typeof ageMs === 'number' ? Math.max(0, ageMs) : 0 }];
  });
}

export async function forgetBranches(control: Control, manager: string, olderThanMs: number): Promise<number> {
  const { affectedRows = 0 } = await control.send(forgetOlder, [globalIdPrefix(manager), olderThanMs]);
  return affectedRows;
}
