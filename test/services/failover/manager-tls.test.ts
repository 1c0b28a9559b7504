/** Managers over TLS: their certificates keep strangers out, on TCP and on HTTP. Files, TCP and HTTP are real; servers are in memory. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom } from 'rxjs';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { memoryGroup } from '../../../src/resources/managed/memory.ts';
import { type ManagerNodeOptions, startFailoverManager } from '../../../src/services/failover/manager-node.ts';
import { type FollowTopologyOptions, followTopology } from '../../../src/services/failover/topology/follow.ts';
import { askingSecurely } from '../../../src/services/failover/topology/secure.ts';
import { testAuthorityOf } from '../../fixtures/issued.ts';
import { freePorts } from '../../fixtures/ports.ts';
import { testSecret } from '../../fixtures/secret.ts';
import { until } from '../../fixtures/until.ts';

const cluster = 'failover-orders';
const authority = testAuthorityOf('orders', cluster);
const stranger = testAuthorityOf('orders', cluster);

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Two managers of a group of two servers, each of which shows what it is told to. */
async function lab() {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-managers-tls-'));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const servers = ['r1', 'r2'];
  const [first = 0, second = 0, ...http] = await freePorts(4);
  const at = (port: number) => ({ host: '127.0.0.1', port });
  const group = memoryGroup({ servers, clock: systemClock() });
  const start = async (id: 'm1' | 'm2', tls: ManagerNodeOptions['tls']) => {
    const manager = await startFailoverManager({
      id,
      managers: { m1: at(first), m2: at(second) },
      dataDirectory: join(directory, id),
      secret: testSecret,
      ...(tls && { tls }),
      http: at(http[id === 'm1' ? 0 : 1] ?? 0),
      plan: { group: 'orders', mode: 'durable', servers: servers.map((server) => ({ server })) },
      servers: Object.fromEntries(
        servers.map((server, index) => [server, { address: at(6_001 + index), server: group.reach(server, id) }]),
      ),
    });
    ends.push(() => manager.stop());
    const codes = new Set<string>();
    manager.bus.notices.subscribe(({ error }) => codes.add(error.code));
    const refusals = new Set<string>();
    manager.bus.peers.subscribe(({ refusal }) => refusal && refusals.add(refusal.code));
    return { manager, codes, refusals, inOffice: () => manager.status().role === 'monitoring' };
  };
  return { start };
}

test('managers that show their certificates manage a group, and tell those who believe their authority', async () => {
  const { start } = await lab();
  const one = await start('m1', authority.node('m1'));
  const other = await start('m2', authority.node('m2'));
  await until('a manager in office', () => one.inOffice() || other.inOffice());
  expect(one.manager.httpUrl).toMatch(/^https:/);
  const known = { managers: [one.manager.httpUrl, other.manager.httpUrl], group: 'orders' };
  const topology = await firstValueFrom(followTopology({ ...known, ask: askingSecurely({ ca: authority.ca }).ask }));
  expect(topology.group).toBe('orders');
});

test.each([
  ['is of another authority', stranger.node('m2')],
  ['has no time left', authority.node('m2', { days: -1 })],
])('a manager whose certificate %s takes no part, and both say why', async (_what, tls) => {
  const { start } = await lab();
  const good = await start('m1', authority.node('m1'));
  const bad = await start('m2', tls);
  const isTold = ({ codes, refusals }: typeof good): boolean =>
    codes.has('UNTRUSTED_CERTIFICATE') || refusals.has('wrong-certificate') || codes.has('TLS_HANDSHAKE');
  await until('both to say why', () => isTold(good) && isTold(bad));
  expect([good.inOffice(), bad.inOffice()]).toEqual([false, false]);
});

