import fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { firstValueFrom, timeout } from 'rxjs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { PeerStatus } from '../../src/bus/bus.ts';
import { AddressInUseError } from '../../src/bus/errors.ts';
import { NodeFailedError } from '../../src/host/errors.ts';
import {
  JournalDamagedError,
  JournalFullError,
  JournalLockedError,
  JournalOwnerError,
} from '../../src/journal/errors.ts';
import { HttpListenError } from '../../src/services/http/server.ts';
import {
  JournalLostError,
  type KeyValueNode,
  MemberPlaceMissingError,
  OtherModeError,
  OtherProtocolError,
  startKeyValueNode,
} from '../../src/services/kv-node.ts';
import { type LogProtocolName, logProtocolNames } from '../../src/services/store/log/protocol-names.ts';
import { answerOf, keyValueStore, StoreClosedError } from '../../src/services/store.ts';
import { freePort } from '../fixtures/ports.ts';
import { until } from '../fixtures/until.ts';
import { at, createNodeLab, get, type NodeLab, put, written } from './kv-nodes.ts';

// Elections and disks take their time on a busy machine.
const failureOf = (node: KeyValueNode): Promise<unknown> => firstValueFrom(node.failure.pipe(timeout(100_000)));

/** Three nodes, and a write that was acknowledged. */
async function startedCluster(protocol?: LogProtocolName): Promise<NodeLab> {
  const lab = await createNodeLab();
  for (const id of ['n1', 'n2', 'n3']) await lab.start(id, protocol === undefined ? {} : { protocol });
  const leader = await lab.leader();
  await written(leader, 'kept', 'acknowledged');
  return lab;
}

/** Whether what was acknowledged is there, and more can be written, on what runs. */
async function expectAllIsWell(lab: NodeLab, ids: readonly string[]): Promise<void> {
  await lab.leader();
  for (const id of ids) {
    const node = lab.node(id);
    // Requests have a deadline of their own, which a machine with other work may miss.
    expect(await until(`${id} to read`, () => get(node, 'kept'))).toBe('acknowledged');
    await written(node, `more-${id}`, 'x');
    expect(node.node.isRunning).toBe(true);
  }
}

/** How `node` stands with `peer`, once that is as it should be. */
const standing = (node: KeyValueNode, peer: string, wanted: (status: PeerStatus) => boolean): Promise<PeerStatus> =>
  until(`${node.node.id} to know about ${peer}`, () => {
    let found: PeerStatus | undefined;
    node.bus.peers
      .subscribe((status) => {
        if (status.node === peer && wanted(status)) found = status;
      })
      .unsubscribe();
    return found;
  });

/**
 * Stops the leader, which lets another one lead; that therefore need not miss it, and ask for pre-votes, first. On a machine with other
 * work it may have had no time for it, and runs again.
 *
 * @returns which one was stopped
 */
async function handsOver(lab: NodeLab, protocol: LogProtocolName): Promise<string | undefined> {
  const { id } = (await lab.leader()).node;
  const roles = new Map<string, (string | undefined)[]>();
  for (const other of ['n1', 'n2', 'n3'].filter((it) => it !== id)) {
    const heard: (string | undefined)[] = [];
    roles.set(other, heard);
    lab.node(other).roleChanges.subscribe(({ role }) => void heard.push(role));
  }
  await lab.stop(id);
  const next = await lab.leader();
  if (roles.get(next.node.id)?.slice(0, 2).join() === [standingRole[protocol], 'leader'].join()) return id;
  await lab.start(id);
  return undefined;
}

/** The role of a server that has been told to lead, until it does. */
const standingRole: Readonly<Record<LogProtocolName, string>> = {
  raft: 'candidate',
  paxos: 'candidate',
  'primary-backup': 'fenced',
};

