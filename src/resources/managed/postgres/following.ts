/**
 * How a server comes to take the data of a primary. What it holds beyond the point where both part, it gives up: by pg_rewind,
 * or else by a copy of all. A server that lacks what its primary has thrown away of the log is copied, too.
 */

import * as v from 'valibot';
import type { GaveUp, ServerStatus } from '../../../../statecharts/failover/servers.ts';
import { ServerRefusedError } from '../errors.ts';
import { fenceStandby } from './fencing.ts';
import { type Controlled, connInfoOf, sessionAt } from './group.ts';
import { ancestorsOf, forkOf, historyFileOf, type Lineage, offsetOf, walFileOf } from './positions.ts';
import { type Ask, literal, rowOf, withSession } from './session.ts';
import { changeInTurn, ofNoPrimary } from './settings.ts';
import { lookAt, positionOf } from './status.ts';

export async function follow(controlled: Controlled, primary: string): Promise<void> {
  const { server } = controlled;
  const ask = controlled.ask();
  if (primary === server) throw new ServerRefusedError('NOT_POSSIBLE', `'${server}' cannot follow itself`);
  const connInfo = connInfoOf(controlled, primary);
  const { status, isStandby, isReceiving } = await lookAt(ask, controlled);
  if (status.role === 'primary') {
    throw new ServerRefusedError('NOT_POSSIBLE', `'${server}' is primary, and cannot follow; fence it first`);
  }
  if (status.follows === primary && status.isLinked) return;
  // One that is fenced for good stays so: nothing that its earlier source may still send is to come in between.
  if (isStandby && (status.role !== 'fenced' || isReceiving)) await fenceStandby(ask);
  const { gaveUp, restoring } = await partingOf(controlled, primary, isStandby);
  if (gaveUp !== undefined) controlled.onGaveUp(gaveUp);
  if (restoring !== undefined) await restore(controlled, restoring, primary);
  const settings = { recovery_target_timeline: 'latest', wal_keep_size: String(controlled.walKeepMegabytes) } as const;
  // What commits wait for when it is promoted is in force before there is anything to promote it for.
  await changeInTurn(controlled.ask(), [
    [{ ...ofNoPrimary, ...settings }, 'everywhere'],
    [{ primary_conninfo: connInfo }, 'here'],
  ]);
}

async function restore(controlled: Controlled, how: 'rewind' | 'copy', primary: string): Promise<void> {
  const { host, server } = controlled;
  if (host === undefined) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `'${server}' holds what '${primary}' does not, or lacks what it has thrown away; give its data directory or its commands in the configuration, or copy the primary's data by hand`,
    );
  }
  const { limit } = controlled.ask();
  // The primary's control file is what pg_rewind reads, and says on which timeline it is once a checkpoint is over.
  await withSession(sessionAt(controlled, primary), limit.remainingMs(), (at) => at.rows('checkpoint'));
  await host.stop('fast', limit);
  await host.restore(how, sessionAt(controlled, primary).url, limit);
  await host.start(limit);
  await controlled.reclaim();
}

interface Parting {
  readonly gaveUp: GaveUp | undefined;
  /** How it comes to be able to follow, where it is not as it is. */
  readonly restoring: 'rewind' | 'copy' | undefined;
}

async function partingOf(controlled: Controlled, primary: string, isStandby: boolean): Promise<Parting> {
  const { server } = controlled;
  const ask = controlled.ask();
  const finding = lineageOf(ask);
  // It is heard below, or not at all where the primary cannot be asked.
  finding.catch(() => undefined);
  return await withSession(
    sessionAt(controlled, primary, { isReplication: true }),
    ask.limit.remainingMs(),
    async (at): Promise<Parting> => {
      const [own, theirs] = await Promise.all([finding, lineageOf(at)]);
      assertSameCluster(own, theirs, server, primary);
      if (theirs.isStandby) {
        throw new ServerRefusedError('NOT_POSSIBLE', `'${server}' cannot follow '${primary}', which is no primary`);
      }
      const fork = forkOf(own, theirs) ?? 0;
      if (fork < own.offset) {
        const { history, offset } = own.position;
        const gaveUp = { history, fromOffset: fork, toOffset: Math.max(fork, offset) };
        return { gaveUp, restoring: 'rewind' };
      }
      if (!isStandby) return { gaveUp: undefined, restoring: 'rewind' };
      return { gaveUp: undefined, restoring: (await keepsLogFrom(at, own, theirs)) ? undefined : 'copy' };
    },
  );
}

/** More than thousands of promotions take. */
const maxHistoryBytes = 1_000_000;

/** A server's data, and what they can be told from others by. */
interface Found extends Lineage {
  /** How far its log is on its disk. */
  readonly position: ServerStatus['position'];
  readonly isStandby: boolean;
  readonly system: string;
  readonly majorVersion: number;
  readonly segmentBytes: number;
}

const found = v.object({
  is_standby: v.boolean(),
  lsn: v.string(),
  system: v.string(),
  version: v.number(),
  segment_bytes: v.number(),
});

async function lineageOf(ask: Ask): Promise<Found> {
  const position = await positionOf(ask);
  const timeline = Number(position.history);
  const row = await rowOf(
    ask,
    `select pg_is_in_recovery() as is_standby,
      (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end)::text as lsn,
      (select system_identifier::text from pg_control_system()) as system,
      current_setting('server_version_num')::int as version,
      (select setting::int from pg_settings where name = 'wal_segment_size') as segment_bytes,
      pg_read_file(${literal(historyFileOf(timeline))}, 0, ${maxHistoryBytes}, true) as history`,
  );
  const it = v.parse(found, row);
  return {
    position,
    timeline,
    offset: offsetOf(it.lsn),
    ancestors: ancestorsOf(typeof row.history === 'string' ? row.history : ''),
    isStandby: it.is_standby,
    system: it.system,
    majorVersion: Math.floor(it.version / 10_000),
    segmentBytes: it.segment_bytes,
  };
}

function assertSameCluster(own: Found, theirs: Found, server: string, primary: string): void {
  if (own.system !== theirs.system) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `'${server}' holds data of another cluster than '${primary}' (${own.system} and ${theirs.system}); copy the primary's with pg_basebackup if they can go`,
    );
  }
  if (own.majorVersion !== theirs.majorVersion) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `expected one major version in a group; '${server}' runs ${own.majorVersion}, '${primary}' ${theirs.majorVersion}`,
    );
  }
}

/** Whether a primary still has the file of the log with which a standby goes on, on its own timeline or the standby's. */
async function keepsLogFrom(at: Ask, { timeline, offset, segmentBytes }: Found, theirs: Found): Promise<boolean> {
  const files = [timeline, theirs.timeline].map((each) => literal(walFileOf(each, offset, segmentBytes)));
  const { kept } = await rowOf(
    at,
    `select bool_or((pg_stat_file(file, true)).size is not null) as kept from unnest(array[${files.join(', ')}]) as file`,
  );
  // The next byte may be of a file that is not there yet.
  return kept === true || offset >= theirs.offset - (theirs.offset % segmentBytes);
}
