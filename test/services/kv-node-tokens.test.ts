/** Nodes that were told what tokens may do, as clients over TCP find them. */

import { expect, onTestFinished, test } from 'vitest';
import { textOf } from '../../src/bus/tcp.ts';
import { type AuditEntry, type Grant, GrantsError, startKeyValueNode } from '../../src/services/kv-node.ts';
import { connect } from '../../src/services/store/tcp-client.ts';
import { type Client, ForbiddenError } from '../../src/services/store.ts';
import { testSecret } from '../fixtures/secret.ts';
import { until } from '../fixtures/until.ts';
import { createNodeLab } from './kv-nodes.ts';

const ids = ['n1', 'n2', 'n3'] as const;
const tokens: readonly Grant[] = [{ name: 'app', role: 'write', prefixes: ['app/'] }];
const token = testSecret.token('app');
/** A machine with other work may take long for anything. */
const patient = { deadlineMs: 60_000 };
const value = new TextEncoder().encode('v');

test('each judges what its clients ask, also what it passes on to the leader, and takes up another list', async () => {
  const lab = await createNodeLab(ids);
  const entries: AuditEntry[] = [];
  const clients: Client[] = [];
  for (const id of ids) {
    const { bus } = await lab.start(id, { tokens, audit: (entry) => void entries.push(entry) });
    const client = await connect([textOf(bus.address())], { cluster: 'test', token, connectMs: 100_000 });
    onTestFinished(() => client.close());
    clients.push(client);
  }
  await lab.leader();
  for (const [place, client] of clients.entries()) {
    await until(`${ids[place]} to write`, () => client.put(`app/${place}`, value));
    await expect(client.put('other', value, patient)).rejects.toBeInstanceOf(ForbiddenError);
  }
  const refused = entries.filter(({ status }) => status === 403);
  expect(refused.map(({ who, keys }) => [who, keys])).toEqual(ids.map(() => ['app', ['other']]));
  expect(entries.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(ids.length);

  for (const id of ids) lab.node(id).setTokens([{ name: 'app', role: 'write', prefixes: ['other'] }]);
  for (const [place, client] of clients.entries()) {
    await until(`${ids[place]} to write what it may now`, () => client.put('other', value));
    await expect(client.get(`app/${place}`, patient)).rejects.toBeInstanceOf(ForbiddenError);
  }
  for (const id of ids) lab.node(id).setTokens([]);
  await until('all to be refused', () => clients.every((client) => client.nodes().length === 0));
});

test('a node without the secret that tokens are derived from does not start', async () => {
  const lab = await createNodeLab(['n1']);
  const { secret: _, ...options } = lab.optionsOf('n1');
  await expect(startKeyValueNode({ ...options, tokens })).rejects.toBeInstanceOf(GrantsError);
});
