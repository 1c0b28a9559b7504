import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { HostPort } from '../../src/bus/tcp.ts';
import { systemClock } from '../../src/environment/clock.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { placeOf } from '../../src/journal/place.ts';
import { openEmbeddedStore } from '../../src/resources.ts';
import { type RunningNode, startNode } from '../../src/services/start-node.ts';
import {
  createKeyValueMachine,
  keyValueStore,
  type ReplicatedStore,
  raft,
  startReplicatedStore,
} from '../../src/services/store.ts';
import { freePort } from '../fixtures/ports.ts';
import { testSecret } from '../fixtures/secret.ts';
import { testIdentity } from '../fixtures/tls.ts';
import { until } from '../fixtures/until.ts';

const ids = ['n1', 'n2', 'n3'];
const labs: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

function createLab() {
  const directory = fs.mkdtempSync(join(tmpdir(), 'quorate-start-node-'));
  const addresses: Record<string, HostPort> = {};
  const running = new Map<string, RunningNode & { readonly store: ReplicatedStore; readonly failures: string[] }>();
  const peersOf = (id: string) => Object.fromEntries(Object.entries(addresses).filter(([other]) => other !== id));
  const lab = {
    directory: (id: string) => join(directory, id),
    node(id: string) {
      const found = running.get(id);
      if (found === undefined) throw new Error(`${id} is down`);
      return found;
    },
    async start(id: string) {
      addresses[id] ??= { host: '127.0.0.1', port: await freePort() };
      const node = await startNode({
        secret: testSecret,
        id,
        cluster: 'test',
        directory: join(directory, id),
        peers: peersOf(id),
        timing: { reconnectMinMs: 5, reconnectMaxMs: 50, refusedRetryMs: 50 },
        listen: addresses[id],
      });
      const store = startReplicatedStore({
        node: node.node,
        machine: createKeyValueMachine(),
        log: raft({ voters: ids }),
      });
      const failures: string[] = [];
      node.failure.subscribe(({ code }) => failures.push(code));
      running.set(id, { ...node, store, failures });
      return lab.node(id);
    },
    async stop(id: string) {
      await running.get(id)?.stop();
      running.delete(id);
    },
    /** Starts all three, and waits until they have a leader. */
    async startAll() {
      for (const id of ids) await lab.start(id);
      for (const id of ids) lab.node(id).bus.setPeers(peersOf(id));
      await lab.put('n1', 'first');
    },
    /** Again where another leader came in the middle of it. */
    put: (id: string, value: string) =>
      until(`${id} to write`, () =>
        keyValueStore(lab.node(id).store).put('key', new TextEncoder().encode(value), { deadlineMs: 20_000 }),
      ),
    get: (id: string) =>
      until(`${id} to read`, async () => {
        const found = await keyValueStore(lab.node(id).store).get('key', { deadlineMs: 20_000 });
        return found && new TextDecoder().decode(found.value);
      }),
    copy: (from: string, to: string) => fs.cpSync(join(directory, from), join(directory, to), { recursive: true }),
    async close() {
      for (const { stop } of running.values()) await stop();
      fs.rmSync(directory, { recursive: true });
    },
  };
  labs.push(lab);
  return lab;
}

