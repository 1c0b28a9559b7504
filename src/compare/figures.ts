/** What runs come to, in figures: of one run first, and then of all runs of a method with the same fault, or with none. */

import type { ConsistencyName, ConsistencyVerdict } from '../history.ts';
import { byConsistency, type Judgement } from './consistency.ts';
import type { Method } from './contract.ts';
import { type PlannedFault, times } from './faults.ts';
import type { Noted } from './run.ts';
import type { Seen } from './witness.ts';
import { busy, lone } from './workload.ts';

/** A figure, or why there is none. */
export type Figure = number | { readonly notApplicable: string };

/** Times in milliseconds, of the transfers that succeeded. */
export interface Latency {
  readonly samples: number;
  readonly p50: Figure;
  readonly p99: Figure;
  readonly p999: Figure;
}

/** Of transfers: how many were asked for, and how they ended for their clients. */
export interface Ends {
  readonly asked: number;
  readonly succeeded: number;
  /** They did not happen, and never will. */
  readonly failed: number;
  /** Their clients do not know. */
  readonly unknown: number;
}

/** In how many runs. */
export type Verdicts = Readonly<Record<ConsistencyVerdict, number>>;

/** By each consistency model. */
export type Consistency = Readonly<Record<ConsistencyName, Verdicts>>;

/** What transfers that were acknowledged, or not, came to. */
export interface Integrity {
  readonly acknowledged: number;
  /** Of those, not among what was carried out in the end; all of a run that left no copy of some part of the data. */
  readonly lost: number;
  /** Of those, in runs in whose end copies were left of all, and no way to read them. */
  readonly unreadable: number;
  /** Carried out more than once. */
  readonly repeated: number;
}

/** Middle and worst of several runs. */
export interface Spread {
  readonly median: number;
  readonly worst: number;
}

export interface CalmFigures {
  readonly runs: number;
  readonly latencyMs: Latency;
  readonly ends: Ends;
  readonly messagesPerCommit: Figure;
  readonly flushesPerCommit: Figure;
  readonly idleMessagesPerSecond: Figure;
  readonly throughputPerSecond: Figure;
  readonly consistency: Consistency;
  readonly integrity: Integrity;
}

export interface FaultFigures {
  readonly runs: number;
  readonly latencyMs: Latency;
  readonly ends: Ends;
  /**
   * From the beginning of the fault until a transfer had succeeded that began after it. A run in which none did takes longer than
   * any other, so that the median is of all runs; not applicable where it, or the worst, is of such a run.
   */
  readonly recoveryMs: { readonly median: Figure; readonly worst: Figure } | { readonly notApplicable: string };
  readonly recovered: number;
  /** How long nothing was committed, in pauses longer than `pauseMs`, until the end of the workload. */
  readonly unavailableMs: Spread;
  /** Transactions of all runs that stood prepared for longer than a second. */
  readonly blocked: Figure;
  readonly consistency: Consistency;
  readonly integrity: Integrity;
}

/** Between two commits less time passes while all is well. */
export const pauseMs = 250;

/** A quantile is told of no fewer. */
const leastSamples = { p50: 1, p99: 100, p999: 1_000 } as const;
const shareOf = { p50: 0.5, p99: 0.99, p999: 0.999 } as const;

/** To a thousandth, so that figures read well. */
export const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

const transfersOf = (seen: readonly Seen[]): readonly Seen[] => seen.filter(({ transfer }) => transfer !== undefined);
const isOk = ({ end }: Seen): boolean => end?.type === 'ok';
const durationsOf = (seen: readonly Seen[]): readonly number[] =>
  seen.filter(isOk).flatMap(({ begunMs, endedMs }) => (endedMs === undefined ? [] : [endedMs - begunMs]));

