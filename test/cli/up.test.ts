import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasNats, startNats } from '../fixtures/nats.ts';
import { freePort } from '../fixtures/ports.ts';
import { isAlive, type Run, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { quorate as quorateHere } from './commands.ts';

// Processes take their time to start on a busy machine.
const started: Run[] = [];
async function kill(cluster: Run): Promise<void> {
  const pids = pidsIn(cluster.stdout);
  cluster.signal('SIGKILL');
  await cluster.end();
  await until('the children to be gone', () => !pids.some(isAlive));
}
afterEach(async () => {
  for (const it of started.splice(0)) await kill(it);
});

const directories: string[] = [];
afterAll(() => {
  for (const it of directories) rmSync(it, { recursive: true, force: true });
});

interface Place {
  readonly directory: string;
  readonly port: number;
}
async function place(): Promise<Place> {
  const parent = mkdtempSync(join(tmpdir(), 'quorate-up-'));
  directories.push(parent);
  return { directory: join(parent, 'data'), port: await freePort([0, 1, 2, 100, 101, 102]) };
}
const runAt = ({ directory, port }: Place, ...more: string[]): Run =>
  run(['up', '--data', directory, '--port', String(port), ...more]);
/** One that ends with the test. */
function up(where: Place, ...more: string[]): Run {
  const it = runAt(where, ...more);
  started.push(it);
  return it;
}

/** The processes of the nodes that a cluster has told of. */
const pidsIn = (stdout: string): number[] => {
  // A table that was shown while a node was starting is shown again.
  const told = stdout.matchAll(/:\d+\s+127\.0\.0\.1:\d+\s+(\d+)|, process (\d+)/g);
  return [...new Set([...told].map(([, one, other]) => Number(one ?? other)))];
};

/** Waits for the description of the cluster, and for a leader, whom a slow machine may have only later. */
async function ready(cluster: Run): Promise<void> {
  await cluster.printed(/Ctrl-C stops all nodes/);
  await cluster.printed(/ leads$|leader in term/m);
}
/** Waits until so many nodes have said that they answer: the first to lead may do so while another still starts. */
const answering = (cluster: Run, nodes: number): Promise<unknown> =>
  until(`${nodes} nodes to answer`, () => pidsIn(cluster.stdout).length >= nodes);
const url = ({ port }: Place, index: number): string => `http://127.0.0.1:${port + index}`;

/** Requests have a deadline of their own, which a machine with other work may miss. */
const put = (at: string, body: string): Promise<boolean> =>
  until(`a write at ${at}`, async () => (await fetch(at, { method: 'PUT', body })).ok);
const get = (at: string): Promise<string> =>
  until(`a read at ${at}`, async () => {
    const answer = await fetch(at);
    const text = await answer.text();
    return answer.ok ? text : undefined;
  });

describe('a cluster that quorate up runs', () => {
  // One for all of these tests, each of which leaves three nodes that run.
  let where: Place;
  let cluster: Run;
  beforeAll(async () => {
    where = await place();
    cluster = runAt(where);
    await ready(cluster);
    await answering(cluster, 3);
  });
  afterAll(() => kill(cluster));

  test('says where its nodes answer, who leads and what to try', async () => {
    for (const index of [0, 1, 2]) expect(cluster.stdout).toMatch(new RegExp(`n${index + 1} .*${url(where, index)}`));
    expect(cluster.stdout).toMatch(/n\d .* leads$|n\d {2}leader in term/m);
    expect(pidsIn(cluster.stdout).length).toBeGreaterThanOrEqual(3);
    // What it says to try can be tried.
    const [, target = ''] = /curl -X PUT --data hello (\S+)/.exec(cluster.stdout) ?? [];
    await put(`http://${target.replace('localhost', '127.0.0.1')}`, 'hello');
    expect(await get(`${url(where, 1)}/kv/greeting`)).toBe('hello');
  });

  test('tells of a node that is killed, of the next leader, and starts the node again', async () => {
    const [, leader = ''] = await cluster.printed(/(n\d) (?:.* leads$| leader in term)/m);
    const [, pid = ''] = await cluster.printed(new RegExp(`${leader} +http\\S+ +\\S+ +(\\d+)`));
    process.kill(Number(pid), 'SIGKILL');
    await cluster.printed(
      new RegExp(`\\+\\d+\\.\\ds  ${leader}  died \\(signal SIGKILL\\); starting it again in 0.5 s`),
    );
    await cluster.printed(new RegExp(`\\+\\d+\\.\\ds  (?!${leader})n\\d  leader in term \\d+`));
    await cluster.printed(new RegExp(`${leader}  answers at .*, process (?!${pid})\\d+`));
  });

  test('keeps its ports: another is refused before anything is started', async () => {
    const other = { ...(await place()), port: where.port };
    const second = up(other);
    expect(await second.end()).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`^PORTS_TAKEN: .*${where.port} \\(EADDRINUSE\\).*--port`));
    expect(existsSync(other.directory)).toBe(false);
    expect(cluster.ended).toBeUndefined();
  });
});

