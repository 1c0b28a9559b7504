/** Managers of a group as processes have them: files, TCP and HTTP on this machine; servers in memory. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subscription } from 'rxjs';
import { afterEach, expect, test } from 'vitest';
import { createClusterSecret } from '../../../src/bus/tcp.ts';
import { systemClock } from '../../../src/environment/clock.ts';
import { memoryGroup } from '../../../src/resources/managed/memory.ts';
import {
  type ManagerNode,
  type ManagerNodeOptions,
  startFailoverManager,
} from '../../../src/services/failover/manager-node.ts';
import type { FailoverStatus } from '../../../src/services/failover/status.ts';
import { followTopology } from '../../../src/services/failover/topology/follow.ts';
import type { Topology } from '../../../statecharts/failover.ts';
import { hasNats, startNats } from '../../fixtures/nats.ts';
import { freePorts } from '../../fixtures/ports.ts';
import { until } from '../../fixtures/until.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const servers = ['r1', 'r2', 'r3'];
const ids = ['m1', 'm2', 'm3'];

/** A group with three managers, which are started by `start`. */
async function lab(options: Partial<ManagerNodeOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-managers-'));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const ports = await freePorts(6);
  const portOf = (at: number): number => ports[at] ?? 0;
  const managers = Object.fromEntries(ids.map((id, at) => [id, { host: '127.0.0.1', port: portOf(at) }]));
  const group = memoryGroup({ servers, clock: systemClock() });
  const secret = createClusterSecret();
  const running = new Map<string, ManagerNode>();
  const start = async (id: string, others: Partial<ManagerNodeOptions> = {}): Promise<ManagerNode> => {
    const manager = await startFailoverManager({
      id,
      managers,
      dataDirectory: join(directory, id),
      secret,
      http: { host: '127.0.0.1', port: portOf(3 + ids.indexOf(id)) },
      plan: { group: 'orders', mode: 'durable', servers: servers.map((server) => ({ server })) },
      servers: Object.fromEntries(
        servers.map((server, at) => [
          server,
          { address: { host: '127.0.0.1', port: 6_001 + at }, server: group.reach(server, id) },
        ]),
      ),
      // A server that is gone refuses; none is late where all are in this process, however busy it is.
      estimator: { kind: 'fixed', timeoutMs: 60_000 },
      pid: 1,
      ...options,
      ...others,
    });
    running.set(id, manager);
    ends.push(() => manager.stop());
    return manager;
  };
  await Promise.all(ids.map((id) => start(id)));
  const urls = ids.map((_, at) => `http://127.0.0.1:${portOf(3 + at)}`);
  let topology: Topology | undefined;
  const following: Subscription = followTopology({ managers: urls }).subscribe((next) => {
    topology = next;
  });
  ends.push(() => following.unsubscribe());
  const inOffice = (): string | undefined =>
    [...running].find(([, it]) => it.status().role === 'monitoring' || it.status().role === 'manual')?.[0];
  return {
    group,
    directory,
    start,
    urls,
    topology: () => topology,
    inOffice,
    manager(id: string): ManagerNode {
      const found = running.get(id);
      if (found === undefined) throw new Error(`expected a manager that runs, not '${id}'`);
      return found;
    },
    async stop(id: string) {
      await running.get(id)?.stop();
      running.delete(id);
    },
    primaryOtherThan: (before: string | undefined) =>
      until('another primary', () => {
        const now = topology?.primary?.server;
        return now !== undefined && now !== before && topology?.inSync.length !== 0 ? now : undefined;
      }),
  };
}

const post = (url: string, path: string, body: unknown) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** A NATS server for a test. */
const nats = async (): Promise<Partial<ManagerNodeOptions>> => {
  const server = await startNats();
  ends.push(() => server.kill());
  return { nats: server.url };
};
const buses = [
  { over: 'TCP', options: async () => ({}) },
  { over: 'NATS', options: nats },
].filter(({ over }) => over !== 'NATS' || hasNats);

test.each(buses)(
  'a group whose managers speak over $over is founded, fails over when its primary dies, and loses nothing that was acknowledged',
  async ({ options }) => {
    const { group, primaryOtherThan, topology, directory, inOffice } = await lab(await options());
    const first = await primaryOtherThan(undefined);
    expect(await group.write(first, 'one', 60_000)).toBe('acknowledged');
    group.crash(first);
    const second = await primaryOtherThan(first);
    expect(group.contents(second)).toEqual(['one']);
    expect(topology()?.mark?.epoch).toBe(2);
    group.restart(first);
    await until('the former primary to follow', () => topology()?.inSync.includes(first));
    const audit = readFileSync(join(directory, (await until('one in office', inOffice)) ?? '', 'audit.jsonl'), 'utf8');
    const changes = audit
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(changes.map(({ revision }) => revision)).toEqual(changes.map((_, at) => at + 1));
    expect(changes).toContainEqual(expect.objectContaining({ change: 'elect', reason: 'primary-dead', epoch: 2 }));
  },
  600_000,
);