/** The quantiles of `durationsMs`, by the nearest rank. */
export function latencyOf(durationsMs: readonly number[]): Latency {
  const sorted = durationsMs.toSorted((one, other) => one - other);
  const quantile = (name: keyof typeof shareOf): Figure => {
    const least = leastSamples[name];
    if (sorted.length === 0) return { notApplicable: 'no transfer succeeded' };
    if (sorted.length < least) {
      return { notApplicable: `expected ${least} transfers or more, got ${sorted.length}; raise --runs` };
    }
    return rounded(sorted[Math.ceil(shareOf[name] * sorted.length) - 1] ?? 0);
  };
  return { samples: sorted.length, p50: quantile('p50'), p99: quantile('p99'), p999: quantile('p999') };
}

const sum = (values: readonly number[]): number => values.reduce((all, it) => all + it, 0);

const endsOf = (seen: readonly Seen[]): Ends => ({
  asked: seen.length,
  succeeded: seen.filter(isOk).length,
  failed: seen.filter(({ end }) => end?.type === 'failed').length,
  unknown: seen.filter(({ end }) => end === undefined || end.type === 'unknown').length,
});

/** The middle one, the lower of two, and the greatest. @param values one or more */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  return { median: rounded(sorted[Math.floor((sorted.length - 1) / 2)] ?? 0), worst: rounded(sorted.at(-1) ?? 0) };
}

function consistencyOf(judgements: readonly Judgement[]): Consistency {
  const verdictsBy = (name: ConsistencyName): Verdicts => {
    const count = (wanted: ConsistencyVerdict): number => judgements.filter((it) => it[name] === wanted).length;
    return { satisfied: count('satisfied'), violation: count('violation'), undecided: count('undecided') };
  };
  return byConsistency(verdictsBy);
}

function integrityOf(runs: readonly Noted[]): Integrity {
  const each = runs.map(({ seen, carriedOut, isGone }): Integrity => {
    const acknowledged = transfersOf(seen).filter(isOk);
    const all = acknowledged.length;
    if (carriedOut === undefined) {
      return { acknowledged: all, lost: isGone ? all : 0, unreadable: isGone ? 0 : all, repeated: 0 };
    }
    const names = new Set(carriedOut);
    const lost = acknowledged.filter(({ transfer }) => !names.has(transfer?.id ?? '')).length;
    return { acknowledged: all, lost, unreadable: 0, repeated: carriedOut.length - names.size };
  });
  const total = (name: keyof Integrity): number => sum(each.map((it) => it[name]));
  return {
    acknowledged: total('acknowledged'),
    lost: total('lost'),
    unreadable: total('unreadable'),
    repeated: total('repeated'),
  };
}

/** One seed without a fault: the workload, transfers alone, and clients that never rest. */
export interface CalmRuns {
  readonly steady: Noted;
  readonly judgement: Judgement;
  /** Undefined where nothing is counted of what transfers cost. */
  readonly lone: Noted | undefined;
  readonly busy: Noted;
}

/** Per second, in the second before the workload begins. */
const idleRate = (tally: Noted['messages']): number =>
  (tally.between(times.idleFromMs, times.workFromMs) * 1_000) / (times.workFromMs - times.idleFromMs);

/** What transfers alone cost beyond what goes on without them, each. */
function costPerCommit(runs: readonly Noted[], tallyOf: (noted: Noted) => Noted['messages']): Figure {
  const untilMs = lone.untilMs + lone.tailMs;
  const seconds = (untilMs - times.workFromMs) / 1_000;
  const commits = sum(runs.map(({ seen }) => seen.filter(isOk).length));
  if (commits === 0) return { notApplicable: 'nothing was committed' };
  const costs = runs.map((noted) => {
    const tally = tallyOf(noted);
    return tally.between(times.workFromMs, untilMs) - idleRate(tally) * seconds;
  });
  return rounded(sum(costs) / commits);
}

function throughputOf(runs: readonly CalmRuns[]): number {
  const windowMs = busy.untilMs - times.workFromMs;
  const commits = runs.map(
    (it) => it.busy.seen.filter((seen) => isOk(seen) && (seen.endedMs ?? 0) < busy.untilMs).length,
  );
  return rounded((sum(commits) * 1_000) / (windowMs * runs.length));
}

