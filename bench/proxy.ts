/**
 * What a proxy costs: the same load straight at the server, through a proxy, through one in durable mode, and through HAProxy.
 * The ways take turns, so that what else the machine does falls on all of them alike; shares are medians of the shares of a turn.
 *
 * npm run bench:proxy [-- TURNS]. Needs redis-server and redis-benchmark; HAProxy and pgbench are left out where they are missing.
 */

import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { ServerKind } from '../src/services/proxy.ts';
import type { Topology } from '../statecharts/failover.ts';
import { startPostgres } from '../test/fixtures/postgres.ts';
import { ask, freePort } from './processes.ts';
import type { Before } from './proxy-process.ts';
import { median, printTable } from './table.ts';

const turns = Number(process.argv[2] ?? 5);
const run = promisify(execFile);
const started: ChildProcess[] = [];
const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));

/** A load, by the port that it goes to; answers with operations per second. */
interface Load {
  readonly name: string;
  perSecond(port: number): Promise<number>;
}

const redisLoad = (name: string, requests: number, ...flags: string[]): Load => ({
  name,
  async perSecond(port) {
    const args = ['-p', `${port}`, '-n', `${requests}`, '-c', '50', '--csv', ...flags];
    const { stdout } = await run('redis-benchmark', args);
    return Number(stdout.trim().split('\n').at(-1)?.split(',')[1]?.replaceAll('"', ''));
  },
});

const place = (server: string, port: number) => ({ server, host: '127.0.0.1', port });

const topologyOf = (primary: number, standbys: readonly number[], mode: Topology['mode']): Topology => ({
  group: 'bench',
  revision: 1,
  mark: { epoch: 1, version: 1 },
  mode,
  confirmations: 1,
  primary: place('primary', primary),
  inSync: standbys.map((port) => `standby-${port}`),
  standbys: standbys.map((port) => ({ ...place(`standby-${port}`, port), lagBytes: 0 })),
});

async function proxyTo(kind: ServerKind, topology: Topology): Promise<number> {
  const child = fork(join(import.meta.dirname, 'proxy-process.js'));
  started.push(child);
  const before: Before = { kind, topology };
  return await ask<number>(child, JSON.parse(JSON.stringify(before)));
}

async function haproxyTo(port: number): Promise<number | undefined> {
  const binary = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'].find((it) => existsSync(it));
  if (binary === undefined) return undefined;
  const front = await freePort();
  const file = join(directory, `haproxy-${front}.cfg`);
  const timeouts = ['connect', 'client', 'server'].map((it) => `  timeout ${it} 60s`);
  const lines = ['defaults', '  mode tcp', ...timeouts, 'listen bench', `  bind 127.0.0.1:${front}`];
  await writeFile(file, [...lines, `  server primary 127.0.0.1:${port}`, ''].join('\n'));
  started.push(spawn(binary, ['-db', '-f', file], { stdio: 'ignore' }));
  return front;
}

/** Compares the ways by one load after another. The first way is what the others are measured by. */
async function compare(
  ways: readonly (readonly [name: string, port: number])[],
  loads: readonly Load[],
): Promise<void> {
  for (const load of loads) {
    const rates = ways.map((): number[] => []);
    for (let turn = 0; turn < turns; turn += 1) {
      for (const [index, [, port]] of ways.entries()) rates[index]?.push(await load.perSecond(port));
    }
    console.log(`\n${load.name}`);
    printTable(
      ['way', 'per s', 'least', 'most', 'of direct'],
      ways.map(([name], index) => {
        const own = rates[index] ?? [];
        const shares = own.map((rate, turn) => rate / (rates[0]?.[turn] ?? Number.NaN));
        return [name, median(own), Math.min(...own), Math.max(...own), median(shares)];
      }),
    );
  }
}

async function benchRedis(): Promise<void> {
  const ports = [await freePort(), await freePort()];
  const [primary = 0, standby = 0] = ports;
  for (const port of ports) {
    const args = ['--port', `${port}`, '--save', '', '--bind', '127.0.0.1', '--dir', directory];
    started.push(spawn('redis-server', [...args, '--repl-diskless-sync-delay', '0'], { stdio: 'ignore' }));
  }
  const redis = new Redis({ port: primary, retryStrategy: () => 50 });
  redis.on('error', () => {});
  await redis.set('quorate:bench', JSON.stringify({ epoch: 1, version: 1 }));
  const follower = new Redis({ port: standby, retryStrategy: () => 50 });
  follower.on('error', () => {});
  await follower.call('REPLICAOF', '127.0.0.1', primary);
  while (!(await follower.info('replication')).includes('master_link_status:up')) await redis.wait(1, 100);
  const haproxy = await haproxyTo(primary);
  const ways: (readonly [string, number])[] = [
    ['direct', primary],
    ['quorate, pass-through', await proxyTo('redis', topologyOf(primary, [standby], 'pass-through'))],
    ['quorate, durable', await proxyTo('redis', topologyOf(primary, [standby], 'durable'))],
  ];
  if (haproxy !== undefined) ways.push(['haproxy', haproxy]);
  await compare(ways, [
    redisLoad('redis-benchmark SET, 50 clients, 16 at once each', 400_000, '-t', 'set', '-P', '16'),
    redisLoad('redis-benchmark SET, 50 clients', 60_000, '-t', 'set'),
    redisLoad('redis-benchmark GET, 50 clients', 60_000, '-t', 'get'),
  ]);
  redis.disconnect();
  follower.disconnect();
}

async function benchPostgres(): Promise<void> {
  const server = await startPostgres({ fsync: 'off', synchronous_commit: 'off' });
  try {
    const { port, username, password } = new URL(server.url());
    const env = { ...process.env, PGPASSWORD: decodeURIComponent(password), PGUSER: username, PGHOST: '127.0.0.1' };
    const pgbench = (to: number, ...args: string[]) => run('pgbench', ['-p', `${to}`, ...args, 'postgres'], { env });
    await pgbench(Number(port), '-i', '-q');
    const load = (name: string, ...args: string[]): Load => ({
      name,
      async perSecond(to) {
        const { stdout } = await pgbench(to, '-c', '8', '-T', '4', '-n', ...args);
        return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
      },
    });
    const haproxy = await haproxyTo(Number(port));
    const ways: (readonly [string, number])[] = [
      ['direct', Number(port)],
      ['quorate, pass-through', await proxyTo('postgres', topologyOf(Number(port), [], 'pass-through'))],
    ];
    if (haproxy !== undefined) ways.push(['haproxy', haproxy]);
    await compare(ways, [load('pgbench, 8 clients'), load('pgbench, select only, 8 clients', '-S')]);
  } finally {
    await server.remove();
  }
}

try {
  await benchRedis();
  if (existsSync('/usr/bin/pgbench')) await benchPostgres();
} finally {
  for (const child of started) child.kill('SIGTERM');
  await rm(directory, { recursive: true, force: true });
}
process.exit();
