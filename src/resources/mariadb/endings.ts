/** Ending branches by their names, from sessions that did not prepare them, and what the database remembers of them. */

import { messageOf } from '../../environment/message.ts';
import { type Branch, branchOf, globalIdOf, globalIdPrefix } from '../branch.ts';
import type { Control } from '../sql/connection.ts';
import type { NoSuchBranch } from '../sql/dialect.ts';
import type { Absence, BranchOutcome, Ending, PreparedBranch } from '../transactional.ts';
import { errorNumberOf } from './errors.ts';
import { dirtyAges, findOlder, formatId, lockNameOf, memoryTable, recall, rememberAbsence, xidOf } from './memory.ts';

/** XAER_NOTA: no such branch, or one whose own session is alive. Proves nothing by itself. */
const unknownName = 1397;
const lockWaitTimeout = 1205;
const noSuchThread = 1094;

/**
 * Ends the session that holds the branch's lock, and waits until it is gone.
 *
 * @returns why it is still there, if it is
 */
export async function endSession(control: Control, branch: Branch): Promise<string | undefined> {
  const lockName = lockNameOf(branch);
  const untilMs = control.budget.remainingMs() / 2;
  for (let told: unknown; ; ) {
    const { rows } = await control.send('select is_used_lock(?) as session', [lockName]);
    const session = rows[0]?.session;
    if (session === null || session === undefined) return undefined;
    if (session !== told) {
      await control.send(`kill ${Number(session)}`).catch((error: unknown) => {
        if (errorNumberOf(error) !== noSuchThread) throw error;
      });
      told = session;
    }
    if (control.budget.remainingMs() <= untilMs) return `its session ${String(session)} does not end`;
    await control.send('do sleep(0.01)');
  }
}

/** XA COMMIT or XA ROLLBACK, once the session that prepared it is gone. */
export async function endPrepared(
  control: Control,
  verb: 'commit' | 'rollback',
  branch: Branch,
): Promise<Ending | NoSuchBranch> {
  const remains = await endSession(control, branch);
  if (remains !== undefined) return { type: 'unknown', reason: remains };
  try {
    await control.send(`xa ${verb} ${xidOf(branch)}`);
    return { type: 'done' };
  } catch (error) {
    if (errorNumberOf(error) === unknownName) return { type: 'absent' };
    return { type: 'unknown', reason: messageOf(error) };
  }
}

/** What became of a branch. What is not in the list of prepared branches is looked for in a later snapshot. */
export async function outcomeOfBranch(control: Control, branch: Branch): Promise<BranchOutcome> {
  const globalId = globalIdOf(branch);
  if ((await listed(control)).some((it) => globalIdOf(it) === globalId)) return { type: 'prepared' };
  const { rows } = await control.send(recall, [globalId]);
  const state = rows[0]?.state;
  return state === 'committed' || state === 'aborted' ? { type: state } : { type: 'absent' };
}

/** Ends the branch's session, waits until it is gone, and writes its key as aborted. */
export async function writeAbsenceOf(control: Control, branch: Branch): Promise<Absence> {
  const globalId = globalIdOf(branch);
  const remains = await endSession(control, branch);
  if (remains !== undefined) return { type: 'present', reason: remains };
  if ((await listed(control)).some((it) => globalIdOf(it) === globalId)) {
    return { type: 'present', reason: 'it is prepared' };
  }
  try {
    await control.send(rememberAbsence(control.budget.remainingMs()), [globalId]);
  } catch (error) {
    if (errorNumberOf(error) === lockWaitTimeout) {
      return { type: 'present', reason: 'somebody has written its key, and neither commits nor rolls back' };
    }
    return { type: 'unknown', reason: messageOf(error) };
  }
  const { rows } = await control.send(recall, [globalId]);
  switch (rows[0]?.state) {
    case 'committed':
      return { type: 'committed' };
    case 'aborted':
      return { type: 'absent' };
    default:
      return { type: 'unknown', reason: 'its key was deleted meanwhile' };
  }
}

/** Our prepared branches in all databases of the server. */
export async function listed(control: Control): Promise<readonly Branch[]> {
  const { rows } = await control.send("xa recover format = 'SQL'");
  return rows.flatMap((row): Branch[] => {
    const found = Number(row.formatID) === formatId ? parseXid(String(row.data)) : undefined;
    return found === undefined ? [] : [found];
  });
}

/** Reads what XA RECOVER prints in its SQL format: both parts in hexadecimal, or quoted, and the format's number. */
export function parseXid(text: string): Branch | undefined {
  const found = /^(X?'[^']*'),(X?'[^']*'),\d+$/.exec(text);
  if (found?.[1] === undefined || found[2] === undefined) return undefined;
  const decode = (part: string): string =>
    part.startsWith('X') ? Buffer.from(part.slice(2, -1), 'hex').toString('latin1') : part.slice(1, -1);
  return branchOf(`${globalIdPrefix(decode(found[1])).slice(0, -1)}:${decode(found[2])}`);
}

/** The manager's prepared branches in this database, with their ages. */
export async function preparedBranches(control: Control, manager: string): Promise<readonly PreparedBranch[]> {
  const found = (await listed(control)).filter((it) => it.manager === manager);
  const ages = await agesOf(control, found);
  return found
    .flatMap((branch): PreparedBranch[] => {
      const ageMs = ages.get(globalIdOf(branch));
      return ageMs === undefined ? [] : [{ branch, ageMs }];
    })
    .sort((a, b) => b.ageMs - a.ageMs);
}

/** By the keys that the branches wrote and did not commit, which tell as well whether they belong to this database. */
export async function agesOf(control: Control, branches: readonly Branch[]): Promise<ReadonlyMap<string, number>> {
  const ages = new Map<string, number>();
  if (branches.length === 0) return ages;
  await control.send('set session transaction isolation level read uncommitted');
  try {
    const names = branches.map(globalIdOf);
    const { rows } = await control.send(dirtyAges.replace('(?)', `(${names.map(() => '?').join(', ')})`), names);
    for (const row of rows) ages.set(String(row.global_id), Math.max(0, Number(row.age_ms)));
    return ages;
  } finally {
    await control.send('set session transaction isolation level repeatable read');
  }
}

export async function forgetBranches(control: Control, manager: string, olderThanMs: number): Promise<number> {
  const prefix = globalIdPrefix(manager);
  let deleted = 0;
  for (;;) {
    const { rows } = await control.send(findOlder, [prefix, prefix, Math.floor(olderThanMs * 1_000)]);
    if (rows.length === 0) return deleted;
    const names = rows.map((row) => String(row.global_id));
    const { affectedRows = 0 } = await control.send(
      `delete from ${memoryTable} where global_id in (${names.map(() => '?').join(', ')})`,
      names,
    );
    deleted += affectedRows;
    if (affectedRows === 0) return deleted;
  }
}