describe.each(logProtocolNames)('a cluster of nodes on disk and TCP, replicated by %s,', (protocol) => {
  test('replicates, survives a leader that stops, and finds its data again', async () => {
    const lab = await startedCluster(protocol);
    const first = await until('a leader that stops to have let another one lead', () => handsOver(lab, protocol));
    const others = ['n1', 'n2', 'n3'].filter((id) => id !== first);
    await expectAllIsWell(lab, others);
    await lab.start(first);
    const back = lab.node(first);
    const leader = await lab.leader();
    await until('the node to catch up', () => back.store.status().appliedIndex === leader.store.status().appliedIndex);
    await until('it to show that', async () => (await get(back, `more-${others[0]}`, '?consistency=stale')) === 'x');

    for (const id of ['n1', 'n2', 'n3']) await lab.stop(id);
    for (const id of ['n1', 'n2', 'n3']) await lab.start(id);
    await expectAllIsWell(lab, ['n1', 'n2', 'n3']);
  });

  test('of one node works by itself', async () => {
    const lab = await createNodeLab(['n1']);
    const node = await lab.start('n1', { protocol });
    await written(node, 'kept', 'acknowledged');
    await lab.stop('n1');
    await lab.start('n1');
    await expectAllIsWell(lab, ['n1']);
  });

  test('goes on with that protocol when it is not told, says so, and is refused another', async () => {
    const lab = await createNodeLab(['n1']);
    await written(await lab.start('n1', { protocol }), 'kept', 'acknowledged');
    await lab.stop('n1');
    const [other] = logProtocolNames.filter((name) => name !== protocol);
    if (other === undefined) throw new Error('there is no other protocol');
    const refused = lab.start('n1', { protocol: other });
    await expect(refused).rejects.toThrow(OtherProtocolError);
    await expect(refused).rejects.toThrow(`replicated by ${other}, but the journal of n1 has one by ${protocol}`);
    const node = await lab.start('n1');
    expect(node.protocol).toBe(protocol);
    const status = await fetch(`${node.httpUrl}/status`);
    expect(await status.json()).toMatchObject({ protocol });
    await expectAllIsWell(lab, ['n1']);
  });
});

