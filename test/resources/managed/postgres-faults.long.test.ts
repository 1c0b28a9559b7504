/** What only PostgreSQL does, or fails to do, when it is steered: sessions, timelines, confirmations, readers, copies. */

import { rmSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { BehaviorSubject } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { localHost, type ManagedPostgres, postgresServer } from '../../../src/resources/managed/postgres.ts';
import { postgres } from '../../../src/resources/postgres.ts';
import type { ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';
import type { Topology } from '../../../statecharts/failover/topology.ts';
import { type PostgresGroup, postgresBinaries, startPostgresGroup } from '../../fixtures/postgres-group.ts';
import { startTcpProxy } from '../../fixtures/tcp-proxy.ts';
import { until } from '../../fixtures/until.ts';

const timeoutMs = 60_000;
const names = ['p1', 'p2', 'p3'] as const;
type Name = (typeof names)[number];

if (postgresBinaries === undefined) {
  console.warn('No PostgreSQL with pg_rewind is installed in /usr/lib/postgresql: what befalls it is not tested');
}

describe.skipIf(postgresBinaries === undefined)('a group of PostgreSQL servers', () => {
  let group: PostgresGroup;
  let term = 0;
  let epoch = 0;
  let reached: ManagedPostgres[] = [];
  let clients: pg.Client[] = [];

  const reach = (server: Name, hasHost = true): ManagedPostgres => {
    const host = localHost({ data: group.dataOf(server), binaries: group.binaries, clock: systemClock() });
    const it = postgresServer({ group: 'orders', server, servers: group.urls, ...(hasHost ? { host } : {}) });
    reached.push(it);
    return it;
  };
  const claimed = async (server: Name, hasHost = true): Promise<ManagedPostgres> => {
    const it = reach(server, hasHost);
    await it.operate({ type: 'claim', term }, timeoutMs);
    return it;
  };
  const operate = (at: ManagedPostgres, operation: ServerOperation): Promise<ServerStatus> =>
    at.operate(operation, timeoutMs);
  const fence = (at: ManagedPostgres) => operate(at, { type: 'fence', term, epoch });
  const promote = (at: ManagedPostgres, inSync: readonly Name[], confirmations: number) =>
    operate(at, { type: 'promote', term, epoch, version: 1, inSync, confirmations });
  const follow = async (at: ManagedPostgres, primary: Name): Promise<void> => {
    await operate(at, { type: 'follow', term, epoch, primary });
    await until('the standby to be linked', async () => (await operate(at, { type: 'look' })).isLinked);
  };
  /** A client that stays; a transaction of it may wait. */
  const client = async (server: Name): Promise<pg.Client> => {
    const it = new pg.Client({ connectionString: group.urls[server] ?? '' });
    it.on('error', () => undefined);
    await it.connect();
    clients.push(it);
    return it;
  };
  /** p1 is primary, and waits for one of p2 and p3. */
  const standing = async (hasHost = true): Promise<Record<Name, ManagedPostgres>> => {
    term += 1;
    epoch += 1;
    const all = {
      p1: await claimed('p1', hasHost),
      p2: await claimed('p2', hasHost),
      p3: await claimed('p3', hasHost),
    };
    for (const at of Object.values(all)) await fence(at);
    await promote(all.p1, ['p2', 'p3'], 1);
    for (const at of [all.p2, all.p3]) await follow(at, 'p1');
    return all;
  };
  const holds = async (server: Name, value: string): Promise<boolean> =>
    (await group.query(server, 'select from items where value = $1', [value])).length === 1;

  beforeAll(async () => {
    vi.setConfig({ testTimeout: 600_000 });
    // A reader holds its standby up for as long as it reads.
    group = await startPostgresGroup(names, { max_standby_streaming_delay: '-1' });
    const { p1 } = await standing();
    await group.query('p1', 'create table items (value text primary key)');
    await p1.close();
  });
  afterEach(async () => {
    for (const it of clients) it.connection.stream.destroy();
    for (const it of reached) await it.close();
    reached = [];
    clients = [];
  });
  afterAll(async () => {
    vi.resetConfig();
    await group?.remove();
  });

  test('a commit is acknowledged by as many standbys as the primary was told, from the first one on', async () => {
    const all = await standing();
    await group.query('p1', "insert into items values ('confirmed')");
    // One has it on its disk by now, and shows it once it has replayed it.
    await until(
      'a standby to show it',
      async () => (await holds('p2', 'confirmed')) || (await holds('p3', 'confirmed')),
    );

    await fence(all.p2);
    await fence(all.p3);
    const waiting = (await client('p1')).query("insert into items values ('unconfirmed')").then(
      () => 'acknowledged',
      () => 'cut off',
    );
    await until('the commit to wait', async () => {
      const [row] = await group.query(
        'p1',
        "select count(*)::int as n from pg_stat_activity where wait_event = 'SyncRep'",
      );
      return row?.n === 1;
    });
    epoch += 1;
    const promoted = await promote(all.p2, [], 1);
    const first = (await client('p2')).query("insert into items values ('first')").then(
      () => 'acknowledged',
      () => 'cut off',
    );
    await until('the first commit to wait', async () => {
      const [row] = await group.query(
        'p2',
        "select count(*)::int as n from pg_stat_activity where wait_event = 'SyncRep'",
      );
      return row?.n === 1;
    });
    await follow(all.p3, 'p2');
    await operate(all.p2, { type: 'confirmWith', term, epoch, version: 2, inSync: ['p3'], confirmations: 1 });

    expect(await first).toBe('acknowledged');
    expect(promoted.role).toBe('primary');
    await fence(all.p1);
    expect(await waiting).toBe('cut off');
    await follow(all.p1, 'p2');
    await until('the old primary to show what the new one has', () => holds('p1', 'first'));
    expect(await holds('p1', 'unconfirmed')).toBe(false);
  });

  test('a wait for confirmation that is cancelled is a warning, and no failover keeps what it has shown', async () => {
    const all = await standing();
    await fence(all.p2);
    await fence(all.p3);
    const writer = await client('p1');
    const warnings: string[] = [];
    writer.on('notice', ({ code, severity }) => warnings.push(`${severity} ${code}`));
    const waiting = writer.query("insert into items values ('cancelled')");
    await until('the wait to be cancelled', async () => {
      const [row] = await group.query(
        'p1',
        "select bool_or(pg_cancel_backend(pid)) as is_cancelled from pg_stat_activity where wait_event = 'SyncRep'",
      );
      return row?.is_cancelled === true;
    });
    await waiting;
    expect(warnings).toEqual(['WARNING 01000']);
    // The old primary shows it; no standby holds it, and the next primary does not either.
    expect(await holds('p1', 'cancelled')).toBe(true);
    epoch += 1;
    await fence(all.p1);
    await fence(all.p2);
    await fence(all.p3);
    await promote(all.p2, ['p3'], 1);
    await follow(all.p3, 'p2');
    await operate(all.p1, { type: 'follow', term, epoch, primary: 'p2' });
    const { gaveUp } = await operate(all.p1, { type: 'look' });
    expect(gaveUp).toBeDefined();
    expect([await holds('p1', 'cancelled'), await holds('p2', 'cancelled')]).toEqual([false, false]);
  });

  test('a standby that left the in-sync set confirms no commit, from the moment on that the primary answers', async () => {
    const all = await standing();
    await operate(all.p1, { type: 'confirmWith', term, epoch, version: 2, inSync: ['p2'], confirmations: 1 });
    await fence(all.p2);
    const waiting = (await client('p1')).query("insert into items values ('of one alone')").then(
      () => 'acknowledged',
      () => 'cut off',
    );
    await until('the standby that left to hold it', () => holds('p3', 'of one alone'));
    await until('the primary to know that, and the commit to wait', async () => {
      const [row] = await group.query(
        'p1',
        `select exists (select from pg_stat_activity where wait_event = 'SyncRep') and exists (select from pg_stat_replication
          where application_name = 'p3' and flush_lsn >= pg_current_wal_flush_lsn()) as waits`,
      );
      return row?.waits === true;
    });
    await fence(all.p1);
    expect(await waiting).toBe('cut off');
  });

  test('two servers that were promoted without knowledge of each other are on timelines of their own', async () => {
    const all = await standing();
    const ends = { p1: await fence(all.p1), p2: await fence(all.p2), p3: await fence(all.p3) };
    epoch += 1;
    const one = await promote(all.p2, [], 0);
    await group.query('p2', "insert into items values ('of the lost epoch')");
    await group.crash('p2');
    epoch += 1;
    const other = await promote(all.p3, [], 0);
    await group.query('p3', "insert into items values ('of the later epoch')");

    await group.restart('p2');
    await operate(all.p2, { type: 'claim', term });
    const back = await operate(all.p2, { type: 'look' });
    expect(back).toMatchObject({ role: 'fenced', position: { history: one.position.history } });
    expect(Number(other.position.history)).toBe(Number(one.position.history) + 1);
    await follow(all.p2, 'p3');
    await until('it to show what the later primary has', () => holds('p2', 'of the later epoch'));
    expect(await holds('p2', 'of the lost epoch')).toBe(false);
    await follow(all.p1, 'p3');
    const { gaveUp } = await operate(all.p1, { type: 'look' });
    // A primary writes to its log by itself, too: of its running transactions, every 15 s.
    const hasMore = ends.p1.position.offset > ends.p3.position.offset;
    expect(gaveUp !== undefined).toBe(hasMore);
  });

  test('a reader that keeps a standby from replaying its log does not keep it from being fenced', async () => {
    const all = await standing();
    await group.query('p1', 'create table if not exists read (n int)');
    await group.query('p1', 'insert into read select generate_series(1, 100)');
    await until(
      'the standby to have the table',
      async () => (await group.query('p2', 'select from read limit 1')).length === 1,
    );
    const reader = await client('p2');
    await reader.query('begin isolation level repeatable read');
    await reader.query('select count(*) from read');
    await group.query('p1', 'drop table read');
    await until('the standby to wait for its reader', async () => {
      const rows = await group.query(
        'p2',
        "select from pg_stat_activity where wait_event = 'RecoveryConflictSnapshot' or (backend_type = 'startup' and wait_event_type = 'Lock')",
      );
      return rows.length === 1;
    });

    expect(await fence(all.p2)).toMatchObject({ role: 'fenced' });
  });

  test('a server without a hand at its machine is fenced as primary, and says that it cannot follow', async () => {
    const all = await standing(false);
    expect(await fence(all.p1)).toMatchObject({ role: 'fenced' });
    await expect(group.query('p1', "insert into items values ('refused')")).rejects.toMatchObject({ code: '25006' });
    await fence(all.p2);
    epoch += 1;
    await promote(all.p2, [], 0);
    await expect(operate(all.p1, { type: 'follow', term, epoch, primary: 'p2' })).rejects.toMatchObject({
      name: 'ServerRefusedError',
      code: 'NOT_POSSIBLE',
    });
    await expect(operate(all.p1, { type: 'stop' })).rejects.toMatchObject({ code: 'NOT_POSSIBLE' });
  });

  test('a standby that is connected is not linked before it takes the log', async () => {
    const { p2 } = await standing();
    await fence(p2);
    const { port, holdRequest, close } = await startTcpProxy(() => Number(new URL(group.urls.p1 ?? '').port));
    const throughProxy = new URL(group.urls.p1 ?? '');
    throughProxy.port = String(port);
    const servers = { ...group.urls, p1: throughProxy.href };
    const host = localHost({ data: group.dataOf('p2'), binaries: group.binaries, clock: systemClock() });
    const it = postgresServer({ group: 'orders', server: 'p2', servers, host });
    reached.push(it);
    await operate(it, { type: 'claim', term });
    const { held, letGo } = holdRequest('START_REPLICATION');

    await operate(it, { type: 'follow', term, epoch, primary: 'p1' });
    await held;
    const { follows, isLinked } = await operate(it, { type: 'look' });
    letGo();
    await until('the standby to be linked', async () => (await operate(it, { type: 'look' })).isLinked);
    await fence(it);
    await close();

    expect({ follows, isLinked }).toEqual({ follows: 'p1', isLinked: false });
  });

  test('a standby for which the primary has thrown away the log is copied', async () => {
    const all = await standing();
    const before = await fence(all.p3);
    await group.crash('p3');
    await group.query('p1', "alter system set wal_keep_size = '0'");
    await group.query('p1', 'select pg_reload_conf()');
    for (let round = 1; round <= 2; round += 1) {
      await group.query('p1', 'select pg_switch_wal()');
      await group.query('p1', 'checkpoint');
    }
    await group.restart('p3');
    await operate(all.p3, { type: 'claim', term });
    await follow(all.p3, 'p1');
    const after = await operate(all.p3, { type: 'look' });

    expect(after.incarnation).not.toBe(before.incarnation);
    await group.query('p1', "insert into items values ('copied')");
    await until('the copied standby to go on', () => holds('p3', 'copied'));
  });

  test('a standby whose rewind was broken off is copied before it starts', async () => {
    const all = await standing();
    const before = await fence(all.p3);
    const primary = await operate(all.p1, { type: 'look' });
    await group.crash('p3');
    writeFileSync(`${group.dataOf('p3')}.rewinding`, group.urls.p1 ?? '');
    rmSync(`${group.dataOf('p3')}/global/pg_control`);

    const started = await operate(all.p3, { type: 'start' });
    expect(started).toMatchObject({ role: 'fenced', position: { history: primary.position.history } });
    expect(started.incarnation).not.toBe(before.incarnation);
    await operate(all.p3, { type: 'claim', term });
    await follow(all.p3, 'p1');
  });

  test('a claim ends with the server that was restarted by a later one in between', async () => {
    const all = await standing();
    term += 1;
    const later = await claimed('p2');
    await later.close();
    await expect(operate(all.p2, { type: 'claim', term: term - 1 })).rejects.toMatchObject({ code: 'CLAIM_LOST' });
    await group.crash('p2');
    await group.restart('p2');
    await expect(operate(all.p2, { type: 'claim', term: term - 1 })).rejects.toMatchObject({ code: 'CLAIM_LOST' });
  });

  test('the doctor finds who is left out of what is promised', async () => {
    const all = await standing();
    await group.query('p1', 'create role hasty');
    await group.query('p1', 'alter role hasty set synchronous_commit = local');
    const findings = await all.p1.check(timeoutMs);
    expect(findings).toContainEqual(expect.objectContaining({ level: 'ok', subject: 'login' }));
    expect(findings).toContainEqual({
      level: 'warning',
      subject: 'synchronous_commit',
      message: expect.stringContaining('is local for hasty in all databases'),
    });
    const { notices } = await operate(all.p1, { type: 'look' });
    expect(notices).toEqual([expect.stringContaining('is local for hasty in all databases')]);
    await group.query('p1', 'drop role hasty');
    expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('a transaction that was prepared at the old primary is committed at the new one', async () => {
    const all = await standing();
    const at = (server: Name, revision: number): Topology => ({
      group: 'orders',
      revision,
      mark: null,
      mode: 'durable',
      confirmations: 1,
      primary: { server, host: '127.0.0.1', port: Number(new URL(group.urls[server] ?? '').port) },
      inSync: [],
      standbys: [],
    });
    const topologies = new BehaviorSubject(at('p1', 1));
    const orders = postgres({ topologies, url: group.urls.p1 ?? '' }, { name: 'orders' });
    await orders.setup({ timeoutMs });
    const branch = { manager: 'm1', transaction: 't1', branch: 'orders' };
    const session = await orders.begin(branch, { timeoutMs });
    await session.query("insert into items values ('prepared')");
    const vote = await session.prepare({ timeoutMs });
    expect(vote.type).toBe('yes');

    await group.crash('p1');
    epoch += 1;
    const fenced = [await fence(all.p2), await fence(all.p3)];
    const [ahead, other] =
      (fenced[0]?.position.offset ?? 0) >= (fenced[1]?.position.offset ?? 0)
        ? (['p2', 'p3'] as const)
        : (['p3', 'p2'] as const);
    await promote(all[ahead], [other], 1);
    await follow(all[other], ahead);
    const commit = () =>
      orders.commit(branch, {
        timeoutMs,
        ...(vote.type === 'yes' && vote.receipt !== undefined ? { receipt: vote.receipt } : {}),
      });
    expect(await commit()).toMatchObject({ type: 'unknown' });
    topologies.next(at(ahead, 2));

    expect(await commit()).toEqual({ type: 'done' });
    expect(await holds(ahead, 'prepared')).toBe(true);
    await until('the standby to hold it, too', () => holds(other, 'prepared'));
    await orders.close();
    await group.restart('p1');
  });
});