test.each(buses)(
  'another manager goes on over $over when the one in office stops in the middle of a failover, and that one comes back',
  async ({ options }) => {
    const { group, primaryOtherThan, inOffice, stop, start, topology } = await lab(await options());
    const first = await primaryOtherThan(undefined);
    const office = await until('one in office', inOffice);
    group.crash(first);
    await stop(office);
    const second = await primaryOtherThan(first);
    const next = await until('another one in office', inOffice);
    expect(next).not.toBe(office);
    const again = await start(office);
    await until('it to know the standing', () => again.status().standing.revision >= (topology()?.revision ?? 0));
    expect(again.status().standing.primary?.server).toBe(second);
  },
  600_000,
);

test('a manager that is stopped while it is in office lets another one lead, which is in office next', async () => {
  const resigned = new Set<string>();
  const { stop, start, primaryOtherThan, inOffice } = await lab({
    inspect: ({ id, inspection }) =>
      inspection.subscribe((event) => {
        if (event.type === 'step' && event.cause.type === 'handOver') resigned.add(id);
      }),
  });
  await primaryOtherThan(undefined);
  // On a machine that is busy with other things, one may have lost its office by itself before it is stopped.
  const before = await until('one in office to be stopped', async () => {
    const office = inOffice();
    if (office === undefined) return undefined;
    await stop(office);
    if (resigned.has(office)) return office;
    await start(office);
    return undefined;
  });
  const after = await until('another one in office', inOffice);
  expect(after).not.toBe(before);
});

test('clients hear how far standbys are behind, though nothing is recorded meanwhile', async () => {
  const { group, topology, inOffice, manager } = await lab({
    plan: { group: 'orders', mode: 'pass-through', servers: servers.map((server) => ({ server })) },
  });
  const office = await until('one in office, and all settled', inOffice);
  const primary = topology()?.primary?.server ?? '';
  const standby = servers.find((it) => it !== primary) ?? '';
  const lagOf = (name: string) => topology()?.standbys.find(({ server }) => server === name)?.lagBytes;
  await until('both to be there', () => servers.every((it) => it === primary || lagOf(it) === 0));
  // On a machine that is busy with other things, another manager may come into office, which is recorded.
  const [before, after] = await until('a lag within one term', async () => {
    const earlier = manager(office).status().standing;
    group.pause(standby);
    expect(await group.write(primary, 'one', 60_000)).toBe('acknowledged');
    await until('it to be behind', () => lagOf(standby) === 1);
    group.resume(standby);
    await until('it to be there again', () => lagOf(standby) === 0);
    const later = manager(office).status().standing;
    return later.term === earlier.term ? ([earlier.revision, later.revision] as const) : undefined;
  });
  expect(after).toBe(before);
});

test('an operator switches over, and has failovers not begin by themselves', async () => {
  const { group, primaryOtherThan, urls, topology, inOffice } = await lab();
  const first = await primaryOtherThan(undefined);
  const target = await until('a target in sync', () => topology()?.inSync[0]);
  const office = await until('one in office', inOffice);
  const url = urls[ids.indexOf(office)] ?? '';
  const other = urls.find((it) => it !== url) ?? '';
  const refused = await post(other, '/failover/switchover', { target });
  expect([refused.status, await refused.json()]).toEqual([
    409,
    expect.objectContaining({ code: 'NOT_IN_OFFICE', message: expect.stringContaining(office) }),
  ]);
  await until('it to be accepted', async () => (await post(url, '/failover/switchover', { target })).status === 202);
  expect(await primaryOtherThan(first)).toBe(target);
  await until('maintenance', async () => (await post(url, '/failover/maintenance', { on: true })).status === 202);
  const status = async (): Promise<FailoverStatus> => JSON.parse(await (await fetch(`${url}/failover/status`)).text());
  await until('the phase', async () => (await status()).standing.phase === 'manual');
  group.crash(target);
  await until('the alarm', async () => (await status()).alarms.includes('operator-needed'));
  expect(topology()?.primary?.server).toBe(target);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('quorate_failover_alarm{alarm="operator-needed",group="orders"} 1');
  expect(metrics).toContain('quorate_failover_maintenance{group="orders"} 1');
  expect(metrics).toMatch(/^quorate_link_connected\{peer="m\d",group="orders"\} [01]$/m);
  expect(metrics).toMatch(/^quorate_link_waiting_frames\{peer="m\d",group="orders"\} \d+$/m);
  expect(metrics).toMatch(/^quorate_mailbox_messages\{group="orders"\} \d+$/m);
  expect((await post(url, '/failover/maintenance', { on: false })).status).toBe(202);
  expect(await primaryOtherThan(target)).not.toBe(target);
});
