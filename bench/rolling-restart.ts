/**
 * What clients notice of a rolling restart: three nodes as processes, under a load of puts and linearizable gets, are all
 * restarted as `quorate rolling-restart` does it. No call is made again by the caller, and every one must succeed.
 *
 * `node dist/bench/rolling-restart.js [--rounds 3] [--workers 16] [--protocol raft] [--json]`
 *
 * A pause is the longest time in which no call was answered; what others do on the machine counts in it. Beside it stands the
 * longest time while no node was restarted.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSecretFile, readSecretFile } from '../src/bus/tcp.ts';
import { restartAll } from '../src/cli/rolling-restart/rolling.ts';
import { rollingParts } from '../src/cli/rolling-restart.ts';
import { pause, systemClock } from '../src/environment/clock.ts';
import { connect } from '../src/services/store/tcp-client.ts';
import { freePort } from './processes.ts';
import { printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '16' },
    protocol: { type: 'string', default: 'raft' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, workers] = [Number(options.rounds), Number(options.workers)];
const clock = systemClock();
const host = '127.0.0.1';
const program = join(import.meta.dirname, '..', 'src', 'cli', 'main.js');

/** Keeps the process of a node running, as a supervisor does. */
function kept(args: readonly string[]): { end(): Promise<void> } {
  let isEnding = false;
  let child: ChildProcess;
  const start = (): void => {
    child = spawn(process.execPath, [program, 'node', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('exit', () => {
      if (!isEnding) start();
    });
  };
  start();
  return {
    async end() {
      isEnding = true;
      if (child.exitCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** What clients saw in some time. */
interface Seen {
  readonly what: string;
  readonly calls: number;
  readonly failed: number;
  readonly longestPauseMs: number;
  readonly longestCallMs: number;
}

type Client = Awaited<ReturnType<typeof connect>>;
const value = new Uint8Array(256).fill(7);

/** Keeps calls under way until `until` has settled, and notes how they went. */
async function watched(client: Client, what: string, until: Promise<unknown>): Promise<Seen> {
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  const seen = { calls: 0, failed: 0, longestPauseMs: 0, longestCallMs: 0 };
  let lastMs = clock.nowMs();
  const work = async (worker: number): Promise<void> => {
    for (let round = 0; !isOver; round += 1) {
      const key = `key-${worker}-${round % 100}`;
      const beganMs = clock.nowMs();
      try {
        if (round % 2 === 0) await client.put(key, value);
        else await client.get(key);
      } catch (error) {
        seen.failed += 1;
        console.error(error);
      }
      const nowMs = clock.nowMs();
      seen.calls += 1;
      seen.longestCallMs = Math.max(seen.longestCallMs, nowMs - beganMs);
      seen.longestPauseMs = Math.max(seen.longestPauseMs, nowMs - lastMs);
      lastMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  await until;
  return { what, ...seen };
}

const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
const secretFile = join(directory, 'secret');
createSecretFile(secretFile);
const places: { readonly id: string; readonly tcp: string; readonly http: number }[] = [];
for (const id of ['n1', 'n2', 'n3']) places.push({ id, tcp: `${host}:${await freePort()}`, http: await freePort() });
const nodes = places.map(({ id, tcp, http }) =>
  kept([
    ...['--id', id, '--listen', tcp, '--http', `${host}:${http}`, '--data', join(directory, id)],
    ...['--secret-file', secretFile, '--protocol', options.protocol],
    ...places.filter((it) => it.id !== id).flatMap((it) => ['--peer', `${it.id}=${it.tcp}`]),
  ]),
);
try {
  const client = await connect(
    places.map(({ tcp }) => tcp),
    { secret: readSecretFile(secretFile).client(), connectMs: 60_000 },
  );
  await client.put('warm-up', value, { deadlineMs: 60_000 });
  const seen: Seen[] = [await watched(client, 'undisturbed', pause(clock, 5_000))];
  for (let round = 1; round <= rounds; round += 1) {
    const restarting = restartAll(
      rollingParts({
        node: places.map(({ http }) => ({ host, port: http })),
        secretFile,
        patienceS: 120,
        command: [],
        clock,
        restarted: () => undefined,
      }),
    );
    seen.push(await watched(client, `restart of all ${round}`, restarting));
  }
  await client.close();
  if (options.json) console.log(JSON.stringify({ protocol: options.protocol, workers, seen }));
  else {
    printTable(
      ['', 'calls', 'failed', 'longest pause ms', 'longest call ms'],
      seen.map((it) => [it.what, it.calls, it.failed, it.longestPauseMs, it.longestCallMs]),
    );
  }
  if (seen.some(({ failed }) => failed > 0)) process.exitCode = 1;
} finally {
  await Promise.all(nodes.map((it) => it.end()));
  await rm(directory, { recursive: true, force: true });
}