describe('three nodes, each started by one call', () => {
  test('replicate, and go on after each was restarted', async () => {
    const lab = createLab();
    await lab.startAll();
    for (const id of ids) {
      await lab.stop(id);
      await lab.start(id);
      await lab.put(id, `after ${id}`);
    }
    expect(await lab.get('n1')).toBe('after n3');
    for (const id of ids) expect(lab.node(id).standing.now.isSuspended).toBe(false);
  });

  test('know what waits for others to take it, so that answers are held back from clients that read nothing', async () => {
    const lab = createLab();
    const { node } = await lab.start('n1');
    expect(node.backlog?.clientBytes).toBe(0);
  });

  test('do not let one vote again whose data was wiped', async () => {
    const lab = createLab();
    await lab.startAll();
    await lab.stop('n3');
    fs.rmSync(lab.directory('n3'), { recursive: true });
    const wiped = await lab.start('n3');
    await until('a majority to say so', () => wiped.failures.includes('JOURNAL_LOST'));
    await until('it to stop', () => !wiped.node.isRunning);
    await lab.put('n1', 'without it');
  });

  test('suspend one whose data was wiped by the word of one of them, and stop it by that of both', async () => {
    const lab = createLab();
    await lab.startAll();
    await lab.stop('n3');
    await lab.stop('n2');
    fs.rmSync(lab.directory('n3'), { recursive: true });
    const wiped = await lab.start('n3');
    await until('one to say so', () => wiped.standing.now.isSuspended);
    expect(Object.keys(wiped.standing.now.refusedBy)).toEqual(['n1']);
    expect(wiped.node.isRunning).toBe(true);
    await lab.start('n2');
    await until('both to say so', () => wiped.failures.includes('JOURNAL_LOST'));
  });

  test('let a copy of a directory take part once all have vouched for it, and then it is at home', async () => {
    const lab = createLab();
    await lab.startAll();
    await lab.stop('n3');
    lab.copy('n3', 'moved');
    fs.rmSync(lab.directory('n3'), { recursive: true });
    fs.renameSync(lab.directory('moved'), lab.directory('n3'));
    expect(placeOf(lab.directory('n3')).state).toBe('other');
    await lab.stop('n1');
    const n3 = await lab.start('n3');
    await until('n2 to vouch', () => n3.standing.now.awaiting.join() === 'n1');
    expect(n3.standing.now.isSuspended).toBe(true);
    await lab.start('n1');
    await until('all to vouch', () => !n3.standing.now.isSuspended);
    expect(placeOf(lab.directory('n3')).state).toBe('same');
    await lab.put('n3', 'moved');
  });

  test('stop one whose directory is older than its last run', async () => {
    const lab = createLab();
    await lab.startAll();
    await lab.stop('n3');
    lab.copy('n3', 'backup');
    await lab.start('n3');
    await lab.put('n3', 'later');
    await until('n3 to have it', async () => (await lab.get('n3')) === 'later');
    await lab.stop('n3');
    fs.rmSync(lab.directory('n3'), { recursive: true });
    fs.renameSync(lab.directory('backup'), lab.directory('n3'));
    const n3 = await lab.start('n3');
    await until('a majority to say so', () => n3.failures.includes('JOURNAL_ROLLED_BACK'));
    expect(await lab.get('n1')).toBe('later');
  });
});

test('resources are made over the journal, and everything is closed when a later step fails', async () => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'quorate-start-node-'));
  const started = await startNode({
    id: 'n1',
    directory,
    resources: ({ journal, environment }) => ({
      orders: openEmbeddedStore({ journal, clock: environment.clock, name: 'orders' }),
    }),
  });
  expect(Object.keys(started.node.resources)).toEqual(['orders']);
  const twice = startNode({ id: 'n1', directory });
  await expect(twice).rejects.toMatchObject({ code: 'JOURNAL_LOCKED' });
  const { port } = started.bus.address();
  const other = fs.mkdtempSync(join(tmpdir(), 'quorate-start-node-'));
  await expect(startNode({ id: 'n2', directory: other, listen: { port } })).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
  });
  await started.stop();
  const journal = await openFileJournal({
    directory: other,
    node: 'n2',
    clock: systemClock(),
    ids: { next: () => 'x' },
  });
  await journal.close();
  fs.rmSync(directory, { recursive: true });
  fs.rmSync(other, { recursive: true });
});

test('a node over NATS takes no certificate of its own', async () => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'quorate-start-node-'));
  const tls = testIdentity('n1');
  await expect(
    startNode({ id: 'n1', cluster: 'test', directory, nats: '127.0.0.1:1', secret: testSecret, tls }),
  ).rejects.toMatchObject({ code: 'BUS_OPTIONS' });
  fs.rmSync(directory, { recursive: true });
});
