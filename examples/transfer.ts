/**
 * Bank transfers between two databases, each an atomic transaction, while the coordinating process is killed at random
 * moments. At the end the sum of all balances is what it was.
 *
 *     node dist/examples/transfer.js [--postgres] [--kills 10] [--seed 1]
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemEnvironment } from '../src/environment/environment.ts';
import { seededRandomness } from '../src/environment/random.ts';
import { total } from './transfer-bank.ts';
import { startDatabaseServer } from './transfer-postgres.ts';

const { values } = parseArgs({
  options: {
    postgres: { type: 'boolean', default: false },
    kills: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});
const kills = Number(values.kills);
const random = seededRandomness(Number(values.seed)).stream('kills');
const { clock } = systemEnvironment();
const script = join(import.meta.dirname, `transfer-coordinator${extname(import.meta.filename)}`);
const directory = mkdtempSync(join(tmpdir(), 'quorate-transfer-'));
const tally = { committed: 0, aborted: 0, unfinished: 0, slowestMs: 0 };

interface Line {
  readonly type: string;
  readonly sum?: number;
  readonly unfinished?: number;
  readonly withinMs?: number;
}

/** Runs the coordinating process. @returns the sum that it counted once it had recovered */
function live(databases: readonly string[], killAfterMs: number | undefined): Promise<number> {
  const last = killAfterMs === undefined ? ['--transfers', '0'] : [];
  const child = spawn(process.execPath, [script, '--directory', join(directory, 'journal'), ...databases, ...last], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let sum: number | undefined;
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line: Line = JSON.parse(text);
      if (line.type === 'committed') tally.committed += 1;
      if (line.type === 'aborted') tally.aborted += 1;
      if (line.type !== 'recovered' || line.sum === undefined) return;
      sum = line.sum;
      tally.unfinished += line.unfinished ?? 0;
      tally.slowestMs = Math.max(tally.slowestMs, line.withinMs ?? 0);
      if (killAfterMs !== undefined) clock.setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (sum !== undefined && (code === 0 || signal === 'SIGKILL')) resolve(sum);
      else reject(new Error(`the coordinating process ended with ${code ?? signal} before it had recovered`));
    });
  });
}

const servers = values.postgres ? await Promise.all([startDatabaseServer(), startDatabaseServer()]) : [];
try {
  const [north, south] = servers;
  const databases = north === undefined || south === undefined ? [] : ['--north', north.url, '--south', south.url];
  console.log(
    `Transfers between two ${values.postgres ? 'PostgreSQL servers' : 'embedded stores'}; all balances together: ${total}`,
  );
  for (let kill = 1; kill <= kills; kill += 1) {
    const sum = await live(databases, 100 + 400 * random.next());
    console.log(`  killed the coordinator (${kill} of ${kills}); its next life had counted ${sum} before`);
    if (sum !== total) process.exitCode = 1;
  }
  const sum = await live(databases, undefined);
  console.log(
    `${tally.committed} transfers committed, ${tally.aborted} aborted; ${tally.unfinished} were under way when the coordinator was killed, and were resolved within ${tally.slowestMs} ms of its restart at most.`,
  );
  console.log(
    sum === total
      ? `All balances together are ${sum}, as at the beginning.`
      : `All balances together are ${sum}, and should be ${total}: money was made or lost!`,
  );
  if (sum !== total) process.exitCode = 1;
} finally {
  for (const server of servers) await server.stop();
  rmSync(directory, { recursive: true, force: true });
}
