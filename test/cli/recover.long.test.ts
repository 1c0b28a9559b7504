/** What docs/operation.md says of a majority that is gone for good, played with real processes and each log. */

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { createDurablePeerMemory } from '../../src/services/peer-journals.ts';
import { logProtocolNames } from '../../src/services/store/log/protocol-names.ts';
import { freePort } from '../fixtures/ports.ts';
import { type ProcessCluster, type Run, run, startCluster } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { quorate } from './commands.ts';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const { clock, ids } = systemEnvironment();
const started: Run[] = [];
afterEach(async () => {
  for (const it of started.splice(0)) {
    it.signal('SIGKILL');
    await it.end();
  }
});

/** Starts a node at `port` that knows the others as peers. */
function node(id: string, data: string, port: number, secret: string, peers: readonly string[], ...more: string[]) {
  const places = ['--listen', `127.0.0.1:${port}`, '--http', `127.0.0.1:${port + 10}`, '--data', data];
  const others = peers.flatMap((peer) => ['--peer', peer]);
  const it = run(['node', '--id', id, ...places, ...others, '--secret-file', secret, '--open-clients', ...more]);
  started.push(it);
  return { it, http: `http://127.0.0.1:${port + 10}` };
}

const read = (http: string, key: string): Promise<string> =>
  until(`${key} at ${http}`, async () => {
    const answer = await fetch(`${http}/kv/${key}`);
    const text = await answer.text();
    return answer.ok ? text : undefined;
  });

/** Writes 20 keys, of which n2 has all; then n1 and n3 are gone, with their disks, and n2 is alone. */
async function loseMajority(cluster: ProcessCluster): Promise<void> {
  await cluster.leader();
  const client = await cluster.connect(cluster.nodes);
  try {
    for (let index = 0; index < 20; index += 1) {
      await client.put(`kept-${index}`, new TextEncoder().encode(`value ${index}`));
    }
  } finally {
    await client.close();
  }
  const [n1, n2, n3] = cluster.nodes;
  if (n1 === undefined || n2 === undefined || n3 === undefined) throw new Error('expected three nodes');
  const { lastIndex } = await (await cluster.leader()).status();
  await until('n2 to have all', async () => (await n2.status()).appliedIndex >= lastIndex);
  await n1.kill();
  await n3.kill();
  rmSync(n3.dataDirectory, { recursive: true });
}

