/**
 * Claims. The claim of a term is a session, whose name says the term. It is there before it looks for others, so of two claims at
 * least one sees the other: the lower one gives up, and the higher one ends the lower one's session and waits until it is
 * gone, and with it all that it had asked.
 *
 * The term is written down, too: a server that a claim has restarted must not be claimed by it again if a later one
 * has come in between.
 */

import type { Budget } from '../../deadline.ts';
import { ServerRefusedError } from '../errors.ts';
import { claimLabel, type Grouped, sessionAt } from './group.ts';
import { type Ask, codeOf, eventually, literal, openSession, rowOf, type Session } from './session.ts';
import { hasReplayedAll } from './status.ts';

/** Names a setting of no extension, in which a server keeps the term that has claimed it last. */
export const termSetting = 'quorate.term';

/** @throws ServerRefusedError when a later term has claimed the server */
export async function claim(grouped: Grouped, term: number, limit: Budget): Promise<Session> {
  const { group, server } = grouped;
  const session = await openSession({
    ...sessionAt(grouped, server, { label: claimLabel(group, term), isReplication: true }),
    limit,
  });
  try {
    const ask = session.within(limit);
    // What a manager writes waits for no standby by itself; what it does about that is its own affair.
    await ask.run('set synchronous_commit = local', "set lock_timeout = '2s'");
    await endOthers(ask, grouped, term);
    await writeTerm(ask, grouped, term);
    await awaitPromotion(ask);
    return session;
  } catch (error) {
    session.end();
    // A later claim has ended this one before it was in force.
    if (codeOf(error) === '57P01') throw lost(server, term);
    throw error;
  }
}

const lost = (server: string, term: number, later?: number): ServerRefusedError =>
  new ServerRefusedError(
    'CLAIM_LOST',
    `'${server}' refuses the claim of term ${term}: ${later === undefined ? 'a later one' : `term ${later}`} has claimed it`,
  );

async function endOthers(ask: Ask, { group, server }: Grouped, term: number): Promise<void> {
  const others = `from pg_stat_activity where pid <> pg_backend_pid()
    and application_name ~ ${literal(`^quorate/${group.replaceAll('.', '\\.')}/[0-9]+$`)}`;
  const termOf = "split_part(application_name, '/', 3)::float8";
  await eventually(ask, async () => {
    const { latest, count } = await rowOf(ask, `select max(${termOf}) as latest, count(*)::int as count ${others}`);
    if (Number(latest) > term) throw lost(server, term, Number(latest));
    if (count === 0) return true;
    await ask.rows(`select pg_terminate_backend(pid) ${others} and ${termOf} <= ${term}`);
    return undefined;
  });
}

async function writeTerm(ask: Ask, { group, server }: Grouped, term: number): Promise<void> {
  const [row] = await ask.rows(
    `select setting from pg_file_settings where name = '${termSetting}' order by seqno desc limit 1`,
  );
  const [, ofGroup, known] = /^(.*)\/(\d+)$/.exec(String(row?.setting)) ?? [];
  const latest = ofGroup === group ? Number(known) : 0;
  if (latest > term) throw lost(server, term, latest);
  if (latest === term) return;
  const value = literal(`${group}/${term}`);
  // A setting that no extension knows can be written once the session has it.
  await ask.rows(`set ${termSetting} = ${value}`);
  await ask.rows(`alter system set ${termSetting} = ${value}`);
}

/**
 * A promotion goes on when the session that asked for it is gone: it is waited for. Only a fenced server is promoted. It is asked
 * for by a file, which the process that replays the log removes before it takes note; once that process is seen waiting, it has
 * done both or neither.
 */
async function awaitPromotion(ask: Ask): Promise<void> {
  await eventually(ask, async () => {
    const { cannot_be, is_asked } = await rowOf(
      ask,
      `select not pg_is_in_recovery() or current_setting('primary_conninfo') <> '' as cannot_be,
        (pg_stat_file('promote', true)).size is not null as is_asked`,
    );
    if (cannot_be === true) return true;
    if (is_asked === true) return undefined;
    const { is_waiting } = await rowOf(ask, `select ${hasReplayedAll} as is_waiting`);
    if (is_waiting !== true) return undefined;
    return (await isPromoting(ask)) ? undefined : true;
  });
}

/** A standby that is being promoted refuses to go on with a pause, and says so by this code. */
async function isPromoting(ask: Ask): Promise<boolean> {
  try {
    await ask.rows('select pg_wal_replay_resume()');
    return false;
  } catch (error) {
    if (codeOf(error) === '55000') return true;
    throw error;
  }
}
