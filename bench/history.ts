/** How fast histories are judged: real ones, ones with a wrong read, and hard ones. Prints a table. */

import { systemClock } from '../src/environment/clock.ts';
import { checkHistory } from '../src/history/check.ts';
import type { HistoryEvent } from '../src/history/event.ts';
import { modelNamed } from '../src/history/models.ts';
import { readHistory } from '../src/history/reader.ts';
import {
  compareAndSets,
  readsAndWrites,
  simulate,
  storeCalls,
  type Workload,
  withWrongRead,
} from '../test/history/support/workload.ts';

interface Subject {
  readonly name: string;
  readonly model: string;
  readonly workload: Omit<Workload, 'seed'>;
  readonly wrong?: true;
}

const usual = { operations: 2_000, processes: 50, keys: 10 };
const subjects: readonly Subject[] = [
  { name: '10 keys', model: 'register', workload: { ...usual, call: readsAndWrites } },
  { name: '10 keys, wrong read', model: 'register', workload: { ...usual, call: readsAndWrites }, wrong: true },
  { name: '10 keys', model: 'cas-register', workload: { ...usual, call: compareAndSets } },
  { name: '10 keys', model: 'kv', workload: { ...usual, call: storeCalls } },
  { name: '10 keys, wrong read', model: 'kv', workload: { ...usual, call: storeCalls }, wrong: true },
  { name: '10 keys, 5 % unknown', model: 'kv', workload: { ...usual, call: storeCalls, unknown: 0.05 } },
  {
    name: '10 keys, 5 % unknown, wrong read',
    model: 'register',
    workload: { ...usual, call: readsAndWrites, unknown: 0.05 },
    wrong: true,
  },
  {
    name: '1 key, 10 at a time',
    model: 'register',
    workload: { ...usual, processes: 10, keys: 1, call: readsAndWrites },
  },
  {
    name: '1 key, 10 at a time, wrong read',
    model: 'register',
    workload: { ...usual, processes: 10, keys: 1, call: readsAndWrites },
    wrong: true,
  },
  {
    name: '1 key, 10 at a time, 5 % unknown',
    model: 'cas-register',
    workload: { ...usual, processes: 10, keys: 1, call: compareAndSets, unknown: 0.05 },
  },
  {
    name: '1 key, 20 at a time',
    model: 'register',
    workload: { ...usual, processes: 20, keys: 1, call: readsAndWrites },
  },
  {
    name: '1 key, 50 at a time',
    model: 'cas-register',
    workload: { ...usual, processes: 50, keys: 1, call: compareAndSets },
  },
  {
    name: '1,000 keys',
    model: 'kv',
    workload: { operations: 100_000, processes: 50, keys: 1_000, call: storeCalls, unknown: 0.01 },
  },
];

const clock = systemClock();
const seeds = [1, 2, 3];
const rows = subjects.map(({ name, model: modelName, workload, wrong }) => {
  const model = modelNamed(modelName);
  let readMs = 0;
  let checkMs = 0;
  let worstMs = 0;
  let configurations = 0;
  let peakBytes = 0;
  const verdicts = new Map<string, number>();
  for (const seed of seeds) {
    const real = simulate(model, { ...workload, seed });
    const events: readonly HistoryEvent[] = wrong ? withWrongRead(real, seed) : real;
    const lines = events.map((event) => JSON.stringify(event));
    const startMs = clock.nowMs();
    const history = readHistory(lines, model);
    readMs += clock.nowMs() - startMs;
    const result = checkHistory(history, model, { clock, budgetMs: 20_000 });
    checkMs += result.elapsedMs;
    worstMs = Math.max(worstMs, result.elapsedMs);
    configurations += result.objects.reduce((sum, object) => sum + object.configurations, 0);
    peakBytes = Math.max(peakBytes, result.peakBytes);
    verdicts.set(result.verdict, (verdicts.get(result.verdict) ?? 0) + 1);
  }
  return {
    model: modelName,
    history: `${workload.operations.toLocaleString('en')} operations, ${name}`,
    'read ms': Math.round(readMs / seeds.length),
    'check ms': Math.round(checkMs / seeds.length),
    'worst ms': Math.round(worstMs),
    configurations: Math.round(configurations / seeds.length),
    'peak MiB': Number((peakBytes / 2 ** 20).toFixed(1)),
    verdict: [...verdicts].map(([verdict, count]) => `${verdict} ${count}`).join(', '),
  };
});
console.table(rows);
