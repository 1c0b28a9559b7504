/**
 * Managers and proxies as processes that speak TLS, over real Redis servers: certificates that `quorate certs` makes and
 * revokes let them in, and keep others out.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isOk, requestHttp, textOfAnswer } from '../../../src/services/http/request.ts';
import { freePorts } from '../../fixtures/ports.ts';
import { type Run, run } from '../../fixtures/processes.ts';
import { hasRedis, startRedisGroup } from '../../fixtures/redis.ts';
import { until } from '../../fixtures/until.ts';
import { quorate } from '../commands.ts';

/** How long anything may take on a machine that is busy with other things. */
const patienceMs = 120_000;
const timeout = 600_000;
const ids = ['m1', 'm2', 'm3'] as const;
type Id = (typeof ids)[number];
type Lab = Awaited<ReturnType<typeof createLab>>;

/** Runs a command here. @throws what it says when it fails */
async function done(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await quorate(...args);
  if (code !== 0) throw new Error(stderr);
}

/** Starts a process that does not outlive the test. */
function started(args: readonly string[]): Run {
  const it = run(args);
  onTestFinished(() => it.signal('SIGKILL'));
  return it;
}

/** The options that show the certificate of `id`, made into `directory`. */
const showing = (directory: string, id: string): readonly string[] => [
  ...['--ca', join(directory, 'ca.pem')],
  ...['--cert', join(directory, `${id}.pem`)],
  ...['--key', join(directory, `${id}.key.pem`)],
];

