/**
 * Three Redis servers on loopback, in a temporary directory and on free ports, and what steers them: three managers and a
 * proxy, each a process of its own. For the example and the benchmark of failover.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { Redis } from 'ioredis';
import * as v from 'valibot';
import { systemEnvironment } from '../src/index.ts';
import { type GroupMode, type Topology, topology as topologySchema } from '../src/services/failover.ts';

const { clock } = systemEnvironment();

export const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('expected a port');
  return address.port;
}

/** Waits until something is there. @throws Error after `timeoutMs` */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  const untilMs = clock.nowMs() + timeoutMs;
  for (;;) {
    const found = await probe().catch(() => undefined);
    if (found !== undefined) return found;
    if (clock.nowMs() > untilMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await pause(10);
  }
}

/** Processes that end together. */
export class Processes {
  readonly directory = mkdtempSync(join(tmpdir(), 'quorate-failover-'));
  readonly #children = new Set<ChildProcess>();

  /** Starts one; what it prints goes to a file of the directory, `${name}.log`. */
  start(name: string, command: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.directory, `${name}.log`), 'a');
    const child = spawn(command, args, { stdio: ['ignore', log, log], cwd: this.directory });
    child.on('error', () => undefined);
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    return child;
  }

  /** The end of what it printed. */
  logOf(name: string): string {
    return readFileSync(join(this.directory, `${name}.log`), 'utf8').slice(-4_000);
  }

  async end(): Promise<void> {
    const children = [...this.#children];
    const ended = children.map((child) => once(child, 'exit'));
    for (const child of children) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    await Promise.all(ended);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A Redis server that can be killed, paused and started anew. */
export interface TrioServer {
  readonly name: string;
  readonly port: number;
  start(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** A connection of its own, for looking. */
  readonly client: Redis;
}

/** Starts servers with these lines in their configuration files, besides port and directory. */
export async function startServers(
  processes: Processes,
  names: readonly string[],
  configOf: (index: number, ports: readonly number[]) => readonly string[],
): Promise<readonly TrioServer[]> {
  const ports: number[] = [];
  for (const _ of names) ports.push(await freePort());
  const servers = names.map((name, index): TrioServer => {
    const port = ports[index] ?? 0;
    const directory = join(processes.directory, name);
    const file = join(directory, 'redis.conf');
    mkdirSync(directory);
    const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, 'save ""', 'repl-diskless-sync-delay 0'];
    writeFileSync(file, [...lines, ...configOf(index, ports), ''].join('\n'));
    const client = new Redis({
      port,
      lazyConnect: true,
      enableReadyCheck: false,
      commandTimeout: 500,
      retryStrategy: () => 50,
    });
    client.on('error', () => undefined);
    let child: ChildProcess | undefined;
    return {
      name,
      port,
      client,
      async start() {
        child = processes.start(name, 'redis-server', [file]);
        await eventually(`'${name}' to answer`, () => client.info('server'));
      },
      signal: (signal) => void child?.kill(signal),
    };
  });
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}

export interface Group {
  readonly servers: readonly TrioServer[];
  /** Where the proxy takes clients. */
  readonly proxyPort: number;
  /** Of the page that the first manager serves, where one was asked for. */
  readonly dashboardUrl: string | undefined;
  /** As a manager knows it; undefined while none answers. */
  topology(): Promise<Topology | undefined>;
  /** Whether its last failover is over; of a durable group, both standbys are in sync. Another one before that counts as flapping. */
  hasSettled(): Promise<boolean>;
  end(): Promise<void>;
}

export interface GroupOptions {
  readonly mode: GroupMode;
  /** Sections of the configuration file, such as `detector`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where the first manager serves its dashboard. Default: nowhere. */
  readonly dashboardPort?: number;
}

const quorate = join(import.meta.dirname, '..', 'src', 'cli', `main${extname(import.meta.filename)}`);

/** Starts three servers, three managers and a proxy; ready once the group has a primary and two standbys in sync. */
export async function startGroup(options: GroupOptions): Promise<Group> {
  const processes = new Processes();
  try {
    return await startedGroup(processes, options);
  } catch (error) {
    await processes.end();
    throw error;
  }
}

async function startedGroup(
  processes: Processes,
  { mode, settings = {}, dashboardPort }: GroupOptions,
): Promise<Group> {
  // One that starts follows nowhere: a manager says what it is to be.
  const servers = await startServers(processes, ['r1', 'r2', 'r3'], () => ['replicaof 127.0.0.1 1']);
  const secretFile = join(processes.directory, 'secret');
  execFileSync(process.execPath, [quorate, 'secret', 'new', '--secret-file', secretFile], { stdio: 'ignore' });
  const managers: Record<string, { listen: string; http: string; data: string }> = {};
  for (const id of ['m1', 'm2', 'm3']) {
    managers[id] = { listen: `127.0.0.1:${await freePort()}`, http: `127.0.0.1:${await freePort()}`, data: `./${id}` };
  }
  const proxyPort = await freePort();
  const file = join(processes.directory, 'group.json');
  const config = {
    group: 'orders',
    kind: 'redis',
    mode,
    managers,
    secretFile,
    servers: Object.fromEntries(servers.map(({ name, port }) => [name, { address: `127.0.0.1:${port}` }])),
    primary: 'r1',
    proxy: { listen: `127.0.0.1:${proxyPort}` },
    ...settings,
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2));
  for (const id of Object.keys(managers)) {
    const shown = id === 'm1' && dashboardPort !== undefined ? ['--dashboard', String(dashboardPort)] : [];
    processes.start(id, process.execPath, [quorate, 'failover', '--config', file, '--id', id, ...shown]);
  }
  processes.start('proxy', process.execPath, [quorate, 'proxy', '--config', file]);
  const topology = async (): Promise<Topology | undefined> => {
    const asked = Object.values(managers).map(async ({ http }) => {
      const response = await fetch(`http://${http}/topology`, { signal: AbortSignal.timeout(500) });
      if (!response.ok) throw new Error(`${response.status}`);
      return v.parse(topologySchema, await response.json());
    });
    const answers = (await Promise.allSettled(asked)).flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    return answers.sort((one, other) => other.revision - one.revision)[0];
  };
  const hasSettled = async (): Promise<boolean> => {
    // Where writes wait for none, none is in sync.
    if (mode === 'durable' && (await topology())?.inSync.length !== 2) return false;
    const phases = Object.values(managers).map(async ({ http }) => {
      const response = await fetch(`http://${http}/failover/status`, { signal: AbortSignal.timeout(500) });
      const { standing } = v.parse(v.object({ standing: v.object({ phase: v.string() }) }), await response.json());
      return standing.phase;
    });
    const known = (await Promise.allSettled(phases)).flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    return known.length > 0 && known.every((phase) => phase === 'monitoring');
  };
  const isReady = async (): Promise<true | undefined> => ((await hasSettled()) ? true : undefined);
  await eventually('the group to have a primary and two standbys in sync', isReady).catch((error: unknown) => {
    const logs = ['m1', 'm2', 'm3', 'proxy'].map((name) => `--- ${name}\n${processes.logOf(name)}`);
    throw new Error(`${String(error)}\n${logs.join('\n')}`);
  });
  return {
    servers,
    proxyPort,
    dashboardUrl: /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/.exec(processes.logOf('m1'))?.[0],
    topology,
    hasSettled,
    async end() {
      for (const { client } of servers) client.disconnect();
      await processes.end();
    },
  };
}