describe('a node is refused', () => {
  test('another mode than that of its data, and a mode where its protocol has none', async () => {
    const lab = await createNodeLab(['n1']);
    const begun = { protocol: 'primary-backup', mode: 'quorum' } as const;
    await written(await lab.start('n1', begun), 'kept', 'acknowledged');
    await lab.stop('n1');
    const refused = lab.start('n1', { ...begun, mode: 'sync' });
    await expect(refused).rejects.toThrow(OtherModeError);
    await expect(refused).rejects.toThrow('expected mode sync, got quorum in the journal of n1');
    const node = await lab.start('n1');
    expect(await (await fetch(`${node.httpUrl}/status`)).json()).toMatchObject(begun);
    await expectAllIsWell(lab, ['n1']);
    const none = (await createNodeLab(['n1'])).start('n1', { protocol: 'paxos', mode: 'quorum' });
    await expect(none).rejects.toThrow(OtherModeError);
    await expect(none).rejects.toThrow('no mode and no bounds for a log that is replicated by paxos, got mode quorum');
  });

  test("another node's data directory", async () => {
    const lab = await startedCluster();
    await lab.stop('n3');
    const refused = lab.start('n3', { dataDirectory: join(lab.directory, 'n2') });
    // While n2 runs its directory is locked, which is said first.
    await expect(refused).rejects.toThrow(JournalLockedError);
    await lab.stop('n2');
    const owned = lab.start('n3', { dataDirectory: join(lab.directory, 'n2') });
    await expect(owned).rejects.toThrow(JournalOwnerError);
    await expect(owned).rejects.toThrow(/n2/);
    await lab.start('n2');
    await lab.start('n3');
    await expectAllIsWell(lab, ['n1', 'n2', 'n3']);
  });

  test('a directory that a running node has', async () => {
    const lab = await startedCluster();
    const twice = lab.start('n3', { listen: at(0) });
    await expect(twice).rejects.toThrow(JournalLockedError);
    await expect(twice).rejects.toThrow(/stop that node first/);
    await expectAllIsWell(lab, ['n1', 'n2', 'n3']);
  });

  test('its place when its data was wiped while its peers run', async () => {
    const lab = await startedCluster();
    await until(
      'n3 to have the write',
      async () => (await get(lab.node('n3'), 'kept', '?consistency=stale')) !== undefined,
    );
    await lab.stop('n3');
    fs.rmSync(join(lab.directory, 'n3'), { recursive: true });
    const wiped = await lab.start('n3');
    const error = await failureOf(wiped);
    expect(error).toBeInstanceOf(JournalLostError);
    expect(String(error)).toMatch(
      /wiped or replaced.*restore the data directory from a copy no older than its last run/,
    );
    await until('it to stop', () => !wiped.node.isRunning);
    await expectAllIsWell(lab, ['n1', 'n2']);
  });

  test('its place when its data was wiped, also after its peers were restarted', async () => {
    const lab = await startedCluster();
    for (const id of ['n1', 'n2', 'n3']) await lab.stop(id);
    fs.rmSync(join(lab.directory, 'n3'), { recursive: true });
    await lab.start('n1');
    await lab.start('n2');
    const wiped = await lab.start('n3');
    expect(await failureOf(wiped)).toBeInstanceOf(JournalLostError);
    await expectAllIsWell(lab, ['n1', 'n2']);
  });

  test('a journal that is damaged, and its peers have the data', async () => {
    const lab = await startedCluster();
    const directory = join(lab.directory, 'n3');
    await until(
      'n3 to have the write',
      async () => (await get(lab.node('n3'), 'kept', '?consistency=stale')) !== undefined,
    );
    await lab.stop('n3');
    const file = join(directory, fs.readdirSync(directory).find((name) => name.endsWith('.segment')) ?? '');
    const bytes = fs.readFileSync(file);
    const place = bytes.indexOf('raft.server');
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    fs.writeFileSync(file, bytes);
    const refused = lab.start('n3');
    await expect(refused).rejects.toThrow(JournalDamagedError);
    await expect(refused).rejects.toThrow(/restore the directory|replace this node/);
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    await expectAllIsWell(lab, ['n1', 'n2']);
  });

  test('a member of which neither its log nor its options say where it is', async () => {
    const lab = await startedCluster();
    const { peers } = lab.optionsOf('n3');
    await lab.stop('n3');
    for (const told of [{}, { n1: at(1) }]) {
      const refused = lab.start('n3', { peers: told });
      await expect(refused).rejects.toThrow(MemberPlaceMissingError);
      await expect(refused).rejects.toThrow(/start it with --peer n[12]=HOST:PORT/);
    }
    // Who votes is what the log says, whoever else is named.
    const named = await lab.start('n3', { peers: { ...peers, n9: at(1) } });
    expect(named.store.membership?.members().voters).toEqual(['n1', 'n2', 'n3']);
    await expectAllIsWell(lab, ['n1', 'n2', 'n3']);
  });

  test('ports that are taken, and leaves nothing behind', async () => {
    const lab = await startedCluster();
    await lab.stop('n3');
    const port = await freePort();
    const taken = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void taken.close());
    const tcp = lab.start('n3', { listen: at(port) });
    await expect(tcp).rejects.toThrow(AddressInUseError);
    await expect(tcp).rejects.toThrow(/choose another port/);
    const http = lab.start('n3', { http: at(port) });
    await expect(http).rejects.toThrow(HttpListenError);
    await expect(http).rejects.toThrow(/choose another port with --http/);
    // Journal and TCP port were given back.
    await lab.start('n3');
    await expectAllIsWell(lab, ['n1', 'n2', 'n3']);
  });
});

describe('a wrong peer address', () => {
  test('that leads to another node is refused by name, and the rest goes on', async () => {
    const lab = await startedCluster();
    const { peers } = lab.optionsOf('n3');
    const { n1 = at(1), n2 = at(1) } = peers;
    await lab.stop('n3');
    const confused = await lab.start('n3', { peers: { n1: n2, n2: n1 } });
    const refusals: string[] = [];
    confused.bus.notices.subscribe(({ error }) => refusals.push(error.message));
    await until('a refusal', () => refusals.some((message) => /correct the address of peer n[12]/.test(message)));
    expect(confused.node.isRunning).toBe(true);
    await expectAllIsWell(lab, ['n1', 'n2']);
    // Corrected, it takes part again.
    await lab.stop('n3');
    await lab.start('n3');
    await expectAllIsWell(lab, ['n3']);
  });

  test('that nobody listens on is reported, and the rest goes on', async () => {
    const lab = await startedCluster();
    await lab.stop('n2');
    await lab.stop('n3');
    const lost = await lab.start('n3', { peers: { ...lab.optionsOf('n3').peers, n2: at(await freePort()) } });
    await standing(lost, 'n2', ({ reason = '' }) => /nobody could be reached.*check the address/.test(reason));
    await expectAllIsWell(lab, ['n1', 'n3']);
  });

  test('of another cluster is refused by name on both sides', async () => {
    const lab = await startedCluster();
    await lab.stop('n3');
    const stranger = await lab.start('n3', { cluster: 'other' });
    const { refusal, reason } = await standing(stranger, 'n1', ({ status }) => status === 'refused');
    expect(refusal?.code).toBe('other-cluster');
    expect(reason).toMatch(/correct the name of the cluster or the address/);
    expect(stranger.node.isRunning).toBe(true);
    await expectAllIsWell(lab, ['n1', 'n2']);
  });
});