/** A group of three managers, whose certificates are made, and of three servers that run; nothing manages it yet. */
async function createLab() {
  const servers = await startRedisGroup();
  onTestFinished(() => servers.close());
  const directory = mkdtempSync(join(tmpdir(), 'quorate-failover-tls-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [proxyPort = 0, ...ports] = await freePorts(1 + 2 * ids.length);
  const portOf = (id: Id): number => ports[ids.indexOf(id)] ?? 0;
  const httpPortOf = (id: Id): number => ports[ids.length + ids.indexOf(id)] ?? 0;
  const at = (port: number): string => `127.0.0.1:${port}`;
  const managers = ids.map((id) => [id, { listen: at(portOf(id)), http: at(httpPortOf(id)), data: `./${id}` }]);
  const places = Object.entries(servers.servers).map(([name, { port }]) => [name, { address: at(port) }]);
  const file = join(directory, 'orders.json');
  const group = { group: 'orders', kind: 'redis', secretFile: './secret', proxy: { listen: at(proxyPort) } };
  const parts = { managers: Object.fromEntries(managers), servers: Object.fromEntries(places) };
  writeFileSync(file, JSON.stringify({ ...group, ...parts }));

  const certs = join(directory, 'certs');
  const issue = (nodes: readonly string[], into = certs): Promise<void> =>
    done('certs', ...nodes, '--cluster', 'failover-orders', '--directory', into);
  await issue(ids);
  const authority = join(certs, 'ca.pem');
  const ca = readFileSync(authority, 'utf8');
  const start = (id: Id, options: readonly string[]): Run =>
    started(['failover', '--config', file, '--id', id, ...options]);
  const status = async (...options: readonly string[]) => {
    const asked = started(['failover', 'status', '--config', file, '--json', ...options]);
    return { code: await asked.end(patienceMs), stdout: asked.stdout, stderr: asked.stderr };
  };
  return {
    ...{ directory, certs, authority, issue, start, status },
    proxy: (...options: readonly string[]): Run => started(['proxy', '--config', file, ...options]),
    /** What asks the primary through the proxy. */
    client(): Redis {
      const client = new Redis({ port: proxyPort, maxRetriesPerRequest: null, retryStrategy: () => 50 });
      client.on('error', () => undefined);
      onTestFinished(() => client.disconnect());
      return client;
    },
    /** The primary, once all managers that were started say over HTTPS that it is. */
    primary: (of: readonly Id[] = ids): Promise<string> =>
      until(
        `one primary by the word of ${of.join(', ')}`,
        async () => {
          const all = await Promise.all(of.map((id) => topologyAt(httpPortOf(id), ca)));
          const [first] = all;
          return first !== undefined && all.every((it) => it === first) ? first : undefined;
        },
        patienceMs,
      ),
    /** Waits until a manager says that it reaches a majority of them, or that it does not. */
    ready: (id: Id, isReady: boolean): Promise<unknown> =>
      until(
        `manager ${id} to be ${isReady ? '' : 'un'}ready`,
        async () => {
          const place = { host: '127.0.0.1', port: httpPortOf(id) };
          const signal = AbortSignal.timeout(5_000);
          const answer = await requestHttp({ at: place, path: '/readyz', ca, signal });
          answer.resume();
          return isOk(answer) === isReady;
        },
        patienceMs,
      ),
  };
}

/** Which server is primary, as a manager has it. */
async function topologyAt(port: number, ca: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(5_000);
  const answer = await requestHttp({ at: { host: '127.0.0.1', port }, path: '/topology', ca, signal });
  const { primary }: { primary: { server: string } | null } = JSON.parse(await textOfAnswer(answer));
  return primary?.server;
}

describe.skipIf(!hasRedis)('managers that show certificates', () => {
  test('agree on a primary, and tell operators and proxies that know the authority', { timeout }, async () => {
    const lab = await createLab();
    const runs = ids.map((id) => lab.start(id, showing(lab.certs, id)));
    const primary = await lab.primary();
    const told = await lab.status('--ca', lab.authority);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(told.stdout).latest.standing.primary.server).toBe(primary);
    expect(await lab.status()).toMatchObject({ code: 1, stderr: expect.stringMatching(/^NO_MANAGER_ANSWERS: /) });

    const plain = lab.proxy();
    await plain.printed(/"code":"MANAGER_UNREACHABLE"/, patienceMs);
    plain.signal('SIGTERM');
    expect(await plain.end(patienceMs)).toBe(0);
    expect(plain.stdout).not.toContain('"code":"ROUTED"');

    const stranger = join(lab.directory, 'stranger');
    await lab.issue(ids, stranger);
    const misled = lab.proxy('--ca', join(stranger, 'ca.pem'));
    await misled.printed(/"code":"MANAGER_UNREACHABLE"/, patienceMs);
    misled.signal('SIGTERM');
    expect(await misled.end(patienceMs)).toBe(0);
    expect(misled.stdout).not.toContain('"code":"ROUTED"');

    const proxy = lab.proxy('--ca', lab.authority);
    await proxy.printed(/"code":"ROUTED"/, patienceMs);
    const client = lab.client();
    expect(await client.set('paid', 'yes')).toBe('OK');
    expect(await client.get('paid')).toBe('yes');
    for (const it of [proxy, ...runs]) {
      it.signal('SIGTERM');
      expect(await it.end(patienceMs)).toBe(0);
    }
  });

  test.each([
    ['without one', async () => ['--insecure'], /"code":"TLS_HANDSHAKE"/],
    [
      'with one of another authority',
      async ({ directory, issue }: Lab) => {
        const other = join(directory, 'other');
        await issue(ids, other);
        return showing(other, 'm3');
      },
      /"code":"(UNTRUSTED_CERTIFICATE|TLS_HANDSHAKE)"/,
    ],
  ])('keep a manager %s out, and say why', { timeout }, async (_what, optionsOf, said) => {
    const lab = await createLab();
    const good = (['m1', 'm2'] as const).map((id) => lab.start(id, showing(lab.certs, id)));
    await lab.primary(['m1', 'm2']);
    const options = await optionsOf(lab);
    const bad = lab.start('m3', options);
    await bad.printed(/"msg":"manager runs"/, patienceMs);
    for (const it of good) await it.printed(said, patienceMs);
    await bad.printed(/"code":"/, patienceMs);
    for (const it of good) expect(it.stdout).not.toMatch(/"peer":"m3","msg":"manager connected"/);
    expect(bad.stdout).not.toContain('"msg":"manager connected"');
  });

  test('refuse a revoked one as they run, and let a new one in', { timeout }, async () => {
    const lab = await createLab();
    await lab.issue(['m4']);
    await done('certs', 'revoke', 'm4', '--directory', lab.certs);
    const list = ['--crl', join(lab.certs, 'crl.pem')];
    const [one, two] = ids.map((id) => lab.start(id, [...showing(lab.certs, id), ...list]));
    await lab.primary();
    await lab.ready('m3', true);
    const proxy = lab.proxy('--ca', lab.authority, ...list);
    await proxy.printed(/"code":"ROUTED"/, patienceMs);
    await done('certs', 'revoke', 'm3', '--directory', lab.certs);
    for (const it of [one, two]) await it?.printed(/"code":"UNTRUSTED_CERTIFICATE".*revoked/, patienceMs);
    await proxy.printed(/"code":"MANAGER_UNREACHABLE".*certificate revoked/, patienceMs);
    await lab.ready('m3', false);
    await lab.ready('m1', true);
    const told = await lab.status('--ca', lab.authority, ...list);
    expect(JSON.parse(told.stdout).managers).toMatchObject({ m1: expect.any(String), m3: null });
    await lab.issue(['m3']);
    await lab.ready('m3', true);
  });
});

test('a manager does not start with the certificate of another one', async () => {
  const lab = await createLab();
  const wrong = lab.start('m1', showing(lab.certs, 'm2'));
  expect(await wrong.end(patienceMs)).toBe(1);
  expect(wrong.stderr).toMatch(/^TLS_IDENTITY: expected a certificate that names node m1/);
});
