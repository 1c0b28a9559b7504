/** Managers as processes, over a trio of real Redis servers: what dies, and what operators ask, from the outside. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FailoverStatus } from '../../../src/services/failover/status.ts';
import { freePorts } from '../../fixtures/ports.ts';
import { type Run, run } from '../../fixtures/processes.ts';
import { hasRedis, startRedisGroup } from '../../fixtures/redis.ts';
import { until } from '../../fixtures/until.ts';

/** How long anything may take on a machine that is busy with other things. */
const patienceMs = 90_000;
const managerIds = ['m1', 'm2', 'm3'];

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-group-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A trio of servers, and the file of a group of them; nothing manages it yet. */
async function trio() {
  const servers = await startRedisGroup();
  onTestFinished(() => servers.close());
  const ports = await freePorts(2 * managerIds.length);
  const httpOf = new Map(managerIds.map((id, at) => [id, `127.0.0.1:${ports[managerIds.length + at]}`]));
  const file = join(temporary(), 'orders.json');
  const managers = managerIds.map((id, at) => [
    id,
    { listen: `127.0.0.1:${ports[at]}`, http: httpOf.get(id), data: `./${id}` },
  ]);
  const places = Object.entries(servers.servers).map(([name, { host, port }]) => [
    name,
    { address: `${host}:${port}` },
  ]);
  const all = { managers: Object.fromEntries(managers), servers: Object.fromEntries(places) };
  // A server that is gone refuses; one that is late on a busy machine is none that has died.
  const detector = { estimator: { kind: 'fixed', timeoutMs: 20_000 } };
  writeFileSync(file, JSON.stringify({ group: 'orders', kind: 'redis', secretFile: './secret', detector, ...all }));
  const runs = new Map<string, Run>();
  const start = async (): Promise<string> => {
    const started = run(['failover', '--config', file]);
    onTestFinished(() => started.signal('SIGKILL'));
    const [, line = ''] = await started.printed(/^(.*"msg":"manager runs".*)$/m, patienceMs);
    const { id }: { id: string } = JSON.parse(line);
    runs.set(id, started);
    return id;
  };
  const statusAt = async (id: string): Promise<FailoverStatus> =>
    JSON.parse(await (await fetch(`http://${httpOf.get(id)}/failover/status`)).text());
  /** How the manager in office sees the group, once it is as wanted. */
  const stands = (what: string, isSo: (status: FailoverStatus) => boolean): Promise<FailoverStatus> =>
    until(
      what,
      async () => {
        for (const id of runs.keys()) {
          const status = await statusAt(id).catch(() => undefined);
          const isInOffice = status?.standing.manager === id && status.role !== 'waiting';
          if (isInOffice && isSo(status)) return status;
        }
        return undefined;
      },
      patienceMs,
    );
  return {
    servers,
    file,
    start,
    runs,
    stands,
    /** Waits until the group has a primary other than `before`, and both others are in sync with it. */
    settled: async (what: string, before?: string): Promise<string> => {
      const { standing } = await stands(what, ({ role, standing: { primary, inSync } }) => {
        const isReigning = role === 'settling' || role === 'monitoring';
        return isReigning && primary !== null && primary.server !== before && inSync.length === 2;
      });
      return standing.primary?.server ?? '';
    },
    operator: async (...args: readonly string[]) => {
      const asked = run(['failover', ...args, '--config', file]);
      onTestFinished(() => asked.signal('SIGKILL'));
      return { code: await asked.end(patienceMs), stdout: asked.stdout, stderr: asked.stderr };
    },
  };
}