// Not copies of one directory: nodes notice that, and ask all others to vouch for them.
describe('data that quorate up has left', () => {
  /** A cluster that has kept a write, and was stopped. */
  async function stopped(): Promise<Place> {
    const where = await place();
    const first = up(where);
    await ready(first);
    await answering(first, 3);
    await put(`${url(where, 0)}/kv/x`, 'kept');
    const pids = pidsIn(first.stdout);
    expect(pids).toHaveLength(3);
    first.signal('SIGINT');
    expect(await first.end()).toBe(0);
    expect(first.stdout).toContain('Stopped.');
    expect(first.stderr).toBe('');
    expect(pids.filter(isAlive)).toEqual([]);
    return where;
  }

  test('is found again: not by another number of nodes, without one whose journal is damaged, and not without two', async () => {
    const where = await stopped();
    const port = await freePort([0, 1, 2, 3, 4, 100, 101, 102, 103, 104]);
    const wider = up({ ...where, port }, '--nodes', '5');
    expect(await wider.end()).toBe(1);
    expect(wider.stderr).toMatch(/^DATA_DIRECTORY: .*3 nodes.*--nodes 3/);
    expect(readdirSync(where.directory).sort()).toEqual(['cluster.json', 'n1', 'n2', 'n3', 'secret']);

    damage(join(where.directory, 'n2'));
    const second = up(where);
    await ready(second);
    expect(second.stdout).toMatch(/data found .*, replicated by raft/);
    await second.printed(/n2 {2}JOURNAL_DAMAGED: .*peers have the data/);
    await second.printed(/n2 {2}died \(exit code 1\); it is not started again/);
    await second.printed(/n2 +does not run/);
    await answering(second, 2);
    expect(JSON.parse(await get(`${url(where, 0)}/status`))).toMatchObject({ protocol: 'raft' });
    expect(await get(`${url(where, 2)}/kv/x`)).toBe('kept');
    second.signal('SIGTERM');
    expect(await second.end()).toBe(0);

    damage(join(where.directory, 'n3'));
    const third = up(where);
    expect(await third.end()).toBe(1);
    expect(third.stderr).toMatch(/^MAJORITY_LOST: 1 of 3 nodes can run/);
  });

  test('is found again without a node whose part of it was wiped', async () => {
    const where = await stopped();
    rmSync(join(where.directory, 'n1'), { recursive: true });
    const second = up(where);
    await second.printed(/n1 {2}JOURNAL_LOST: .*restore the data directory/);
    await second.printed(/n1 {2}died \(exit code 1\); it is not started again/);
    await ready(second);
    await answering(second, 2);
    expect(await get(`${url(where, 1)}/kv/x`)).toBe('kept');
  });
});

describe('quorate up', () => {
  test('takes its nodes with it when it is killed itself', async () => {
    const cluster = up(await place(), '--nodes', '1');
    await ready(cluster);
    await answering(cluster, 1);
    const pids = pidsIn(cluster.stdout);
    expect(pids).toHaveLength(1);
    expect(pids.every(isAlive)).toBe(true);
    cluster.signal('SIGKILL');
    await cluster.end();
    await until('the node to stop', () => !pids.some(isAlive));
  });

  test('tells what its nodes report as JSON, one value a line, and nothing else', async () => {
    const cluster = runAt(await place(), '--nodes', '1', '--json');
    onTestFinished(() => {
      cluster.signal('SIGKILL');
    });
    await cluster.printed(/"role":"leader"/);
    await cluster.printed(/"type":"ready"/);
    cluster.signal('SIGINT');
    expect(await cluster.end()).toBe(0);
    const told = cluster.stdout
      .trimEnd()
      .split('\n')
      .map((line): { readonly type: string } => JSON.parse(line));
    expect(told.find(({ type }) => type === 'ready')).toMatchObject({ id: 'n1', pid: expect.any(Number) });
    expect(told.at(-1)).toMatchObject({ type: 'stopped', code: 0 });
  });

  test.skipIf(!hasNats)(
    'has its nodes reach each other over NATS, and starts those again that found no server',
    async () => {
      const server = await startNats();
      onTestFinished(() => server.kill());
      await server.kill();
      const where = await place();
      const cluster = up(where, '--nats', server.url);
      await cluster.printed(/n1 {2}CONNECTION: expected a NATS server/);
      await cluster.printed(/n1 {2}died \(exit code 1\); starting it again in/);
      await server.start();
      await ready(cluster);
      expect(cluster.stdout).toMatch(/over the NATS server at 127\.0\.0\.1:\d+, clients over HTTP/);
      await put(`${url(where, 0)}/kv/x`, 'kept');
      expect(await get(`${url(where, 2)}/kv/x`)).toBe('kept');
    },
  );

  test('refuses numbers that make no cluster', async () => {
    const { directory } = await place();
    for (const [more, message] of [
      [['--nodes', '0'], /from 1 to 15/],
      [['--nodes', 'three'], /from 1 to 15/],
      [['--port', '65500'], /CLUSTER_OPTIONS: .*choose --port 65433 or less/],
      [['--election-timeout-ms', '100'], /CLUSTER_OPTIONS: .*3 heartbeats, 300 ms, got 100 ms/],
      [['--protocol', 'gossip'], /no protocol 'gossip' for a store; there are: raft/],
      [['--mode', 'asynchronous'], /no mode 'asynchronous' of a store; there are: sync, quorum, async/],
      [['--nats', 'localhost:4222'], /Expected a URL like nats:\/\/127\.0\.0\.1:4222/],
      [['--prot', '4701'], /Did you mean --port/],
    ] as const) {
      const refused = await quorateHere('up', '--data', directory, ...more);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(message);
    }
    expect(existsSync(directory)).toBe(false);
  });
});

/** Flips one bit of what a node wrote down. */
function damage(directory: string): void {
  const file = join(directory, readdirSync(directory).find((name) => name.endsWith('.segment')) ?? '');
  const bytes = readFileSync(file);
  const place = bytes.indexOf('raft.server');
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