/** The figures of all seeds of a method without faults. @param lacks why figures are not to be had, by their names */
export function calmFigures(runs: readonly CalmRuns[], lacks: Method['lacks']): CalmFigures {
  const alone = runs.flatMap((it) => it.lone ?? []);
  const counted = (name: 'messages' | 'flushes', figure: () => Figure): Figure => {
    const notApplicable = lacks[name];
    return notApplicable === undefined ? figure() : { notApplicable };
  };
  return {
    runs: runs.length,
    latencyMs: latencyOf(runs.flatMap(({ steady }) => durationsOf(transfersOf(steady.seen)))),
    ends: endsOf(runs.flatMap(({ steady }) => transfersOf(steady.seen))),
    messagesPerCommit: counted('messages', () => costPerCommit(alone, ({ messages }) => messages)),
    flushesPerCommit: counted('flushes', () => costPerCommit(alone, ({ flushes }) => flushes)),
    idleMessagesPerSecond: counted('messages', () =>
      rounded(sum(alone.map(({ messages }) => idleRate(messages))) / alone.length),
    ),
    throughputPerSecond: throughputOf(runs),
    consistency: consistencyOf(runs.map(({ judgement }) => judgement)),
    integrity: integrityOf(runs.map(({ steady }) => steady)),
  };
}

/** One seed with a fault. */
export interface FaultyRun {
  readonly fault: Pick<PlannedFault, 'victim' | 'atMs'>;
  readonly noted: Noted;
  readonly judgement: Judgement;
}

/** What clients saw that are not beside the machine that the fault befell, from its beginning on. */
const sawIt = ({ fault, noted }: FaultyRun): readonly Seen[] =>
  transfersOf(noted.seen).filter(({ node, begunMs }) => node !== fault.victim && begunMs >= fault.atMs);

const succeededAtMs = (run: FaultyRun): readonly number[] =>
  sawIt(run)
    .filter(isOk)
    .map(({ endedMs }) => endedMs ?? 0)
    .sort((one, other) => one - other);

function unavailableMsIn(run: FaultyRun): number {
  const moments = [run.fault.atMs, ...succeededAtMs(run).filter((atMs) => atMs < times.workUntilMs), times.workUntilMs];
  return sum(moments.map((atMs, index) => atMs - (moments[index - 1] ?? atMs)).filter((ms) => ms > pauseMs));
}

/** The times that transfers took of clients elsewhere, once the fault had begun. */
export const durationsIn = (run: FaultyRun): readonly number[] => durationsOf(sawIt(run));

/** The times until a transfer succeeded again; those runs take longest in which none did. */
function recoveryOf(runs: readonly FaultyRun[]): Pick<FaultFigures, 'recoveryMs' | 'recovered'> {
  const eachMs = runs.map((run) => (succeededAtMs(run)[0] ?? Number.POSITIVE_INFINITY) - run.fault.atMs);
  const recovered = eachMs.filter(Number.isFinite).length;
  const { median, worst } = spreadOf(eachMs);
  const never = { notApplicable: 'nothing was committed any more within a run' };
  const figure = (ms: number): Figure => (Number.isFinite(ms) ? ms : never);
  return { recoveryMs: recovered === 0 ? never : { median: figure(median), worst: figure(worst) }, recovered };
}

/** The figures of all seeds of a method with one kind of fault. @param blockedLack why none is ever blocked, if so */
export function faultFigures(runs: readonly FaultyRun[], blockedLack: string | undefined): FaultFigures {
  return {
    runs: runs.length,
    latencyMs: latencyOf(runs.flatMap(durationsIn)),
    ends: endsOf(runs.flatMap(sawIt)),
    ...recoveryOf(runs),
    unavailableMs: spreadOf(runs.map(unavailableMsIn)),
    blocked:
      blockedLack === undefined ? sum(runs.map(({ noted }) => noted.blocked ?? 0)) : { notApplicable: blockedLack },
    consistency: consistencyOf(runs.map(({ judgement }) => judgement)),
    integrity: integrityOf(runs.map(({ noted }) => noted)),
  };
}
