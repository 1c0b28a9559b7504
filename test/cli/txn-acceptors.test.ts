/** `quorate txn` without a running manager, where acceptors decide. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { createTcpBus, type TlsIdentity } from '../../src/bus/tcp.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { createNode, type Node } from '../../src/host/node.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/resources/embedded/store.ts';
import { createTransactionManager, paxosCommit, transactionDefinitions } from '../../src/services/transactions.ts';
import { testAuthorityOf } from '../fixtures/issued.ts';
import { freePorts } from '../fixtures/ports.ts';
import { testSecret } from '../fixtures/secret.ts';
import { until } from '../fixtures/until.ts';
import { configure, temporary, txn } from './txn-command.ts';

const environment = systemEnvironment();
const { clock, ids } = environment;
const nodes = ['n1', 'n2', 'n3'];
const resources = { orders: { type: 'embedded' }, stock: { type: 'embedded' } };
afterEach(() => {
  process.exitCode = undefined;
});

const authority = testAuthorityOf('shop', 'shop');

/**
 * Three nodes over TCP, each with an acceptor; n1 has a manager, whose `stock` does not carry out a commit.
 *
 * @param isSecure whether they speak TLS
 */
async function createLab(isSecure = false) {
  const directory = temporary();
  const secretFile = join(directory, 'secret');
  writeFileSync(secretFile, testSecret.text(), { mode: 0o600 });
  const ports = await freePorts(nodes.length);
  const peers = new Map(nodes.map((id, at) => [id, { host: '127.0.0.1', port: ports[at] ?? 0 }]));
  const running = new Map<string, Node>();
  const shown = new Map(nodes.map((id) => [id, authority.node(id)]));
  const tlsOf = (id: string): TlsIdentity => shown.get(id) ?? authority.node(id);
  const start = async (id: string) => {
    const journal = await openFileJournal({ directory: join(directory, id), node: id, clock, ids });
    const bus = await createTcpBus({
      node: id,
      cluster: 'shop',
      secret: testSecret,
      ...(isSecure ? { tls: tlsOf(id) } : {}),
      listen: peers.get(id) ?? {},
      peers: Object.fromEntries([...peers].filter(([other]) => other !== id)),
      environment,
    });
    const orders = openEmbeddedStore({ journal, clock, name: 'orders' });
    const stock = openEmbeddedStore({ journal, clock, name: 'stock' });
    const forgetful: EmbeddedStore = {
      ...stock,
      perform(asked, answer) {
        if (asked.operation.type !== 'commit') stock.perform(asked, answer);
      },
    };
    const node = createNode({
      id,
      bus,
      journal,
      environment,
      resources: { orders, stock: forgetful },
      definitions: transactionDefinitions,
    });
    running.set(id, node);
    return { node, orders, stock };
  };
  const stop = async (id: string): Promise<void> => {
    await running.get(id)?.stop();
    running.delete(id);
  };
  onTestFinished(async () => {
    await Promise.all([...running.values()].map((node) => node.stop()));
  });
  const textOf = (id: string): string => `127.0.0.1:${peers.get(id)?.port}`;
  const config = {
    cluster: 'shop',
    secretFile,
    dataDirectory: join(directory, 'n1'),
    acceptors: { nodes, peers: { n2: textOf('n2'), n3: textOf('n3') }, listen: textOf('n1') },
    resources,
  };
  /** The options by which a command shows what n1 does. */
  const secured = (): readonly string[] =>
    Object.entries(tlsOf('n1')).flatMap(([name, text]) => {
      const file = join(directory, `${name}.pem`);
      writeFileSync(file, text, { mode: 0o600 });
      return [`--${name}`, file];
    });
  /** The option by which it believes a node no more. */
  const revoking = (id: string): readonly string[] => {
    const file = join(directory, 'crl.pem');
    writeFileSync(file, authority.revoke(tlsOf(id)));
    return ['--crl', file];
  };
  return { directory, config, start, stop, secured, revoking };
}

