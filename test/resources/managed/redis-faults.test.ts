/** What befalls Redis servers, and what users of other failovers have suffered from, at the servers themselves. */

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ManagedServer } from '../../../src/resources/managed/server.ts';
import type { ServerStatus } from '../../../statecharts/failover/servers.ts';
import {
  hasRedis,
  startRedis,
  startRedisGroup,
  type TestRedisGroup,
  type TestRedisOptions,
} from '../../fixtures/redis.ts';
import { until } from '../../fixtures/until.ts';

const timeoutMs = 60_000;
const look = (at: ManagedServer): Promise<ServerStatus> => at.operate({ type: 'look' }, timeoutMs);
const linked = (at: ManagedServer): Promise<ServerStatus> =>
  until('a standby to be linked', async () => {
    const status = await look(at);
    return status.isLinked && status.position.offset > 0 ? status : undefined;
  });

describe.skipIf(!hasRedis)('a Redis server under a manager', () => {
  let group: TestRedisGroup;
  afterEach(() => group.close());

  /** Claimed by term 1; the first is primary of epoch 1, and the others follow it. */
  const founded = async (options: TestRedisOptions = {}, host?: string) => {
    group = await startRedisGroup(options, host);
    const [r1, r2, r3] = [group.reach('r1'), group.reach('r2'), group.reach('r3')];
    for (const at of [r1, r2, r3]) await at.operate({ type: 'claim', term: 1 }, timeoutMs);
    await r1.operate({ type: 'promote', term: 1, epoch: 1, version: 1, inSync: [], confirmations: 0 }, timeoutMs);
    for (const at of [r2, r3]) await at.operate({ type: 'follow', term: 1, epoch: 1, primary: 'r1' }, timeoutMs);
    for (const at of [r2, r3]) await linked(at);
    return { r1, r2, r3 };
  };
  const fence = (at: ManagedServer, epoch = 2): Promise<ServerStatus> =>
    at.operate({ type: 'fence', term: 1, epoch }, timeoutMs);
  const promote = (at: ManagedServer, epoch = 2): Promise<ServerStatus> =>
    at.operate({ type: 'promote', term: 1, epoch, version: 1, inSync: [], confirmations: 0 }, timeoutMs);
  const follow = (at: ManagedServer, primary: string, epoch = 2): Promise<ServerStatus> =>
    at.operate({ type: 'follow', term: 1, epoch, primary }, timeoutMs);

  test('standbys go on with a promoted one without another copy, an old primary that has nothing more, too', async () => {
    const { r1, r2, r3 } = await founded();
    await group.at('r1').client.set('a', '1');
    const { position } = await fence(r1);
    for (const at of [r2, r3]) {
      await until('a standby to hold all', async () => (await look(at)).position.offset === position.offset);
      await fence(at);
    }
    await promote(r2);
    for (const at of [r1, r3]) await follow(at, 'r2');
    for (const at of [r1, r3]) await linked(at);

    expect(await group.at('r2').client.info('stats')).toContain('sync_full:0');
  });

  test('a primary keeps the name of its history when its first replica comes', async () => {
    group = await startRedisGroup();
    const [r1, r2] = [group.reach('r1'), group.reach('r2')];
    await r1.operate({ type: 'claim', term: 1 }, timeoutMs);
    await r2.operate({ type: 'claim', term: 1 }, timeoutMs);
    const { position } = await promote(r1, 1);
    const settings = ['repl-diskless-sync', 'repl-diskless-sync-delay', 'repl-backlog-ttl'] as const;
    const [sync, delay, ttl] = await Promise.all(settings.map((name) => group.at('r1').client.config('GET', name)));
    await follow(r2, 'r1', 1);

    expect((await linked(r2)).position.history).toBe(position.history);
    expect([sync, delay]).toEqual([
      ['repl-diskless-sync', 'yes'],
      ['repl-diskless-sync-delay', '0'],
    ]);
    expect(ttl).toEqual(['repl-backlog-ttl', '0']);
  });

  test('a switchover loses no write that the old primary had taken', async () => {
    const { r1, r2, r3 } = await founded();
    let taken = 0;
    let isOver = false;
    const writer = (async () => {
      while (!isOver) {
        await group.at('r1').client.incr('counter');
        taken += 1;
      }
    })().catch(() => undefined);
    await until('writes to be under way', () => taken > 100);

    const { position } = await fence(r1);
    await until('the standby to hold all', async () => (await look(r2)).position.offset === position.offset);
    for (const at of [r2, r3]) await fence(at);
    await promote(r2);
    isOver = true;
    await writer;
    await follow(r1, 'r2');

    expect(await linked(r1)).not.toHaveProperty('gaveUp');
    expect(Number(await group.at('r2').client.get('counter'))).toBeGreaterThanOrEqual(taken);
  });

  test('an old primary that was paused comes back, takes writes of clients that are pinned to it, and wins nothing', async () => {
    const { r1, r2, r3 } = await founded();
    await group.at('r1').client.set('a', '1');
    await until('a standby to hold it', async () => (await group.at('r2').client.get('a')) === '1');
    group.at('r1').pause();
    for (const at of [r2, r3]) await fence(at);
    await promote(r2);
    await follow(r3, 'r2');
    await linked(r3);
    group.at('r1').resume();
    expect(await group.at('r1').client.set('pinned', 'lost')).toBe('OK');
    expect(await group.at('r1').client.mset('also', '1', 'too', '2')).toBe('OK');
    await group.at('r2').client.set('a', '2');

    expect((await look(r1)).confirmed).toEqual({});
    await r1.operate({ type: 'claim', term: 1 }, timeoutMs);
    const old = await fence(r1);
    await follow(r1, 'r2');
    const { gaveUp } = await linked(r1);

    expect(gaveUp).toMatchObject({ history: old.position.history, toOffset: old.position.offset });
    expect(gaveUp).toMatchObject({ writes: 2, keys: ['pinned', 'also', 'too'] });
    const bytes = (gaveUp?.toOffset ?? 0) - (gaveUp?.fromOffset ?? 0);
    expect(bytes).toBeGreaterThanOrEqual('*3\r\n$3\r\nset\r\n$6\r\npinned\r\n$4\r\nlost\r\n'.length);
    expect(await group.at('r1').client.get('pinned')).toBeNull();
    expect(await group.at('r1').client.get('a')).toBe('2');
  });

  test('a primary that its supervisor restarted without its data is fenced, and leaves its standbys theirs', async () => {
    const { r2, r3 } = await founded();
    await group.at('r1').client.set('a', '1');
    await until('the standbys to hold it', async () => {
      const values = [await group.at('r2').client.get('a'), await group.at('r3').client.get('a')];
      return values.every((value) => value === '1');
    });
    await group.at('r1').kill();
    const before = await until('the standbys to have missed it', async () => {
      const statuses = [await look(r2), await look(r3)];
      return statuses.every(({ isLinked }) => !isLinked) ? statuses : undefined;
    });
    await group.at('r1').start();
    const empty = await look(group.reach('r1'));
    await until(
      'both standbys to have asked it in vain',
      () => /NOMASTERLINK/.test(group.at('r2').log()) && /NOMASTERLINK/.test(group.at('r3').log()),
    );

    expect(empty).toMatchObject({ role: 'fenced', position: { history: '', offset: 0 }, mark: null });
    for (const [index, at] of [r2, r3].entries()) {
      const status = await look(at);
      expect(status).toMatchObject({ role: 'standby', isLinked: false, incarnation: before[index]?.incarnation });
      expect(status.position).toEqual(before[index]?.position);
    }
    expect(await group.at('r2').client.get('a')).toBe('1');
    await expect(follow(r2, 'r1', 1)).resolves.toMatchObject({ role: 'standby' });
    await fence(r2);
    await expect(follow(r2, 'r1', 1)).rejects.toMatchObject({
      code: 'NOT_POSSIBLE',
      message: expect.stringContaining("'r1' is not primary of epoch 1"),
    });
  });

  test('a configuration file says that its server follows nowhere once that was fenced, also when it is promoted', async () => {
    const { r2 } = await founded();
    const file = group.at('r2').configFile;
    await fence(r2);
    expect(readFileSync(file, 'utf8')).toMatch(/^replicaof 127\.0\.0\.1 1$/m);
    await promote(r2);
    expect(readFileSync(file, 'utf8')).toMatch(/^replicaof 127\.0\.0\.1 1$/m);
  });

  test('a server that cannot write its configuration file is fenced, but says that it would not stay so', async () => {
    const { r2 } = await founded();
    rmSync(group.at('r2').directory, { recursive: true });
    await expect(fence(r2)).rejects.toMatchObject({
      code: 'NOT_POSSIBLE',
      message: expect.stringMatching(/beyond a restart/),
    });
    expect((await look(r2)).role).toBe('fenced');

    rmSync(group.at('r3').directory, { recursive: true });
    const trusting = group.reach('r3', 'm1', { writesConfig: false });
    await trusting.operate({ type: 'claim', term: 1 }, timeoutMs);
    expect((await fence(trusting)).role).toBe('fenced');
  });

  test('standbys are known by the addresses that the group has for them, names too', async () => {
    const { r1 } = await founded({}, 'localhost');
    await until('both standbys to confirm', async () => Object.keys((await look(r1)).confirmed).length === 2);
    expect(await look(r1)).not.toHaveProperty('notices');
  });

  test('a replica that is none of the group is named', async () => {
    const { r1 } = await founded();
    const stranger = await startRedis();
    try {
      await stranger.client.call('REPLICAOF', '127.0.0.1', String(group.at('r1').port));
      const { notices } = await until('the replica to be there', async () => {
        const status = await look(r1);
        return status.notices === undefined ? undefined : status;
      });
      expect(notices).toEqual([
        `a replica at 127.0.0.1:${stranger.port} is none of the group; disconnect it, or add it to the group`,
      ]);
      await until('both standbys to confirm', async () => Object.keys((await look(r1)).confirmed).length === 2);
    } finally {
      await stranger.remove();
    }
  });

  test('a server counts for nothing while it takes a copy, and when that was broken off', async () => {
    const { r1, r3 } = await founded();
    const { client } = group.at('r1');
    for (let index = 0; index < 100; index += 1) await client.set(`key-${index}`, 'x');
    // Long beside what the test does meanwhile; Redis ends a copy that no server takes any more.
    await client.config('SET', 'rdb-key-save-delay', 2_000_000);
    await group.at('r3').kill();
    // Redis keeps the copy that it took as a file, and would go on from there.
    rmSync(join(group.at('r3').directory, 'dump.rdb'));
    await group.at('r3').start();
    await r3.operate({ type: 'claim', term: 1 }, timeoutMs);
    await follow(r3, 'r1', 1);
    const copying = await until('the copy to be under way', async () => {
      const info = await group.at('r3').client.info('replication');
      return info.includes('master_sync_in_progress:1') ? await look(r3) : undefined;
    });
    expect(copying).toMatchObject({ role: 'standby', isLinked: false, position: { history: '', offset: 0 } });
    expect((await look(r1)).confirmed).not.toHaveProperty('r3');

    expect(await fence(r3)).toMatchObject({ role: 'fenced', position: { history: '', offset: 0 } });
  });

  test('a server that is loading is alive, fenced, and has no position yet', async () => {
    const { r2 } = await founded({ config: ['loading-process-events-interval-bytes 1024'] });
    const { client, configFile } = group.at('r2');
    for (let index = 0; index < 5_000; index += 1) void group.at('r1').client.set(`key-${index}`, 'x'.repeat(100));
    await until('the standby to hold them', async () => (await client.exists('key-4999')) === 1);
    await client.call('SAVE');
    await client.config('SET', 'key-load-delay', 20_000);
    await fence(r2);
    await group.at('r2').kill();
    expect(readFileSync(configFile, 'utf8')).toContain('key-load-delay');
    await group.at('r2').start();
    const at = group.reach('r2');
    const loading = await look(at);

    expect(await at.probe(timeoutMs)).toBe('answers');
    expect(loading).toMatchObject({ role: 'fenced', isLinked: false, position: { history: '', offset: 0 } });
    expect(loading.notices).toEqual([expect.stringMatching(/^it is loading its data/)]);
    await at.operate({ type: 'claim', term: 1 }, timeoutMs);
    await expect(promote(at)).rejects.toMatchObject({
      code: 'NOT_POSSIBLE',
      message: expect.stringMatching(/loading/),
    });
  });

  test('a server that is busy with a script is silent, and is not fenced before it has ended', async () => {
    const { r2 } = await founded();
    const { client } = group.at('r2');
    await client.config('SET', 'busy-reply-threshold', 50);
    const script = client.eval('while true do end', 0).catch(() => undefined);
    const other = client.duplicate({ lazyConnect: true });
    await until('the script to be under way', () =>
      other.ping().then(
        () => undefined,
        (error: Error) => error.message.startsWith('BUSY'),
      ),
    );
    const at = group.reach('r2', 'm2');
    expect(await at.probe(timeoutMs)).toBe('silent');
    await expect(fence(r2)).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: expect.stringMatching(/BUSY/) });

    await other.script('KILL');
    other.disconnect();
    await script;
    expect(await at.probe(timeoutMs)).toBe('answers');
    expect((await fence(r2)).role).toBe('fenced');
  });

  test('a server that cannot save is silent to a probe, names it, and does not become primary', async () => {
    const { r2 } = await founded({ config: ['save 3600 1', 'enable-protected-configs yes'] });
    const { client, directory } = group.at('r2');
    mkdirSync(join(directory, 'folder'));
    await client.config('SET', 'dbfilename', 'folder');
    await client.call('BGSAVE');
    const { notices } = await until('the failure to be seen', async () => {
      const status = await look(r2);
      return status.notices === undefined ? undefined : status;
    });

    expect(notices).toEqual([expect.stringMatching(/cannot save/)]);
    expect(await r2.probe(timeoutMs)).toBe('silent');
    await fence(r2);
    await expect(promote(r2)).rejects.toMatchObject({
      code: 'NOT_POSSIBLE',
      message: expect.stringMatching(/MISCONF/),
    });
    expect((await look(r2)).role).toBe('fenced');
  });

  test('a server that takes no more clients is alive', async () => {
    const { r3 } = await founded();
    await r3.probe(timeoutMs);
    await group.at('r3').client.config('SET', 'maxclients', 1);

    expect(await r3.probe(timeoutMs)).toBe('answers');
    await expect(group.reach('r3', 'm2').operate({ type: 'claim', term: 2 }, timeoutMs)).rejects.toThrow();
    expect((await fence(r3)).role).toBe('fenced');
  });

  test('a user and a password let managers in, and wrong ones are named', async () => {
    const config = ['user default off', 'user keeper on >secret ~* &* +@all', 'masteruser keeper', 'masterauth secret'];
    const { r1 } = await founded({ config, username: 'keeper', password: 'secret' });
    await until('both standbys to confirm', async () => Object.keys((await look(r1)).confirmed).length === 2);

    const stranger = group.reach('r1', 'm2', { password: 'wrong' });
    expect(await stranger.probe(timeoutMs)).toBe('answers');
    await expect(look(stranger)).rejects.toMatchObject({ code: 'RESOURCE_LOGIN' });
  });

  test('a connection whose other end went without a word costs no more than the time that was given', async () => {
    const { r2 } = await founded();
    expect(await r2.probe(timeoutMs)).toBe('answers');
    group.at('r2').pause();
    for (const attempt of ['first', 'second']) {
      expect(await r2.probe(100), attempt).toBe('silent');
      await expect(r2.operate({ type: 'look' }, 100)).rejects.toMatchObject({ code: 'RESOURCE_DEADLINE' });
    }
    await expect(r2.operate({ type: 'fence', term: 1, epoch: 2 }, 100)).rejects.toMatchObject({
      code: 'RESOURCE_DEADLINE',
    });
    await expect(r2.operate({ type: 'fence', term: 1, epoch: 2 }, 100)).rejects.toMatchObject({ code: 'CLAIM_LOST' });
    group.at('r2').resume();
    expect(await r2.probe(timeoutMs)).toBe('answers');
  });
});
