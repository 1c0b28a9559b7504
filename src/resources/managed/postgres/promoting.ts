/** How a fenced server becomes primary. */

import type { Confirming } from '../../../../statecharts/failover/servers.ts';
import { ServerRefusedError } from '../errors.ts';
import type { Controlled } from './group.ts';
import { writeMark } from './mark.ts';
import { type Ask, eventually, rowOf, writingFile } from './session.ts';
import { change, namesOf, ofNoPrimary } from './settings.ts';
import { lookAt } from './status.ts';
import { reserveTimelines } from './timelines.ts';

/**
 * Promotes it. Commits wait for the in-sync set from the first one on: until its names are written, the server has those of
 * none, for which they wait for ever, and transactions are read-only unless they ask to be otherwise.
 */
export async function promote(controlled: Controlled, operation: Confirming): Promise<void> {
  const { group, server, walKeepMegabytes } = controlled;
  const { epoch, version, inSync, confirmations } = operation;
  const ask = controlled.ask();
  const { status, isStandby, timeline, mark } = await lookAt(ask, controlled);
  if (status.role === 'standby' || (status.role === 'primary' && mark !== null && mark.epoch !== epoch)) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `'${server}' is ${status.role}, and cannot be promoted; fence it first`,
    );
  }
  // It was asked before, and has been told to wait for a later set since.
  if (status.role === 'primary' && mark?.epoch === epoch && mark.version > version) return;
  const timelinesFrom = mark?.timelinesFrom ?? timeline;
  if (status.role === 'fenced') {
    await change(ask, { ...ofNoPrimary, primary_conninfo: '' });
    if (isStandby) {
      await reserveTimelines(ask, timelinesFrom, epoch, timeline);
      await ask.rows('select pg_promote(false)');
      await leaveRecovery(ask);
    }
  }
  if (mark?.epoch !== epoch) await writeMark(ask, group, { epoch, version, timelinesFrom });
  // A server that finds this file when it starts is a standby, whatever it was; a promotion has removed it.
  await ask.rows(writingFile('standby.signal', ''));
  const names = namesOf(inSync, confirmations);
  const settings = { recovery_target_timeline: 'latest', wal_keep_size: String(walKeepMegabytes) } as const;
  await change(ask, { synchronous_standby_names: names, default_transaction_read_only: 'off', ...settings }, 'here');
}

/** Waits until the server takes writes. */
async function leaveRecovery(ask: Ask): Promise<void> {
  await eventually(ask, async () => {
    await ask.rows(`do $wait$ begin
      for round in 1..100 loop exit when not pg_is_in_recovery(); perform pg_sleep(0.001); end loop; end $wait$`);
    const { is_standby } = await rowOf(ask, 'select pg_is_in_recovery() as is_standby');
    return is_standby === true ? undefined : true;
  });
}
