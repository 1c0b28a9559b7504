/**
 * Checks as jobs: each explores one model, which keeps a processor busy from beginning to end, so several run in threads
 * of their own. This module is also what those threads run.
 */

import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { type CheckResult, renderProgress, renderResult } from '../../checker.ts';
import { systemClock } from '../../environment/clock.ts';
import type { Terminal } from '../terminal.ts';
import { checkSystem, type System } from './systems.ts';

/** A property that is known not to hold of a system: whoever does not find that has not looked. */
export interface KnownTruth {
  readonly violates: string;
  /** The truth, as a clause. */
  readonly because: string;
}

/** One check. */
export interface Job {
  readonly system: System;
  readonly maxSeconds?: number;
  readonly maxStates?: number;
  /** What must be found, and nothing else. */
  readonly knownTruth?: KnownTruth;
}

/** `unknown`: a limit ended the check before anything was found. */
export type Verdict = 'ok' | 'violated' | 'unknown';

/** How often a check says how it is doing, in milliseconds. */
const progressIntervalMs = 5_000;

const done = v.object({
  type: v.literal('done'),
  text: v.string(),
  verdict: v.picklist(['ok', 'violated', 'unknown']),
  states: v.number(),
  transitions: v.number(),
});
type Done = v.InferOutput<typeof done>;
const said = v.variant('type', [v.object({ type: v.literal('progress'), line: v.string() }), done]);

/** Runs `jobs`, at most `atATime` of them at once, and tells how they do and what they find. */
export async function runJobs(jobs: readonly Job[], atATime: number, terminal: Terminal): Promise<Verdict> {
  const clock = systemClock();
  const startedMs = clock.nowMs();
  const waiting = [...jobs.entries()];
  const results: Done[] = [];
  const progressOf = (place: number, line: string): void =>
    terminal.err(jobs.length === 1 ? line : `[${place + 1}/${jobs.length}] ${line}`);
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, job] = next;
      const result = await inThread(job, (line) => progressOf(place, line));
      results.push(result);
      terminal.out(`${result.text}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, jobs.length, availableParallelism()) }, work));
  const sum = (of: (result: Done) => number): string =>
    results.reduce((all, it) => all + of(it), 0).toLocaleString('en');
  const seconds = ((clock.nowMs() - startedMs) / 1_000).toFixed(0);
  if (jobs.length > 1) {
    const states = sum(({ states }) => states);
    terminal.out(
      `${jobs.length} checks, ${states} states, ${sum(({ transitions }) => transitions)} transitions, ${seconds} s`,
    );
  }
  const verdicts = results.map(({ verdict }) => verdict);
  return (['violated', 'unknown'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'ok';
}

/** Checks `job` in a thread of its own. Rejects with what the checker throws, or when the thread dies. */
function inThread(job: Job, progress: (line: string) => void): Promise<Done> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(import.meta.filename, { workerData: { quorateCheck: job } });
    worker.on('message', (message: unknown) => {
      const parsed = v.parse(said, message);
      if (parsed.type === 'progress') progress(parsed.line);
      else resolve(parsed);
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the thread of a check ended with code ${code} before it was done`)),
    );
  });
}

/** Checks `job` here and now. */
export function runJob({ system, knownTruth, ...limits }: Job, progress: (line: string) => void): Done {
  const result = checkSystem(system, {
    ...limits,
    progressIntervalMs,
    onProgress: (now) => progress(renderProgress(now)),
  });
  const { states, transitions } = result;
  const verdict = verdictOf(result, knownTruth);
  const text = renderResult(result, { diagrams: true });
  return {
    type: 'done',
    text: knownTruth === undefined ? text : `${truthText(knownTruth, verdict)}\n${text}`,
    verdict,
    states,
    transitions,
  };
}

/** What is known not to hold is as it should be when it was found violated, and nothing else was. */
function verdictOf({ properties }: CheckResult, knownTruth: KnownTruth | undefined): Verdict {
  const others = properties.filter(({ name }) => name !== knownTruth?.violates).map(({ verdict }) => verdict);
  if (others.some((verdict) => verdict === 'violated' || verdict === 'unreached')) return 'violated';
  if (others.includes('unknown')) return 'unknown';
  if (knownTruth === undefined) return 'ok';
  const known = properties.find(({ name }) => name === knownTruth.violates)?.verdict;
  if (known === 'unknown') return 'unknown';
  return known === 'violated' ? 'ok' : 'violated';
}

function truthText({ violates, because }: KnownTruth, verdict: Verdict): string {
  const found = { ok: 'found', violated: 'NOT FOUND, or not alone', unknown: 'not looked for to the end' }[verdict];
  return `Known: ${because}. A counterexample to '${violates}' must be found, and nothing else: ${found}.`;
}

/** What a thread was started with, if it was started here. The options were read by the command already. */
const isJob = (value: unknown): value is { readonly quorateCheck: Job } =>
  typeof value === 'object' && value !== null && 'quorateCheck' in value;

if (!isMainThread && isJob(workerData)) {
  parentPort?.postMessage(
    runJob(workerData.quorateCheck, (line) => parentPort?.postMessage({ type: 'progress', line })),
  );
}
