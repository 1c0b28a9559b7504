/**
 * What the journal costs on this machine's disk: durable appends of 300 bytes, one by one and many waiting together,
 * against the plainest baseline, a file to which 300 bytes are written and synced. The cases take turns, so that a
 * disk that changes its mind changes it for all.
 *
 * Usage: `node dist/bench/journal.js [directory]`
 */

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemEnvironment } from '../src/environment/environment.ts';
import { openFileJournal } from '../src/journal/file-journal.ts';
import type { Journal } from '../src/journal/journal.ts';
import { median, quantile } from './table.ts';

const rounds = 9;
const roundMs = 400;
const payload = new Uint8Array(270).map((_, index) => index);

/** One way to make 300 bytes durable. */
interface Case {
  readonly name: string;
  /** Runs one after the other in `lanes` lanes until `isOver`, and reports how long each took. */
  run(isOver: () => boolean, onDone: (tookMs: number) => void): Promise<void>;
}

const baseline = (directory: string): Case => {
  const file = fs.openSync(path.join(directory, 'baseline'), 'w');
  const bytes = Buffer.alloc(300, 7);
  let offset = 0;
  const write = (): Promise<void> =>
    new Promise((resolve, reject) => {
      fs.write(file, bytes, 0, bytes.length, offset, (failed) => {
        if (failed !== null) reject(failed);
        else fs.fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
      });
      offset += bytes.length;
    });
  return {
    name: 'baseline: write 300 bytes, fdatasync',
    async run(isOver, onDone) {
      while (!isOver()) {
        const startMs = performance.now();
        await write();
        onDone(performance.now() - startMs);
      }
    },
  };
};

const journalCase = (name: string, journal: Journal, lanes: number): Case => ({
  name: `${name}, ${lanes} waiting`,
  run: (isOver, onDone) =>
    new Promise((resolve, reject) => {
      let running = lanes;
      let appended = 0;
      const append = (lane: number): void => {
        const startMs = performance.now();
        appended += 1;
        const record = { type: 'entry', payload };
        // As a protocol would, now and then the lane begins anew.
        const entry = { actor: `n1/bench.actor/${lane}` as const, version: 1, record };
        const replaces = appended % 1000 < lanes ? { replaces: 'checkpoint' as const } : {};
        journal.append([{ ...entry, ...replaces }], (error) => {
          if (error !== undefined) return reject(error);
          onDone(performance.now() - startMs);
          if (!isOver()) append(lane);
          else if (--running === 0) resolve();
        });
      };
      for (let lane = 0; lane < lanes; lane += 1) append(lane);
    }),
});

async function main(): Promise<void> {
  const directory = fs.mkdtempSync(path.join(process.argv[2] ?? os.tmpdir(), 'quorate-bench-'));
  const environment = systemEnvironment();
  const open = (writes: 'threadpool' | 'blocking'): Promise<Journal> =>
    openFileJournal({ directory: path.join(directory, writes), node: 'n1', ...environment, writes });
  const journals = [await open('threadpool'), await open('blocking')] as const;
  const cases: readonly Case[] = [
    baseline(directory),
    ...[1, 64, 256].flatMap((lanes) => [
      journalCase('journal, thread pool', journals[0], lanes),
      journalCase('journal, blocking', journals[1], lanes),
    ]),
  ];
  const rates = cases.map((): number[] => []);
  const latencies = cases.map((): number[] => []);
  const cpus = cases.map(() => ({ ms: 0, count: 0 }));
  try {
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, it] of cases.entries()) {
        let count = 0;
        const startMs = performance.now();
        const cpu = process.cpuUsage();
        const times: number[] = [];
        await it.run(
          () => performance.now() - startMs >= roundMs,
          (tookMs) => {
            count += 1;
            times.push(tookMs);
          },
        );
        // The first round warms up.
        if (round < 0) continue;
        const { user, system } = process.cpuUsage(cpu);
        rates[index]?.push((count / (performance.now() - startMs)) * 1000);
        latencies[index]?.push(...times);
        const total = cpus[index];
        if (total !== undefined) {
          total.ms += (user + system) / 1000;
          total.count += count;
        }
      }
    }
    await Promise.all(journals.map((journal) => journal.close()));
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
  const base = median(rates[0] ?? []);
  console.table(
    cases.map(({ name }, index) => {
      const rate = median(rates[index] ?? []);
      const each = latencies[index] ?? [];
      const cpu = cpus[index] ?? { ms: 0, count: 0 };
      return {
        case: name,
        'per second (median)': Math.round(rate),
        'x baseline': (rate / base).toFixed(2),
        'p50 ms': quantile(each, 0.5).toFixed(2),
        'p99 ms': quantile(each, 0.99).toFixed(2),
        'CPU us each': ((cpu.ms * 1000) / cpu.count).toFixed(1),
      };
    }),
  );
}

await main();
