/** Where a PostgreSQL server stands. */

import * as v from 'valibot';
import type { ServerStatus } from '../../../../statecharts/failover/servers.ts';
import type { Grouped } from './group.ts';
import { serverOf } from './group.ts';
import { readMark, type WrittenMark } from './mark.ts';
import { historyFileOf, offsetOf } from './positions.ts';
import { leftOut } from './promise.ts';
import { type Ask, eventually, literal, rowOf } from './session.ts';
import { namesOfNone } from './settings.ts';

/**
 * Whether the process that replays the log has nothing left to replay, and waits before it asks again for more. It does so
 * only where no data come in: with none to take them from, or one that does not answer.
 */
export const hasReplayedAll = `exists (select from pg_stat_activity
  where backend_type = 'startup' and wait_event = 'RecoveryRetrieveRetryInterval')`;

/** Whether there is a process that takes data from another server; it is listed here as soon as it runs. */
export const isReceiving = "exists (select from pg_stat_activity where backend_type = 'walreceiver')";

/**
 * Whether it takes the log from the server that it follows. The process that does says 'streaming' from the moment that it is
 * connected, before it has asked which timelines there are. It streams once a message came, whose times differ, or once it
 * waits for one.
 */
const isStreaming = `exists (select from pg_stat_wal_receiver as receiver where status = 'streaming'
  and (last_msg_send_time <> last_msg_receipt_time or exists (select from pg_stat_activity as activity
    where activity.pid = receiver.pid and wait_event = 'WalReceiverMain')))`;

/**
 * The name of the data as long as they can have lost nothing: which cluster they are of, and when they were copied into their
 * directory. A server that does not wait for its disk may lose some with each start.
 */
const incarnation = `(select system_identifier::text from pg_control_system())
  || '/' || extract(epoch from (pg_stat_file('PG_VERSION')).modification)::bigint
  || case current_setting('fsync') when 'off' then '/' || extract(epoch from pg_postmaster_start_time()) else '' end`;

const found = v.object({
  is_standby: v.boolean(),
  incarnation: v.string(),
  conn_info: v.string(),
  names: v.string(),
  is_streaming: v.boolean(),
  has_replayed_all: v.boolean(),
  is_receiving: v.boolean(),
  confirmed: v.record(v.string(), v.string()),
  left_out: v.array(v.string()),
});

export interface Look {
  readonly status: ServerStatus;
  /** Whether it replays a log, and takes no writes whatever it is told. */
  readonly isStandby: boolean;
  /** Whether a process of it still takes data from another server, or waits for such. */
  readonly isReceiving: boolean;
  readonly timeline: number;
  readonly mark: WrittenMark | null;
}

/** The server as it stands; for one that is fenced, once that is for good. */
export async function lookAt(ask: Ask, grouped: Grouped): Promise<Look> {
  return await eventually(ask, () => lookOnce(ask, grouped));
}

async function lookOnce(ask: Ask, grouped: Grouped): Promise<Look | undefined> {
  const row = await rowOf(
    ask,
    `select pg_is_in_recovery() as is_standby, ${incarnation} as incarnation,
      current_setting('primary_conninfo') as conn_info, current_setting('synchronous_standby_names') as names,
      ${isStreaming} as is_streaming,
      ${hasReplayedAll} as has_replayed_all, ${isReceiving} as is_receiving,
      (select coalesce(json_object_agg(name, flushed), '{}') from (
        select application_name as name, max(flush_lsn)::text as flushed from pg_stat_replication
        where state = 'streaming' and flush_lsn is not null and application_name in (${serversOf(grouped)})
        group by 1) as standbys) as confirmed,
      ${leftOut} as left_out`,
  );
  const it = v.parse(found, row);
  const isFenced = it.is_standby ? it.conn_info === '' : it.names === namesOfNone;
  if (isFenced && it.is_standby && !it.has_replayed_all) return undefined;
  const isFollowing = it.is_standby && !isFenced;
  const position = await positionOf(ask);
  const timeline = Number(position.history);
  const mark = await readMark(ask, grouped.group);
  const status: ServerStatus = {
    role: isFenced ? 'fenced' : it.is_standby ? 'standby' : 'primary',
    incarnation: it.incarnation,
    position,
    follows: isFollowing ? serverOf(grouped, it.conn_info) : null,
    isLinked: isFollowing && it.is_streaming && !(await knowsLaterThan(ask, timeline)),
    mark: mark === null ? null : { epoch: mark.epoch, version: mark.version },
    confirmed: it.is_standby
      ? {}
      : Object.fromEntries(Object.entries(it.confirmed).map(([name, lsn]) => [name, offsetOf(lsn)])),
    ...(it.is_standby || it.left_out.length === 0 ? {} : { notices: it.left_out }),
  };
  return { status, isStandby: it.is_standby, isReceiving: it.is_receiving, timeline, mark };
}

/** Whether a standby has heard of a later timeline, and comes to it: it first takes the end of the one that it is on. */
const knowsLaterThan = async (ask: Ask, timeline: number): Promise<boolean> => {
  const file = literal(historyFileOf(timeline + 1));
  return (await rowOf(ask, `select (pg_stat_file(${file}, true)).size is not null as it`)).it === true;
};

const serversOf = ({ urls }: Grouped): string => [...urls.keys()].map(literal).join(', ');

const identity = v.object({ timeline: v.number(), xlogpos: v.string() });

/** The timeline, and how far it is on this server's disk: as received or replayed, whichever is more. */
export async function positionOf(ask: Ask): Promise<ServerStatus['position']> {
  const { timeline, xlogpos } = v.parse(identity, await rowOf(ask, 'IDENTIFY_SYSTEM'));
  return { history: String(timeline), offset: offsetOf(xlogpos) };
}
