/** How a primary comes to wait for another in-sync set. */

import type { Confirming } from '../../../../statecharts/failover/servers.ts';
import { ServerRefusedError } from '../errors.ts';
import type { Controlled } from './group.ts';
import { writeMark } from './mark.ts';
import { lsnOf } from './positions.ts';
import { type Ask, eventually, literal, rowOf } from './session.ts';
import { change, namesOf } from './settings.ts';
import { lookAt, positionOf } from './status.ts';

/** Has it wait for this set from now on, and waits until each of it holds all that the primary did. */
export async function confirmWith(controlled: Controlled, operation: Confirming): Promise<void> {
  const { group, server } = controlled;
  const { epoch, version, inSync, confirmations } = operation;
  const ask = controlled.ask();
  const {
    status: { role },
    mark,
  } = await lookAt(ask, controlled);
  if (role !== 'primary' || mark?.epoch !== epoch) {
    throw new ServerRefusedError('NOT_POSSIBLE', `'${server}' is ${role}, and not primary of epoch ${epoch}`);
  }
  if (mark.version > version) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `'${server}' waits for version ${mark.version} of its in-sync set, which is later than ${version}`,
    );
  }
  await changeNames(ask, inSync, confirmations);
  if (mark.version < version) await writeMark(ask, group, { ...mark, version });
  await awaitHolders(ask, inSync, (await positionOf(ask)).offset);
}

/**
 * Changes the names, and waits until no process goes by earlier ones. Whether a confirmation releases a commit is decided by
 * the process that hears it: by its standby's priority, which it works out from the names and shows, and by how many
 * are wanted, which it does not show. Where that number changes, names of none come in between, with the new number, and
 * each process has shown that it goes by them before it counts a standby again.
 */
async function changeNames(ask: Ask, inSync: readonly string[], confirmations: number): Promise<void> {
  const { current } = await rowOf(ask, "select current_setting('synchronous_standby_names') as current");
  if (confirmations > 0 && !String(current).startsWith(`ANY ${confirmations} `)) {
    await change(ask, { synchronous_standby_names: namesOf([], confirmations) });
    await awaitPriorities(ask, []);
  }
  await change(ask, { synchronous_standby_names: namesOf(inSync, confirmations) });
  if (confirmations > 0) await awaitPriorities(ask, inSync);
}

/** Waits until every process that sends to a standby goes by these names. */
export async function awaitPriorities(ask: Ask, inSync: readonly string[]): Promise<void> {
  await eventually(ask, async () => {
    const { stale } = await rowOf(
      ask,
      `select count(*)::int as stale from pg_stat_replication
        where state <> 'startup' and (sync_priority > 0) <> (${isAmong(inSync)})`,
    );
    return stale === 0 ? true : undefined;
  });
}

async function awaitHolders(ask: Ask, inSync: readonly string[], offset: number): Promise<void> {
  await eventually(ask, async () => {
    const { holders } = await rowOf(
      ask,
      `select count(distinct application_name)::int as holders from pg_stat_replication
        where state = 'streaming' and flush_lsn >= '${lsnOf(offset)}' and ${isAmong(inSync)}`,
    );
    return holders === inSync.length ? true : undefined;
  });
}

const isAmong = (inSync: readonly string[]): string =>
  inSync.length === 0 ? 'false' : `application_name in (${inSync.map(literal).join(', ')})`;