describe('a full disk', () => {
  test('stops the node before anything more is acknowledged, and the others go on', async () => {
    const lab = await startedCluster();
    const leader = await lab.leader();
    const { id } = leader.node;
    const full = fillDisk(join(lab.directory, id));
    const cut = 0;
    // Connections that the node had not taken yet when it stopped are cut.
    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, index) => put(leader, `late-${index}`, `${index}`).catch(() => cut)),
    );
    expect(full.refusedWrites).toBeGreaterThan(0);
    const error = await failureOf(leader);
    expect(error).toBeInstanceOf(NodeFailedError);
    expect(error).toHaveProperty('cause', expect.any(JournalFullError));
    expect(String(error)).toMatch(/has stopped for good/);
    const others = ['n1', 'n2', 'n3'].filter((other) => other !== id);
    await until('another leader', async () => (await lab.leader()) !== leader);
    await expectAllIsWell(lab, others);
    // What the full node said of its requests holds: only acknowledged ones must be there, refused ones must not.
    for (const [index, status] of statuses.entries()) {
      const other = lab.node(others[0] ?? '');
      if (status === 200) expect(await until('a read', () => get(other, `late-${index}`))).toBe(`${index}`);
      else expect([503, 504, cut]).toContain(status);
      if (status === 503) expect(await get(other, `late-${index}`)).toBeUndefined();
    }
    full.free();
    await lab.stop(id);
    await lab.start(id);
    await expectAllIsWell(lab, ['n1', 'n2', 'n3']);
  });
});

/** Lets writes into the files of `directory` fail as on a full disk. */
function fillDisk(directory: string): { readonly refusedWrites: number; free(): void } {
  let refusedWrites = 0;
  const write = fs.write;
  const isThere = (file: number): boolean => {
    const { dev, ino } = fs.fstatSync(file);
    return fs.readdirSync(directory).some((name) => {
      const other = fs.statSync(join(directory, name));
      return other.dev === dev && other.ino === ino;
    });
  };
  const spy = vi.spyOn(fs, 'write').mockImplementation((...args: unknown[]) => {
    const [file] = args;
    const done = args.at(-1);
    if (typeof file === 'number' && isThere(file) && typeof done === 'function') {
      refusedWrites += 1;
      const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      setImmediate(() => done(error, 0));
      return;
    }
    Reflect.apply(write, fs, args);
  });
  onTestFinished(() => spy.mockRestore());
  return {
    get refusedWrites() {
      return refusedWrites;
    },
    free: () => spy.mockRestore(),
  };
}

test('an application may embed a node that serves no HTTP, and need not say which process it is', async () => {
  const lab = await createNodeLab();
  const { http: _, pid: __, ...options } = lab.optionsOf('n1');
  const node = await startKeyValueNode({ ...options, peers: {} });
  onTestFinished(() => node.stop());
  expect(node.httpUrl).toBeUndefined();
  const keys = keyValueStore(node.store);
  await keys.put('x', new TextEncoder().encode('v'), { deadlineMs: 30_000 });
  expect(new TextDecoder().decode((await keys.get('x', { deadlineMs: 30_000 }))?.value)).toBe('v');
});

test('an application that serves a store by itself tells errors as HTTP does', () => {
  expect(answerOf(new StoreClosedError('it is closed'))).toMatchObject({
    status: 503,
    retryAfterSeconds: 1,
    problem: { code: 'STORE_CLOSED', outcome: 'did-not-happen' },
  });
});