test('a manager whose certificate was revoked takes no part, whichever side dials', async () => {
  const { start } = await lab();
  const revoked = authority.node('m2');
  const good = await start('m1', { ...authority.node('m1'), crl: authority.revoke(revoked) });
  const bad = await start('m2', revoked);
  await until('the notice of the side that dials it', () => good.codes.has('UNTRUSTED_CERTIFICATE'));
  await until('the refusal where it dials', () => bad.refusals.has('wrong-certificate'));
  expect([good.inOffice(), bad.inOffice()]).toEqual([false, false]);
});

test('a manager without TLS takes no part among those with it', async () => {
  const { start } = await lab();
  const good = await start('m1', authority.node('m1'));
  const plain = await start('m2', undefined);
  await until('the refusal', () => good.codes.has('TLS_HANDSHAKE'));
  expect([good.inOffice(), plain.inOffice()]).toEqual([false, false]);
});

test('a manager does not start with the certificate of another one, or of another group', async () => {
  const { start } = await lab();
  const code = { code: 'TLS_IDENTITY' };
  await expect(start('m1', authority.node('m2'))).rejects.toMatchObject(code);
  await expect(start('m1', testAuthorityOf('x', 'failover-x').node('m1'))).rejects.toMatchObject(code);
});

test.each([
  ['plainly', (url: string) => url.replace('https:', 'http:'), undefined],
  ['by the word of another authority', (url: string) => url, stranger.ca],
])('nothing is learned from a manager that is asked %s', async (_how, urlOf, ca) => {
  const { start } = await lab();
  const { manager } = await start('m1', authority.node('m1'));
  const told: string[] = [];
  const learned: unknown[] = [];
  const options: FollowTopologyOptions = {
    managers: [urlOf(manager.httpUrl)],
    retryMs: 10,
    report: ({ code }) => told.push(code),
    ...(ca !== undefined && { ask: askingSecurely({ ca }).ask }),
  };
  const following = followTopology(options).subscribe((it) => learned.push(it));
  ends.push(() => following.unsubscribe());
  await until('two attempts', () => told.length >= 2);
  expect(new Set(told)).toEqual(new Set(['MANAGER_UNREACHABLE']));
  expect(learned).toEqual([]);
});

test('what follows a manager ends with the list that names its certificate, and goes on by a new one', async () => {
  const { start } = await lab();
  const shown = authority.node('m1');
  const { manager } = await start('m1', shown);
  const asking = askingSecurely({ ca: authority.ca, crl: authority.revoke(authority.node('m2')) });
  const told: string[] = [];
  const learned: unknown[] = [];
  const following = followTopology({
    managers: [manager.httpUrl],
    ask: asking.ask,
    retryMs: 10,
    repeats: true,
    report: ({ message }) => told.push(message),
  }).subscribe((it) => learned.push(it));
  ends.push(() => following.unsubscribe());
  await until('news', () => learned.length > 0);
  expect(() => asking.setTls({ ca: authority.ca, crl: 'none' })).toThrow(
    expect.objectContaining({ code: 'TLS_IDENTITY' }),
  );
  asking.setTls({ ca: authority.ca, crl: authority.revoke(shown) });
  await until('the refusal', () => told.some((it) => /revoked/.test(it) && !/has changed/.test(it)));
  const before = learned.length;
  manager.setTls(authority.node('m1'));
  await until('news by the new certificate', () => learned.length > before);
});

test('a new certificate serves connections from then on, and a wrong one changes nothing', async () => {
  const { start } = await lab();
  const one = await start('m1', authority.node('m1'));
  const late = await start('m2', authority.node('m2', { days: -1 }));
  expect(() => late.manager.setTls(authority.node('m1'))).toThrow(expect.objectContaining({ code: 'TLS_IDENTITY' }));
  late.manager.setTls(authority.node('m2'));
  await until('a manager in office', () => one.inOffice() || late.inOffice());
});

test('a manager that was started without TLS takes no certificate', async () => {
  const { start } = await lab();
  const { manager } = await start('m1', undefined);
  expect(() => manager.setTls(authority.node('m1'))).toThrow(expect.objectContaining({ code: 'BUS_OPTIONS' }));
});