test.each(logProtocolNames)('a store by %s that lost its majority goes on from one node', async (protocol) => {
  const cluster = await startCluster(3, { protocol });
  onTestFinished(() => cluster.close());
  await loseMajority(cluster);
  const { directory, nodes } = cluster;
  const [n1, n2] = nodes;
  if (n1 === undefined || n2 === undefined) throw new Error('expected nodes');
  const data = join(directory, 'recovered');
  const recover = (...more: string[]) =>
    quorate('recover', n2.dataDirectory, '--survivor', 'n2', '--data', data, '--of', 'quorate', ...more);

  // While it runs, it may be that it is not alone.
  expect(await recover('--i-accept-loss')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^JOURNAL_LOCKED/) });
  n2.run?.signal('SIGTERM');
  expect(await n2.run?.end()).toBe(0);

  const looked = await recover();
  expect(looked).toMatchObject({ code: 1, stdout: '' });
  expect(looked.stderr).toMatch(new RegExp(`^Node n2 of cluster quorate \\(${protocol}, .*voters n1, n2, n3\\)`));
  expect(looked.stderr).toMatch(/Certainly committed: up to entry \d+\.\n {2}Kept, .*\n {2}LOST: /);
  expect(looked.stderr).toMatch(/\nLOSS_NOT_ACCEPTED: /);
  expect(existsSync(data)).toBe(false);
  expect(await recover('--i-accept-loss', '--cluster', 'quorate')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/\nCLUSTER_OPTIONS: expected another name/),
  });

  const recovered = await recover('--i-accept-loss', '--json');
  expect(recovered).toMatchObject({ code: 0, stderr: expect.stringMatching(/LOST: /) });
  const { cluster: name, revision, remains } = JSON.parse(recovered.stdout);
  expect(name).toMatch(/^quorate-.{8}$/);
  expect(remains).toMatchObject({ node: 'n2', protocol, votes: true, voters: ['n1', 'n2', 'n3'], beyondGap: 0 });

  // Each new node knows the others by their journals before it has met them.
  const journals = await Promise.all(
    nodes.map(({ id }) => openFileJournal({ directory: join(data, id), node: id, clock, ids })),
  );
  for (const journal of journals) {
    const memory = createDurablePeerMemory(journal);
    for (const { node: other, id } of journals) if (other !== journal.node) expect(memory.recall(other)).toBe(id);
  }
  await Promise.all(journals.map((journal) => journal.close()));

  // The secret is the same, and so are the names of the nodes: the cluster alone tells them apart.
  const port = await freePort([0, 1, 2, 3, 10, 11, 12, 13]);
  const secret = join(directory, 'secret');
  const at = (index: number) => `n${index + 1}=127.0.0.1:${port + index}`;
  const fresh = [0, 1, 2].map((index) =>
    node(
      `n${index + 1}`,
      join(data, `n${index + 1}`),
      port + index,
      secret,
      [0, 1, 2].filter((it) => it !== index).map(at),
    ),
  );
  const [first] = fresh;
  if (first === undefined) throw new Error('expected a node');
  for (let index = 0; index < 20; index += 1) expect(await read(first.http, `kept-${index}`)).toBe(`value ${index}`);
  await until('a write', async () => (await fetch(`${first.http}/kv/new`, { method: 'PUT', body: 'new' })).ok);
  expect(await (await fetch(`${first.http}/status`)).json()).toMatchObject({
    cluster: name,
    restoration: { cluster: name, from: 'quorate', survivor: 'n2', revision },
  });

  // n1 of then comes back, and is told the new nodes as its peers.
  const peers = [at(1), at(2)];
  const old = node('n1', n1.dataDirectory, port + 3, secret, peers);
  await old.it.printed(/belongs to cluster 'quorate-.*', node n1 to cluster 'quorate'/);
  old.it.signal('SIGKILL');
  await old.it.end();
  // Even as of the new cluster: its journal is another.
  const disguised = node('n1', n1.dataDirectory, port + 3, secret, peers, '--cluster', name);
  await disguised.it.printed(/node n1 knows node n2 by journal \S+, and it came with journal/);
  expect(await read(first.http, 'new')).toBe('new');
});

test('what is no directory of that node recovers nothing; what was recovered can be again', async () => {
  const cluster = await startCluster(1);
  onTestFinished(() => cluster.close());
  const [only] = cluster.nodes;
  if (only === undefined) throw new Error('expected a node');
  await cluster.leader();
  const client = await cluster.connect(cluster.nodes);
  await client.put('kept', new TextEncoder().encode('value'));
  await client.close();
  only.run?.signal('SIGTERM');
  expect(await only.run?.end()).toBe(0);
  const data = join(cluster.directory, 'recovered');
  const empty = join(cluster.directory, 'empty');
  mkdirSync(empty);
  const recover = (directory: string, survivor: string, ...more: string[]) =>
    quorate('recover', directory, '--survivor', survivor, '--data', data, '--i-accept-loss', ...more);
  expect(await recover(empty, 'n1')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^RECOVERY: /) });
  expect(await recover(join(empty, 'absent'), 'n1')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^RECOVERY: /),
  });
  expect(existsSync(join(empty, 'absent'))).toBe(false);
  expect(await recover(only.dataDirectory, 'n2')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^JOURNAL_OWNER: /),
  });
  expect([existsSync(data), existsSync(`${data}.restoring`)]).toEqual([false, false]);

  // A cluster of one node, by another protocol; and that again, of which the data knows the name.
  expect(await recover(only.dataDirectory, 'n1', '--id', 'm1', '--protocol', 'paxos')).toMatchObject({ code: 0 });
  const again = join(cluster.directory, 'again');
  const once = ['recover', join(data, 'm1'), '--survivor', 'm1', '--data', again, '--id', 'm2', '--i-accept-loss'];
  const wrong = await quorate(...once, '--of', 'quorate');
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/^CLUSTER_OPTIONS: expected --of quorate-/) });
  // What it holds is a snapshot by now.
  expect(await quorate(...once)).toMatchObject({ code: 0 });
  const port = await freePort([0, 10]);
  const { http } = node('m2', join(again, 'm2'), port, join(cluster.directory, 'secret'), []);
  expect(await read(http, 'kept')).toBe('value');
});
