/** Three nodes whose every connection is TLS, as `quorate node` runs them. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isOk, requestHttp, textOfAnswer } from '../../src/services/http/request.ts';
import type { KeyValueNode } from '../../src/services/kv-node.ts';
import { connect } from '../../src/services/store/tcp-client.ts';
import { quorate } from '../cli/commands.ts';
import { testAuthorityOf } from '../fixtures/issued.ts';
import { until } from '../fixtures/until.ts';
import { createNodeLab, temporaryDirectory } from './kv-nodes.ts';

const authority = testAuthorityOf();
const ids = ['n1', 'n2', 'n3'];

const placeOf = ({ httpUrl = '' }: KeyValueNode) => ({ host: '127.0.0.1', port: Number(new URL(httpUrl).port) });

async function started() {
  const lab = await createNodeLab(ids);
  for (const id of ids) await lab.start(id, { tls: authority.node(id) });
  await lab.leader();
  const ask = (id: string, path: string, more: { readonly method?: string; readonly body?: string } = {}) =>
    requestHttp({ at: placeOf(lab.node(id)), path, ca: authority.ca, ...more });
  const tcp = (id: string): string => {
    const { host, port } = lab.node(id).bus.address();
    return `${host}:${port}`;
  };
  return { lab, ask, tcp };
}

describe('a cluster over TLS', () => {
  test('replicates, serves HTTPS, and clients over TCP that know the authority', async () => {
    const { ask, tcp } = await started();
    await until('a write', async () => isOk(await ask('n1', '/kv/x', { method: 'PUT', body: 'v' })));
    await until('a read', async () => (await textOfAnswer(await ask('n3', '/kv/x'))) === 'v');
    const client = await connect([tcp('n2')], { tls: { ca: authority.ca }, connectMs: 60_000 });
    onTestFinished(() => client.close());
    expect(new TextDecoder().decode((await client.get('x', { deadlineMs: 60_000 }))?.value)).toBe('v');
  });

  test('is closed to clients without TLS, and to a node whose certificate is of another authority', async () => {
    const { lab, tcp } = await started();
    await expect(connect([tcp('n1')], { connectMs: 200 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await lab.stop('n3');
    const stranger = await lab.start('n3', { tls: testAuthorityOf('other').node('n3') });
    const refusals: string[] = [];
    stranger.bus.notices.subscribe(({ error }) => refusals.push(error.code));
    await until('a notice', () => refusals.includes('UNTRUSTED_CERTIFICATE'));
    expect(stranger.store.status().leader).toBeUndefined();
  });

  test('takes up new certificates on TCP and HTTP together, or neither', async () => {
    const { lab, ask } = await started();
    const node = lab.node('n2');
    expect(() => node.setTls(authority.node('n1'))).toThrow(expect.objectContaining({ code: 'TLS_IDENTITY' }));
    const changed = authority.node('n2');
    node.setTls(changed);
    const answer = await ask('n2', '/healthz');
    expect(isOk(answer)).toBe(true);
    const { socket } = answer;
    if (!('getPeerX509Certificate' in socket) || typeof socket.getPeerX509Certificate !== 'function') {
      throw new Error('expected TLS');
    }
    expect(String(socket.getPeerX509Certificate())).toBe(changed.cert);
  });

  test('answers commands that are told its authority', async () => {
    const { lab } = await started();
    const directory = temporaryDirectory();
    const ca = join(directory, 'ca.pem');
    writeFileSync(ca, authority.ca);
    const nodes = ids.map((id) => {
      const { host, port } = placeOf(lab.node(id));
      return `${host}:${port}`;
    });
    const [first = ''] = nodes;
    const status = await quorate('status', ...nodes.flatMap((node) => ['--node', node]), '--ca', ca);
    expect(status.stdout).toMatch(/n1 .*\n.*n2 .*\n.*n3 /);
    const members = await quorate('member', 'list', '--node', first, '--ca', ca);
    expect([members.code, members.stderr]).toEqual([0, '']);
    const backup = await quorate('backup', join(directory, 'backup'), '--node', first, '--ca', ca);
    expect([backup.code, backup.stderr]).toEqual([0, '']);
    const agreed = await quorate('agree', 'owner', 'me', '--node', first, '--ca', ca);
    expect(agreed.stdout).toBe('me\n');
    const plain = await quorate('member', 'list', '--node', first);
    expect([plain.code, plain.stderr.includes('--ca')]).toEqual([1, true]);
    writeFileSync(ca, testAuthorityOf('other').ca);
    const other = await quorate('member', 'list', '--node', first, '--ca', ca);
    expect([other.code, other.stderr.includes('certificate')]).toEqual([1, true]);
    const none = await quorate('member', 'list', '--node', first, '--ca', join(directory, 'none'));
    expect([none.code, none.stderr.startsWith('FILE: ')]).toEqual([2, true]);
  });
});
