/** What `quorate certs` makes, judged by Node's own reader, by the bus that it is for, and by what TLS makes of it. */

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTcpBus, type TcpBus, type TlsIdentity } from '../../src/bus/tcp.ts';
import { isConnected, timing } from '../bus/tcp-cluster.ts';
import { testSecret } from '../fixtures/secret.ts';
import { until } from '../fixtures/until.ts';
import { quorate } from './commands.ts';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-certs-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'certs');
}
const read = (directory: string, name: string): string => readFileSync(join(directory, name), 'utf8');
const certificate = (directory: string, name: string) => new X509Certificate(read(directory, `${name}.pem`));
const identity = (directory: string, id: string): TlsIdentity => ({
  ca: read(directory, 'ca.pem'),
  cert: read(directory, `${id}.pem`),
  key: read(directory, `${id}.key.pem`),
});

describe('quorate certs', () => {
  test('makes an authority, and certificates that name nodes, for their owner alone', async () => {
    const directory = temporary();
    const { code, stdout } = await quorate('certs', 'n1=10.0.0.1,n1.internal', 'n2', '--directory', directory);
    expect(code).toBe(0);
    const files = ['ca.key.pem', 'ca.pem', 'n1.key.pem', 'n1.pem', 'n2.key.pem', 'n2.pem'];
    expect(stdout).toBe(files.map((file) => `made ${join(directory, file)}\n`).join(''));
    for (const file of files) expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
    const [ca, n1, n2] = ['ca', 'n1', 'n2'].map((name) => certificate(directory, name));
    if (ca === undefined || n1 === undefined || n2 === undefined) throw new Error('unreachable');
    expect([ca.ca, n1.ca, n2.ca]).toEqual([true, false, false]);
    expect([ca, n1, n2].every((it) => it.checkIssued(ca) && it.verify(ca.publicKey))).toBe(true);
    expect(n2.subjectAltName).toBe(
      'URI:quorate://quorate/n2, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(n1.checkIP('10.0.0.1')).toBe('10.0.0.1');
    expect(n1.checkHost('n1.internal')).toBe('n1.internal');
    expect(n1.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(n1.serialNumber).not.toBe(n2.serialNumber);
    const days = (Date.parse(n1.validTo) - Date.parse(n1.validFrom)) / 86_400_000;
    expect(Math.floor(days)).toBe(365);
    for (const id of ['n1', 'n2']) createSecureContext(identity(directory, id));
  });

  test('keeps its authority, and replaces the certificate of a node', async () => {
    const directory = temporary();
    await quorate('certs', 'n1', '--directory', directory, '--cluster', 'test');
    const before = [certificate(directory, 'ca'), certificate(directory, 'n1')] as const;
    const { stdout } = await quorate(
      'certs',
      'n1',
      '--directory',
      directory,
      '--cluster',
      'test',
      '--days',
      '2',
      '--json',
    );
    expect(JSON.parse(stdout)).toEqual({ files: ['n1.key.pem', 'n1.pem'].map((file) => join(directory, file)) });
    expect(certificate(directory, 'ca').raw).toEqual(before[0].raw);
    const after = certificate(directory, 'n1');
    expect(after.raw).not.toEqual(before[1].raw);
    expect(after.verify(before[0].publicKey)).toBe(true);
    expect(Date.parse(after.validTo)).toBeLessThan(Date.parse(before[1].validTo));
  });

  test('makes what nodes of that cluster connect with, and those of another one do not', async () => {
    const directory = temporary();
    await quorate('certs', 'n1', 'n2', '--directory', directory, '--cluster', 'test');
    const start = async (node: string): Promise<TcpBus> => {
      const bus = await createTcpBus({
        node,
        cluster: 'test',
        secret: testSecret,
        timing,
        tls: identity(directory, node),
      });
      onTestFinished(() => bus.close());
      return bus;
    };
    const [n1, n2] = [await start('n1'), await start('n2')];
    n1.setPeers({ n2: n2.address() });
    n2.setPeers({ n1: n1.address() });
    await until('a connection', () => isConnected(n1, ['n2']) && isConnected(n2, ['n1']));
    await quorate('certs', 'n3', '--directory', directory, '--cluster', 'other');
    await expect(start('n3')).rejects.toMatchObject({ code: 'TLS_IDENTITY' });
  });

  test('revokes the certificates of nodes, one after the other, and not what another authority has signed', async () => {
    const directory = temporary();
    await quorate('certs', 'n1', 'n2', 'n3', '--directory', directory, '--cluster', 'test');
    for (const node of ['n2', 'n3']) {
      const { code, stdout } = await quorate('certs', 'revoke', node, '--directory', directory);
      expect([code, stdout]).toEqual([0, `made ${join(directory, 'crl.pem')}\n`]);
    }
    const crl = read(directory, 'crl.pem');
    const open = async (node: string, lists: Partial<TlsIdentity> = {}): Promise<TcpBus> => {
      const tls = { ...identity(directory, node), ...lists };
      const bus = await createTcpBus({ node, cluster: 'test', secret: testSecret, timing, tls });
      onTestFinished(() => bus.close());
      return bus;
    };
    const judge = await open('n1', { crl });
    const others = { n2: (await open('n2')).address(), n3: (await open('n3')).address() };
    const refused = new Set<string>();
    judge.notices.subscribe(({ error, remote }) => /revoked/.test(error.message) && refused.add(remote));
    judge.setPeers(others);
    await until('both to be refused', () => refused.size === 2);
    const elsewhere = temporary();
    await quorate('certs', 'n1', '--directory', elsewhere);
    writeFileSync(join(elsewhere, 'n2.pem'), read(directory, 'n2.pem'));
    const { code, stderr } = await quorate('certs', 'revoke', 'n2', '--directory', elsewhere);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^FILE: .*has not signed/)]);
  });

  test('refuses ids and hosts that are none, and an authority that is there in part or is none', async () => {
    const directory = temporary();
    for (const wrong of ['ca', 'crl', 'n1.key', 'n 1', 'n1=a b', 'n1=a=b', 'n1=,', 'n1=-a', 'n1=a..b']) {
      const { code, stderr } = await quorate('certs', wrong, '--directory', directory);
      expect([code, stderr.startsWith('error: ')], wrong).toEqual([2, true]);
    }
    await quorate('certs', '--directory', directory);
    writeFileSync(join(directory, 'ca.key.pem'), 'none');
    const { code, stderr } = await quorate('certs', 'n1', '--directory', directory);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^FILE: cannot make certificates/);
    rmSync(join(directory, 'ca.key.pem'));
    expect((await quorate('certs', 'n1', '--directory', directory)).code).toBe(2);
    expect(certificate(directory, 'ca').ca).toBe(true);
  });
});