describe.skipIf(!hasRedis)('three managers of one file', () => {
  test('survive the primary and the manager in office, and do what operators ask', { timeout: 600_000 }, async () => {
    const { servers, start, runs, stands, settled, operator } = await trio();
    // At once, with no secret yet: each takes another part, and all hold the secret that one of them makes.
    expect((await Promise.all(managerIds.map(start))).sort()).toEqual(managerIds);
    const one = await settled('the first primary');
    expect(await operator()).toMatchObject({ code: 1, stderr: expect.stringMatching(/^MANAGERS_RUN: m1, m2, m3 run/) });

    await servers.at(one).client.set('paid', 'yes');
    expect(await servers.at(one).client.wait(2, 60_000)).toBe(2);
    await servers.at(one).kill();
    await stands('another primary', ({ standing: { primary, phase } }) => {
      return primary !== null && primary.server !== one && phase !== 'fencing' && phase !== 'promoting';
    });
    await servers.at(one).start();
    const two = await settled('the old primary to be a standby', one);
    expect(await servers.at(two).client.get('paid')).toBe('yes');
    expect(await servers.at(one).client.get('paid')).toBe('yes');

    const { id: former } = await stands('one in office', () => true);
    runs.get(former)?.signal('SIGKILL');
    await runs.get(former)?.end(patienceMs);
    runs.delete(former);
    const { standing } = await stands('another one in office', ({ id }) => id !== former);
    expect(standing.primary?.server).toBe(two);

    const target = standing.inSync[0]?.server ?? '';
    await settled('all to be in sync');
    const moved = await operator('switchover', target, '--json', '--timeout', '60');
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(moved.stdout)).toMatchObject({ primary: target });
    expect(await start()).toBe(former);
    expect(await settled('the standbys to follow', two)).toBe(target);

    const told = await operator('status');
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout).toContain(`${target} is primary of epoch ${standing.epoch + 1}`);
    expect(told.stdout).toMatch(/^m\d is in office/m);
    const history = await operator('history', '--json');
    const { transitions } = JSON.parse(history.stdout);
    expect(transitions).toContainEqual(expect.objectContaining({ change: 'elect', reason: 'primary-dead', epoch: 2 }));
    expect(transitions).toContainEqual(expect.objectContaining({ change: 'elect', reason: 'switchover', epoch: 3 }));
    const doctor = await operator('doctor', '--json');
    expect(JSON.parse(doctor.stdout).findings).toContainEqual(
      expect.objectContaining({ of: 'orders', level: 'ok', subject: 'primary' }),
    );

    for (const manager of runs.values()) manager.signal('SIGTERM');
    for (const manager of runs.values()) {
      expect(await manager.end(patienceMs)).toBe(0);
      expect(manager.stdout).toContain('"msg":"manager has stopped"');
    }
  });
});

describe('a manager does not start', () => {
  const managers = { m1: { listen: '127.0.0.1:7101', http: '127.0.0.1:7201', data: './m1' } };
  const servers = { r1: { address: '127.0.0.1:6379' }, r2: { address: '127.0.0.1:6380' } };
  const good = { group: 'orders', kind: 'redis', managers, servers };

  test.each([
    [
      'with a key that there is not',
      { ...good, standbies: 1 },
      [],
      /bad\.json' is malformed at\n {2}standbies: there is no such key; did you mean 'standbys'\?/,
    ],
    [
      'with a wrong value',
      { ...good, mode: 'durabel' },
      [],
      /bad\.json' is malformed at\n {2}mode: expected .* got "durabel"; did you mean 'durable'\?/,
    ],
    ['as one that the file does not have', good, ['--id', 'm9'], /^MANAGER_UNKNOWN: expected one of m1, got 'm9'/],
    [
      'where none is configured',
      { ...good, managers: { m1: { ...managers.m1, listen: '192.0.2.1:7101' } } },
      [],
      /^MANAGER_UNKNOWN/,
    ],
  ])('%s: it says so, and ends with 2', async (_what, config, more, said) => {
    const file = join(temporary(), 'bad.json');
    writeFileSync(file, JSON.stringify(config));
    const started = run(['failover', '--config', file, ...more]);
    onTestFinished(() => started.signal('SIGKILL'));
    expect(await started.end(patienceMs)).toBe(2);
    expect(started.stderr).toMatch(said);
  });

  test('without a file, or with one that is none', async () => {
    const none = run(['failover', '--config', join(temporary(), 'none.json')]);
    onTestFinished(() => none.signal('SIGKILL'));
    expect(await none.end(patienceMs)).toBe(2);
    expect(none.stderr).toMatch(/^FILE: expected a JSON file at .*none\.json/);
    const unnamed = run(['failover']);
    onTestFinished(() => unnamed.signal('SIGKILL'));
    expect(await unnamed.end(patienceMs)).toBe(2);
    expect(unnamed.stderr).toContain('--config');
  });
});
