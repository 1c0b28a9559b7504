/**
 * How long writing stops when a PostgreSQL primary is killed under load, with one of two standbys in sync confirming each commit,
 * and whether a commit that was acknowledged is ever lost.
 *
 * `node dist/bench/failover.js postgres [--crashes 10] [--clients 4] [--memory] [--steered] [--json]`
 */

import { parseArgs } from 'node:util';
import { median, printTable } from '../table.ts';
import type { BenchGroup } from './postgres/group.ts';
import { startManaged } from './postgres/managed.ts';
import { type Durations, phases } from './postgres/phases.ts';
import { startSteered } from './postgres/steered.ts';

const { values: options } = parseArgs({
  allowPositionals: true,
  options: {
    crashes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '4' },
    /** Keeps the servers' data in memory, where waiting for the disk costs nothing. */
    memory: { type: 'boolean', default: false },
    /** Without managers: what the servers take by themselves. */
    steered: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
interface Round {
  /** From the crash to the first write that was acknowledged and had begun after it. */
  readonly gapMs: number;
  readonly acknowledged: number;
  readonly lost: number;
  /** Where the time went. */
  readonly phasesMs: Durations | undefined;
}

const runMs = 500;

/** Clients write numbers, one after another each, and remember which were acknowledged, and when. */
class Load {
  readonly #group: BenchGroup;
  readonly acknowledged = new Set<number>();
  #next = 1;
  #isOn = true;
  #firstAfter: { readonly sinceMs: number; readonly resolve: (atMs: number) => void } | undefined;
  readonly #ends: readonly Promise<void>[];

  constructor(group: BenchGroup, clients: number) {
    this.#group = group;
    this.#ends = Array.from({ length: clients }, () => this.#write());
  }

  /** When the first write is acknowledged that begins after now. */
  firstAcknowledged(): Promise<number> {
    return new Promise((resolve) => {
      this.#firstAfter = { sinceMs: performance.now(), resolve };
    });
  }

  async end(): Promise<void> {
    this.#isOn = false;
    await Promise.all(this.#ends);
  }

  async #write(): Promise<void> {
    const client = this.#group.connect();
    while (this.#isOn) {
      const value = this.#next;
      this.#next += 1;
      const begunMs = performance.now();
      if (!(await client.write(value))) continue;
      this.acknowledged.add(value);
      const waiting = this.#firstAfter;
      if (waiting === undefined || begunMs < waiting.sinceMs) continue;
      this.#firstAfter = undefined;
      waiting.resolve(performance.now());
    }
    client.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function measure(group: BenchGroup, rounds: number, clients: number): Promise<readonly Round[]> {
  const measured: Round[] = [];
  const load = new Load(group, clients);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      await pause(runMs);
      const before = load.acknowledged.size;
      const crashedMs = performance.now();
      const crashed = group.crashPrimary();
      const again = load.firstAcknowledged();
      await crashed;
      const writtenMs = await again;
      const gapMs = writtenMs - crashedMs;
      group.phases?.hear({ what: 'written', atMs: performance.timeOrigin + writtenMs });
      const acknowledged = [...load.acknowledged];
      const held = await group.contents();
      const lost = acknowledged.filter((value) => !held.has(value)).length;
      measured.push({ gapMs, acknowledged: acknowledged.length - before, lost, phasesMs: group.phases?.durations() });
      await group.recover();
    }
  } finally {
    await load.end();
  }
  return measured;
}

/** How long each phase took, at the median and at worst. */
function printPhases(all: readonly Durations[]): void {
  if (all.length === 0) return;
  console.log();
  printTable(
    ['until', 'median ms', 'most'],
    phases.map((phase) => {
      const taken = all.map((durations) => durations[phase]);
      return [phase, median(taken), Math.max(...taken)];
    }),
  );
}

async function main(): Promise<void> {
  const group = await (options.steered ? startSteered : startManaged)(options.memory);
  try {
    const rounds = await measure(group, Number(options.crashes), Number(options.clients));
    const gaps = rounds.map(({ gapMs }) => gapMs);
    const lost = rounds.reduce((sum, each) => sum + each.lost, 0);
    if (options.json) {
      console.log(JSON.stringify({ about: group.about, clients: Number(options.clients), rounds, lost }));
    } else {
      console.log(group.about);
      printTable(
        ['crashes', 'median ms', 'least', 'most', 'acknowledged', 'lost'],
        [
          [
            String(rounds.length),
            ...[median(gaps), Math.min(...gaps), Math.max(...gaps)],
            rounds.reduce((sum, each) => sum + each.acknowledged, 0),
            lost,
          ],
        ],
      );
      printPhases(rounds.flatMap(({ phasesMs }) => phasesMs ?? []));
    }
    if (lost > 0) process.exitCode = 1;
  } finally {
    await group.close();
  }
}

await main();
