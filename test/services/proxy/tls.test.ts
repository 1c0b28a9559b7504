/** A proxy before a Redis primary that speaks TLS: its own connections and those of clients go on under TLS. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../fixtures/ports.ts';
import { hasRedis, startRedis } from '../../fixtures/redis.ts';
import { until } from '../../fixtures/until.ts';
import { dial, standing, startTestProxy } from './lab.ts';

const hasOpenssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0;
  } catch {
    return false;
  }
})();

/** A certificate that only those believe who are given it. */
function certified() {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const named = ['-subj', '/CN=redis.test', '-addext', 'subjectAltName=DNS:redis.test'];
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', ...made, ...named], { stdio: 'ignore' });
  return { key, certificate, ca: readFileSync(certificate, 'utf8') };
}

/** A primary that is reached by TLS, with a standby that it does not matter how. */
async function startGroup() {
  const { key, certificate, ca } = certified();
  const tlsPort = await freePort();
  const secured = [`tls-port ${tlsPort}`, `tls-cert-file ${certificate}`, `tls-key-file ${key}`, 'tls-auth-clients no'];
  const primary = await startRedis({ config: secured });
  onTestFinished(() => primary.remove());
  const standby = await startRedis();
  onTestFinished(() => standby.remove());
  await primary.client.call('REPLICAOF', 'NO', 'ONE');
  await primary.client.set('quorate:orders', JSON.stringify({ epoch: 1, version: 1 }));
  await standby.client.call('REPLICAOF', '127.0.0.1', primary.port);
  await until('the standby to follow', async () =>
    (await standby.client.info('replication')).includes('master_link_status:up') ? true : undefined,
  );
  return {
    ca,
    topology: standing(1, {
      mode: 'durable',
      primary: { server: 'r1', host: '127.0.0.1', port: tlsPort },
      inSync: ['r2'],
      standbys: [{ server: 'r2', host: '127.0.0.1', port: standby.port, lagBytes: 0 }],
    }),
  };
}

describe.skipIf(!(hasRedis && hasOpenssl) && process.env.CI === undefined)(
  'a proxy before servers that speak TLS',
  () => {
    test.each(['durable', 'pass-through'] as const)('carries what clients ask in mode %s', async (mode) => {
      const { ca, topology } = await startGroup();
      const { proxy, hear } = await startTestProxy({ kind: 'redis', redis: { tls: { ca, servername: 'redis.test' } } });
      hear({ ...topology, mode });
      const redis = new Redis({ port: proxy.address.port, retryStrategy: () => null, maxRetriesPerRequest: 0 });
      redis.on('error', () => {});
      onTestFinished(() => redis.disconnect());
      const large = 'x'.repeat(1_000_000);
      const many = await Promise.all(Array.from({ length: 500 }, (_, at) => redis.set(`k${at}`, String(at))));
      expect(many).toEqual(Array.from({ length: 500 }, () => 'OK'));
      expect(await redis.set('large', large)).toBe('OK');
      expect(await redis.get('large')).toBe(large);
      // The next primary's clients are not those of this one.
      hear({ ...topology, mode, revision: 2, mark: { epoch: 2, version: 1 }, primary: null, standbys: [], inSync: [] });
      await until('the connection to be cut', () => redis.status === 'end');
    });

    test('lets no client in where the certificate is none that is believed', async () => {
      const { topology } = await startGroup();
      const { proxy, hear, told } = await startTestProxy({
        kind: 'redis',
        redis: { tls: { servername: 'redis.test' } },
        limits: { waitMs: 3_000 },
      });
      hear({ ...topology, mode: 'pass-through' });
      const client = dial(proxy.address);
      await client.isEnded();
      expect(client.saw()).toMatch(/^-/);
      expect(told.map(({ message }) => message).join('\n')).toMatch(/self[- ]signed certificate/i);
    });
  },
);