describe('quorate txn, when a manager whose decisions acceptors keep is dead', () => {
  test.each([
    ['plainly', false],
    ['over TLS', true],
  ])('finishes %s what was decided, with one of the other acceptors dead', async (_how, isSecure) => {
    const lab = await createLab(isSecure);
    const options = isSecure ? lab.secured() : [];
    const first = await lab.start('n1');
    await lab.start('n2');
    const manager = await createTransactionManager({ node: first.node, decisions: paxosCommit({ acceptors: nodes }) });
    const { transaction } = await manager.transact(async ({ orders, stock }) => {
      await orders.put('a', 1);
      await stock.put('a', 1);
    });
    await until('the first branch', () => first.orders.peek('a') === 1);
    expect(first.stock.peek('a')).toBeUndefined();
    await lab.stop('n1');

    const config = configure(lab.directory, lab.config);
    const resolved = await txn('resolve', transaction, '--config', config, ...options);
    expect(resolved).toMatchObject({ stdout: expect.stringMatching(`${transaction}: committed`), code: 0 });
    expect(resolved.stderr).toMatch(/the acceptors n1, n2, n3/);
    expect(await txn('list', '--config', config, ...options)).toMatchObject({
      stdout: expect.stringMatching(/No transaction is open/),
      code: 0,
    });
    const back = await lab.start('n1');
    expect([back.orders.peek('a'), back.stock.peek('a')]).toEqual([1, 1]);
  });

  test('asks one that runs over TLS, by its authority, and learns nothing from it otherwise', async () => {
    const lab = await createLab(true);
    const { node } = await lab.start('n1');
    await createTransactionManager({ node, decisions: paxosCommit({ acceptors: nodes }) });
    const { dataDirectory: _, acceptors, ...rest } = lab.config;
    const config = configure(lab.directory, { ...rest, address: acceptors.listen });
    expect(await txn('list', '--config', config, ...lab.secured())).toMatchObject({ code: 0 });
    const refused = { code: 1, stderr: expect.stringMatching(/no transaction manager .* answers/) };
    expect(await txn('list', '--config', config)).toMatchObject(refused);
    expect(await txn('list', '--config', config, ...lab.secured(), ...lab.revoking('n2'))).toMatchObject({ code: 0 });
    expect(await txn('list', '--config', config, ...lab.secured(), ...lab.revoking('n1'))).toMatchObject(refused);
  });

  test('takes the place of a node that other machines reach only with TLS, or when told that it is insecure', async () => {
    const lab = await createLab();
    await lab.start('n1');
    await lab.stop('n1');
    const acceptors = { ...lab.config.acceptors, listen: '0.0.0.0:1', timeoutMs: 500 };
    const config = configure(lab.directory, { ...lab.config, acceptors });
    const refused = await txn('list', '--config', config);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^CLUSTER_OPTIONS: .*'listen' of n1 0\.0\.0\.0:1/),
    });
  });

  test('says within its time that no majority of them is there, and decides nothing', async () => {
    const lab = await createLab();
    await lab.start('n1');
    await lab.stop('n1');
    const acceptors = { ...lab.config.acceptors, timeoutMs: 500 };
    const said = await txn('resolve', '--config', configure(lab.directory, { ...lab.config, acceptors }));
    expect(said).toMatchObject({ stdout: '', code: 1 });
    expect(said.stderr).toMatch(
      /^ACCEPTORS_UNREACHABLE: no majority of the acceptors n1, n2, n3 .* within 0\.5 s \(n2 at /,
    );
  });
});

describe('the configuration of acceptors', () => {
  const acceptors = { nodes, peers: { n2: '127.0.0.1:5702', n3: '127.0.0.1:5703' } };
  test.each([
    ['has none', { acceptors: { ...acceptors, nodes: [] } }, /malformed at acceptors\.nodes: expected the acceptors/],
    [
      'has one without an address',
      { acceptors: { nodes, peers: { n2: '127.0.0.1:5702' } } },
      /address of acceptor 'n3'/,
    ],
    ['comes with a last resource', { acceptors, last: 'orders' }, /at acceptors: .*either 'last' or 'acceptors'/],
    ['comes with a register', { acceptors, register: { key: 'txn', peers: {} } }, /either 'register' or 'acceptors'/],
    ['does not say where to listen', { acceptors, address: undefined }, /malformed at acceptors: expected 'listen'/],
  ])('is refused when it %s', async (_what, changed, message) => {
    const directory = temporary();
    const config = {
      address: '127.0.0.1:5701',
      secretFile: 'secret',
      dataDirectory: join(directory, 'data'),
      resources,
    };
    const said = await txn('list', '--config', configure(directory, { ...config, ...changed }));
    expect(said).toMatchObject({
      stderr: expect.stringMatching(new RegExp(`^FILE: .*${message.source}`, 's')),
      code: 2,
    });
  });
});
