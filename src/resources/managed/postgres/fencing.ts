/**
 * Fencing. A standby loses its source, durably, and is fenced once the process that takes data is gone and all that came
 * has been replayed. A primary is fenced as well as it can be: nothing that it commits is ever confirmed, its clients are cut
 * off, and where there is a hand at its machine, it is ended and comes back as a fenced standby.
 */

import { awaitPriorities } from './confirming.ts';
import type { Controlled } from './group.ts';
import { type Ask, codeOf, eventually, literal, rowOf } from './session.ts';
import { change, ofNoPrimary } from './settings.ts';
import { hasReplayedAll, isReceiving } from './status.ts';

/** Readers of a standby that keep it from replaying the log may go on for so long. */
const readersGraceMs = 250;

export async function fence(controlled: Controlled): Promise<void> {
  const ask = controlled.ask();
  const { is_standby } = await rowOf(ask, 'select pg_is_in_recovery() as is_standby');
  if (is_standby === true) await fenceStandby(ask);
  else await fencePrimary(controlled);
}

/** Takes a standby's source away, for good. */
export async function fenceStandby(ask: Ask): Promise<void> {
  await change(ask, { ...ofNoPrimary, primary_conninfo: '' });
  const readersUntilMs = ask.limit.remainingMs() - readersGraceMs;
  await eventually(ask, async () => {
    const state = await rowOf(ask, `select ${isReceiving} as is_receiving, ${hasReplayedAll} as has_replayed_all`);
    if (state.has_replayed_all === true && state.is_receiving !== true) return true;
    if (state.has_replayed_all === true) await endReceiver(ask);
    else if (ask.limit.remainingMs() < readersUntilMs) await endClients(ask);
    return undefined;
  });
}

const programFailed = '38000';

/**
 * Ends the process that takes data. Where its source had no more for it, PostgreSQL lets it wait, connected, and would have it go
 * on there although the standby is told of another source; no function of SQL ends it.
 */
async function endReceiver(ask: Ask): Promise<void> {
  try {
    await ask.rows(`do $end$ declare it record; begin
      for it in select pid from pg_stat_activity where backend_type = 'walreceiver' loop
        execute format('copy (select) to program %L', 'cat > /dev/null && kill ' || it.pid);
      end loop; end $end$`);
  } catch (error) {
    // It has ended by itself.
    if (codeOf(error) !== programFailed) throw error;
  }
}

async function fencePrimary(controlled: Controlled): Promise<void> {
  const { host } = controlled;
  const ask = controlled.ask();
  // The names come first: a client that is cut off must not have been confirmed by a standby of these names afterwards.
  await change(ask, { ...ofNoPrimary, primary_conninfo: '' });
  await awaitPriorities(ask, []);
  await endClients(ask);
  if (host === undefined) return;
  // An orderly end would write to the log, and the server would have to give that up to follow another one.
  await host.stop('immediate', ask.limit);
  await host.start(ask.limit);
  await controlled.reclaim();
  await fenceStandby(controlled.ask());
}

/** Ends all sessions but those of managers. */
async function endClients(ask: Ask): Promise<void> {
  await ask.rows(`select pg_terminate_backend(pid) from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()
      and application_name !~ ${literal('^(quorate/[^/]+/[0-9]+|quorate-look/[^/]+)$')}`);
}
