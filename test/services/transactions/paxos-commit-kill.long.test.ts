/**
 * kill -9 of the coordinator and of one acceptor, each a process, in the moments of a transaction that acceptors decide,
 * over two real PostgreSQL databases: another node finishes what they leave, with the two acceptors that are left.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTcpBus } from '../../../src/bus/tcp.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { postgres } from '../../../src/resources/postgres.ts';
import { createTransactionManager, paxosCommit, transactionDefinitions } from '../../../src/services/transactions.ts';
import { freePorts } from '../../fixtures/ports.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';
import { testSecret } from '../../fixtures/secret.ts';
import { until } from '../../fixtures/until.ts';

const script = join(import.meta.dirname, '../../fixtures/transaction-node.mjs');
const environment = systemEnvironment();
const { clock, ids } = environment;
const nodes = ['n1', 'n2', 'n3', 'n4'];
const acceptors = ['n2', 'n3', 'n4'];
const opening = 10_000;

let server: TestPostgres;
let places: Readonly<Record<string, string>>;
const directory = mkdtempSync(join(tmpdir(), 'quorate-paxos-commit-'));
const secretFile = join(directory, 'secret');
const living: Node[] = [];
const children = new Set<ChildProcess>();

/** Starts the process of a node. @returns when it is ready, or dead */
async function startProcess(id: string, ...how: readonly string[]): Promise<ChildProcess> {
  const where = ['--node', id, '--nodes', JSON.stringify(places), '--directory', join(directory, id)];
  where.push('--secret-file', secretFile);
  const child = spawn(process.execPath, [script, ...where, ...how], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('close', () => children.delete(child));
  await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  return child;
}

/** @returns the signal by which it has died */
const deathOf = async (child: ChildProcess): Promise<string | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return child.signalCode;
};

/** A node in this process, whose acceptor stays. */
async function startNode(id: string, resources: Parameters<typeof createNode>[0]['resources'] = {}): Promise<Node> {
  const hostPort = (place = ''): { host: string; port: number } => {
    const [host = '', port] = place.split(':');
    return { host, port: Number(port) };
  };
  const peers = nodes.filter((it) => it !== id).map((it) => [it, hostPort(places[it])] as const);
  const bus = await createTcpBus({
    node: id,
    cluster: 'bank',
    secret: testSecret,
    listen: hostPort(places[id]),
    peers: Object.fromEntries(peers),
    environment,
  });
  const journal = createMemoryStorage({ node: id, clock, ids }).open();
  const node = createNode({ id, bus, journal, environment, resources, definitions: transactionDefinitions });
  living.push(node);
  return node;
}

beforeAll(async () => {
  writeFileSync(secretFile, testSecret.text(), { mode: 0o600 });
  server = await startPostgres();
  await server.createDatabase('north');
  await server.createDatabase('south');
  const ports = await freePorts(nodes.length);
  places = Object.fromEntries(nodes.map((id, at) => [id, `127.0.0.1:${ports[at]}`]));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(living.map((node) => node.stop()));
  await server.remove();
  rmSync(directory, { recursive: true, force: true });
});

const sumIn = async (database: string): Promise<number> =>
  Number((await server.query('select sum(balance)::int as sum from account', [], database))[0]?.sum);
const preparedAnywhere = async (): Promise<number> =>
  Number((await server.query('select count(*)::int as n from pg_prepared_xacts'))[0]?.n);

test('kill -9 of the coordinator and of one acceptor leaves nothing half done, whenever it comes, and nothing waits for them', {
  timeout: 600_000,
}, async () => {
  const databases = { north: server.url('north'), south: server.url('south') };
  await startNode('n4');
  const survivor = await createTransactionManager({
    node: await startNode('n3', {
      north: postgres(databases.north, { name: 'north' }),
      south: postgres(databases.south, { name: 'south' }),
    }),
    environment,
    decisions: paxosCommit({ acceptors }),
  });
  let moved = 0;
  const outcomes = new Set<boolean>();
  for (const [said, moment] of [
    ['prepare', 'after'],
    ['phase-2a', 'after'],
    ['decision', 'before'],
    ['commit', 'after'],
    ['end', 'before'],
  ] as const) {
    const when = `${said}, ${moment} it leaves`;
    // The acceptor dies on its own when it has all votes, before or after it says so; or else with the coordinator.
    const acceptor = await startProcess('n2', '--die', 'phase-2b', '--moment', moment);
    const how = ['--acceptors', acceptors.join(), '--north', databases.north, '--south', databases.south];
    const coordinator = await startProcess('n1', ...how, '--die', said, '--moment', moment);
    expect(await deathOf(coordinator), when).toBe('SIGKILL');
    acceptor.kill('SIGKILL');
    expect(await deathOf(acceptor), when).toBe('SIGKILL');

    expect(await survivor.takeOver('n1'), when).toMatchObject({ unfenced: [], elsewhere: [] });
    await until(`nothing to be open after ${when}`, () => survivor.list().length === 0 || undefined);
    await until(`nothing to be prepared after ${when}`, async () => (await preparedAnywhere()) === 0 || undefined);
    const [north, south] = [await sumIn('north'), await sumIn('south')];
    expect({ when, sum: north + south }).toEqual({ when, sum: 2 * opening });
    const now = south - opening;
    expect([moved, moved + 10], when).toContain(now);
    outcomes.add(now > moved);
    // What databases were told to commit stays committed; before a vote has left, nothing can.
    if (said === 'prepare') expect(now, when).toBe(moved);
    if (said !== 'prepare' && said !== 'phase-2a') expect(now, when).toBe(moved + 10);
    moved = now;
  }
  expect(outcomes).toEqual(new Set([false, true]));
});
