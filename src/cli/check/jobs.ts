/**
 * Checks as jobs: each explores one model, which keeps a processor busy from beginning to end, so several run in threads
 * of their own. This module is also what those threads run.
 */

import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { type CheckResult, renderProgress, renderResult, stepText } from '../../checker.ts';
import { checkFeed, counterexampleOf } from '../../dashboard/check-feed.ts';
import { formatRecording, recordingOf } from '../../dashboard/recording.ts';
import { systemClock } from '../../environment/clock.ts';
import type { KnownTruth, Protocol } from '../../proof/protocol.ts';
import { protocols } from '../../proof/protocols.ts';
import type { Terminal } from '../terminal.ts';
import { receptions, toldReceptions } from './receptions.ts';

/** One check. */
export interface Job {
  /** The name of the protocol. */
  readonly protocol: string;
  readonly bounds: object;
  /** The name of a twin to check instead; the bounds by which it is found out are then the defaults. */
  readonly broken?: string;
  readonly maxSeconds?: number;
  readonly maxStates?: number;
  /** What must be found, and nothing else. */
  readonly knownTruth?: KnownTruth;
  /** Whether a counterexample is recorded, for the dashboard. */
  readonly records?: boolean;
}

/** `unknown`: a limit ended the check before anything was found. */
export type Verdict = 'ok' | 'violated' | 'unknown';

/** How often a check says how it is doing, in milliseconds. */
const progressIntervalMs = 5_000;

const property = v.object({
  name: v.string(),
  kind: v.picklist(['always', 'sometimes', 'refines', 'eventually']),
  verdict: v.picklist(['holds', 'reached', 'violated', 'unreached', 'inconclusive']),
  /** Why a verdict is inconclusive. */
  because: v.optional(v.picklist(['stopped', 'cut', 'withheld'])),
  /** The steps of the shortest counterexample, or how many lead to a goal. */
  counterexample: v.optional(v.array(v.string())),
  steps: v.optional(v.number()),
});
const report = v.object({
  system: v.string(),
  verdict: v.picklist(['ok', 'violated', 'unknown']),
  knownTruth: v.optional(v.string()),
  complete: v.boolean(),
  stoppedBy: v.optional(v.picklist(['violation', 'states', 'seconds'])),
  states: v.number(),
  transitions: v.number(),
  depth: v.number(),
  pruned: v.number(),
  seconds: v.number(),
  properties: v.array(property),
});
/** What a check came to, as data for scripts. */
export type CheckReport = v.InferOutput<typeof report>;

const done = v.object({
  type: v.literal('done'),
  text: v.string(),
  report,
  receptions,
  /** The counterexample, as a file; only where it was asked for, and there is one. */
  recording: v.exactOptional(v.string()),
});
/** What a check came to, in words and as data. */
export type Done = v.InferOutput<typeof done>;
const said = v.variant('type', [v.object({ type: v.literal('progress'), line: v.string() }), done]);

/**
 * Runs `jobs`, at most `atATime` of them at once.
 *
 * @param onDone called for each as it ends
 * @returns what they came to, in the order of the jobs
 */
export async function runJobs(
  jobs: readonly Job[],
  atATime: number,
  terminal: Terminal,
  onDone: (result: Done, place: number) => void,
): Promise<readonly Done[]> {
  const waiting = [...jobs.entries()];
  const results: Done[] = [];
  const progressOf = (place: number, line: string): void =>
    terminal.err(jobs.length === 1 ? line : `[${place + 1}/${jobs.length}] ${line}`);
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, job] = next;
      const result = await inThread(job, (line) => progressOf(place, line));
      results[place] = result;
      onDone(result, place);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, jobs.length, availableParallelism()) }, work));
  return results;
}

/** The worst of several verdicts. */
export function verdictOf(results: readonly Done[]): Verdict {
  const verdicts = results.map((it) => it.report.verdict);
  return (['violated', 'unknown'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'ok';
}

/** What several checks came to together, on one line. */
export function totalOf(results: readonly Done[], seconds: number): string {
  const sum = (of: (report: CheckReport) => number): string =>
    results.reduce((all, it) => all + of(it.report), 0).toLocaleString('en');
  const states = sum((it) => it.states);
  return `${results.length} checks, ${states} states, ${sum((it) => it.transitions)} transitions, ${seconds.toFixed(0)} s`;
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
export function runJob(
  { protocol, bounds, broken, knownTruth, records = false, ...limits }: Job,
  progress: (line: string) => void,
  among: readonly Protocol[] = protocols,
): Done {
  const found = among.find(({ name }) => name === protocol);
  if (found === undefined) throw new Error(`there is no protocol '${protocol}'`);
  const how = {
    ...limits,
    tellsCharts: records,
    clock: systemClock(),
    progressIntervalMs,
    onProgress: (now: Parameters<typeof renderProgress>[0]) => progress(renderProgress(now)),
  };
  const result = found.check(bounds, how, broken);
  const verdict = judged(result, knownTruth);
  const truth = knownTruth === undefined ? undefined : truthText(knownTruth, verdict);
  const text = renderResult(result, { diagrams: true });
  const counterexample = records ? counterexampleOf(result) : undefined;
  return {
    type: 'done',
    text: truth === undefined ? text : `${truth}\n${text}`,
    report: reportOf(result, verdict, truth),
    receptions: toldReceptions(result.receptions),
    ...(counterexample === undefined
      ? {}
      : { recording: formatRecording(recordingOf(checkFeed(result.model, counterexample))) }),
  };
}

function reportOf(result: CheckResult, verdict: Verdict, truth: string | undefined): CheckReport {
  const { model, complete, stoppedBy, states, transitions, depth, pruned, seconds, properties } = result;
  return {
    system: model,
    verdict,
    ...(truth === undefined ? {} : { knownTruth: truth }),
    complete,
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
    states,
    transitions,
    depth,
    pruned,
    seconds,
    properties: properties.map(({ name, kind, verdict: judgement, because, trace }) => ({
      name,
      kind,
      verdict: judgement,
      ...(because === undefined ? {} : { because }),
      ...(trace === undefined ? {} : { steps: trace.steps.length }),
      ...(trace === undefined || judgement !== 'violated' ? {} : { counterexample: trace.steps.map(stepText) }),
    })),
  };
}

/** What is known not to hold is as it should be when it was found violated, and nothing else was. */
function judged({ properties }: CheckResult, knownTruth: KnownTruth | undefined): Verdict {
  const others = properties.filter(({ name }) => name !== knownTruth?.violates).map(({ verdict }) => verdict);
  if (others.some((verdict) => verdict === 'violated' || verdict === 'unreached')) return 'violated';
  if (others.includes('inconclusive')) return 'unknown';
  if (knownTruth === undefined) return 'ok';
  const known = properties.find(({ name }) => name === knownTruth.violates)?.verdict;
  if (known === 'inconclusive') return 'unknown';
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
