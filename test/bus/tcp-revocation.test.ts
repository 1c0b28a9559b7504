/** Revoked certificates on the bus: refused by name from the start, and while connections are open. */

import { afterEach, expect, test } from 'vitest';
import { createTcpBus, createTcpClient, type TcpBus, type TlsIdentity } from '../../src/bus/tcp.ts';
import { testAuthorityOf } from '../fixtures/issued.ts';
import { testSecret } from '../fixtures/secret.ts';
import { isConnected, timing, until } from './tcp-cluster.ts';

const authority = testAuthorityOf();
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it.close();
});

async function start(node: string, tls: TlsIdentity) {
  const bus = await createTcpBus({ node, cluster: 'test', secret: testSecret, timing, tls });
  opened.push(bus);
  const told: string[] = [];
  bus.notices.subscribe(({ error }) => told.push(`${error.code}: ${error.message}`));
  const refusals: string[] = [];
  bus.peers.subscribe(({ refusal, reason }) => refusal && refusals.push(`${refusal.code}: ${reason}`));
  return { bus, told, refusals };
}

/** Each dials the other. */
function introduce(one: TcpBus, other: TcpBus): void {
  one.setPeers({ [other.node]: other.address() });
  other.setPeers({ [one.node]: one.address() });
}

const says = (texts: readonly string[], code: string): boolean =>
  texts.some((it) => it.startsWith(`${code}: `) && /revoked/.test(it));

test('a node whose certificate is on the list is refused, whichever side dials, and both sides are told why', async () => {
  const revoked = authority.node('n2');
  const one = await start('n1', { ...authority.node('n1'), crl: authority.revoke(revoked) });
  const other = await start('n2', revoked);
  introduce(one.bus, other.bus);
  await until(() => says(one.told, 'UNTRUSTED_CERTIFICATE'), 'the notice of the side that dials');
  await until(() => other.refusals.some((it) => it.startsWith('wrong-certificate: ')), 'the refusal');
  expect(isConnected(one.bus, ['n2'])).toBe(false);
});

test('a list that names others lets a node in', async () => {
  const crl = authority.revoke(authority.node('n2'));
  const one = await start('n1', { ...authority.node('n1'), crl });
  const other = await start('n2', { ...authority.node('n2'), crl });
  introduce(one.bus, other.bus);
  await until(() => isConnected(one.bus, ['n2']) && isConnected(other.bus, ['n1']), 'a connection');
});

test('connections of a node end with the list that names it, and those of others are made anew', async () => {
  const [n1, n2, n3] = [authority.node('n1'), authority.node('n2'), authority.node('n3')];
  const [one, other, third] = [await start('n1', n1), await start('n2', n2), await start('n3', n3)];
  one.bus.setPeers({ n2: other.bus.address(), n3: third.bus.address() });
  other.bus.setPeers({ n1: one.bus.address() });
  third.bus.setPeers({ n1: one.bus.address() });
  await until(() => isConnected(one.bus, ['n2', 'n3']), 'connections');
  one.bus.setTls({ ...n1, crl: authority.revoke(n2) });
  await until(() => says(one.told, 'UNTRUSTED_CERTIFICATE') && !isConnected(one.bus, ['n2']), 'the end of it');
  await until(() => isConnected(one.bus, ['n3']) && isConnected(third.bus, ['n1']), 'the connection of the other');
  expect(isConnected(one.bus, ['n2'])).toBe(false);
});

test('a list of another authority lets no node in, and one that is none is refused', async () => {
  const stranger = testAuthorityOf('other');
  const one = await start('n1', { ...authority.node('n1'), crl: stranger.revoke(stranger.node('n2')) });
  const other = await start('n2', authority.node('n2'));
  introduce(one.bus, other.bus);
  await until(() => one.told.some((it) => it.startsWith('UNTRUSTED_CERTIFICATE: ')), 'the notice');
  expect(isConnected(one.bus, ['n2'])).toBe(false);
  const code = { code: 'TLS_IDENTITY' };
  await expect(start('n3', { ...authority.node('n3'), crl: 'none' })).rejects.toMatchObject(code);
  expect(() => other.bus.setTls({ ...authority.node('n2'), crl: '' })).toThrow(expect.objectContaining(code));
});

test('a client believes no node whose certificate is on its list', async () => {
  const revoked = authority.node('n1');
  const { bus } = await start('n1', revoked);
  const tls = { ca: authority.ca, crl: authority.revoke(revoked) };
  const client = createTcpClient({ addresses: [bus.address()], cluster: 'test', timing, tls });
  opened.push(client);
  const told: string[] = [];
  client.notices.subscribe(({ error }) => told.push(`${error.code}: ${error.message}`));
  await until(() => says(told, 'UNTRUSTED_CERTIFICATE'), 'the notice');
});

test('a client goes by the list that it is given last: what is open with a node on it ends, and one not on it is asked again', async () => {
  const [n1, renewed] = [authority.node('n1'), authority.node('n1')];
  const { bus } = await start('n1', n1);
  const tls = { ca: authority.ca, crl: authority.revoke(authority.node('n2')) };
  const client = createTcpClient({ addresses: [bus.address()], cluster: 'test', timing, tls });
  opened.push(client);
  const told: string[] = [];
  client.notices.subscribe(({ error }) => told.push(`${error.code}: ${error.message}`));
  await until(() => isConnected(client, ['n1']), 'a connection');
  client.setTls({ ca: authority.ca, crl: authority.revoke(n1) });
  await until(() => says(told, 'UNTRUSTED_CERTIFICATE') && !isConnected(client, ['n1']), 'the end of it');
  expect(() => client.setTls({ ca: authority.ca, crl: 'none' })).toThrow(
    expect.objectContaining({ code: 'TLS_IDENTITY' }),
  );
  bus.setTls(renewed);
  await until(() => isConnected(client, ['n1']), 'the connection by the new certificate');
});

test('a client without TLS takes no list', async () => {
  const { bus } = await start('n1', authority.node('n1'));
  const client = createTcpClient({ addresses: [bus.address()], cluster: 'test', timing });
  opened.push(client);
  expect(() => client.setTls({ ca: authority.ca })).toThrow(expect.objectContaining({ code: 'BUS_OPTIONS' }));
});
