/** The consistency models that histories are judged by: what each says, where it is defined, and which it implies. */

import { checkHistory } from '../check.ts';
import { historyOf } from '../operation.ts';
import { judgeCausal } from './causal.ts';
import { judgeEventual } from './eventual.ts';
import type { Judge } from './finding.ts';
import { judgePram } from './pram.ts';
import { judgeSequential } from './sequential.ts';
import { judgeMonotonicReads, judgeMonotonicWrites, judgeReadYourWrites, judgeWritesFollowReads } from './sessions.ts';

/** The names of the consistency models, none before one that implies it. */
export const consistencyNames = [
  'linearizable',
  'sequential',
  'causal',
  'pram',
  'writes-follow-reads',
  'monotonic-writes',
  'monotonic-reads',
  'read-your-writes',
  'eventual',
] as const;

/** The name of a consistency model. */
export type ConsistencyName = (typeof consistencyNames)[number];

/** What a consistency model says. */
export interface ConsistencyModel {
  readonly name: ConsistencyName;
  /** What a history must be like, in one sentence. */
  readonly statement: string;
  /** Where it is defined. */
  readonly source: string;
  /** The next weaker ones: what satisfies this satisfies them. */
  readonly implies: readonly ConsistencyName[];
}

/** All of them. */
export const consistencyModels: Readonly<Record<ConsistencyName, ConsistencyModel>> = {
  linearizable: {
    name: 'linearizable',
    statement: 'all operations have one order that keeps to time, and each reads what was written last in it',
    source: 'Herlihy & Wing 1990',
    implies: ['sequential', 'eventual'],
  },
  sequential: {
    name: 'sequential',
    statement: 'all operations have one order that keeps to the order of each process',
    source: 'Lamport 1979',
    implies: ['causal'],
  },
  causal: {
    name: 'causal',
    statement:
      'each process sees its own operations and all writes in an order that keeps to what may have caused what',
    source: 'Ahamad, Neiger, Burns, Kohli & Hutto 1995 (causal memory)',
    implies: ['pram', 'writes-follow-reads'],
  },
  pram: {
    name: 'pram',
    statement:
      'each process sees its own operations and all writes in an order that keeps to the order of each process',
    source: 'Lipton & Sandberg 1988',
    implies: ['monotonic-writes', 'read-your-writes'],
  },
  'writes-follow-reads': {
    name: 'writes-follow-reads',
    statement: 'a process that reads a write sees what its writer had read before it',
    source: 'Terry et al. 1994',
    implies: ['monotonic-reads'],
  },
  'monotonic-writes': {
    name: 'monotonic-writes',
    statement: 'a process sees the writes of each process in their order',
    source: 'Terry et al. 1994',
    implies: ['monotonic-reads'],
  },
  'monotonic-reads': {
    name: 'monotonic-reads',
    statement: 'what a process has read it never sees undone',
    source: 'Terry et al. 1994',
    implies: [],
  },
  'read-your-writes': {
    name: 'read-your-writes',
    statement: 'what a process has written it sees',
    source: 'Terry et al. 1994',
    implies: [],
  },
  eventual: {
    name: 'eventual',
    statement: 'when no writes come any more, all read one value in the end',
    source: 'Terry et al. 1995; Vogels 2009',
    implies: [],
  },
};

const judgeLinearizable: Judge = (operations, model, effort) => {
  const { verdict, objects, violation } = checkHistory(historyOf(operations), model, effort.rest);
  effort.spend(objects.reduce((steps, object) => steps + object.steps, 0));
  if (verdict === 'linearizable') return { verdict: 'satisfied' };
  if (verdict === 'violation') return { verdict, process: violation?.stuckAt?.process };
  const reasons = objects.flatMap(({ unfinished }) => unfinished ?? []).filter((it) => it !== 'settled-elsewhere');
  return { verdict: 'undecided', reason: reasons[0] ?? 'steps' };
};

/** What judges by each. */
export const judges: Readonly<Record<ConsistencyName, Judge>> = {
  linearizable: judgeLinearizable,
  sequential: judgeSequential,
  causal: judgeCausal,
  pram: judgePram,
  'writes-follow-reads': judgeWritesFollowReads,
  'monotonic-writes': judgeMonotonicWrites,
  'monotonic-reads': judgeMonotonicReads,
  'read-your-writes': judgeReadYourWrites,
  eventual: judgeEventual,
};

/** All that a model implies, itself left out. */
export function impliedBy(name: ConsistencyName): Set<ConsistencyName> {
  const implied = new Set<ConsistencyName>(consistencyModels[name].implies);
  for (const weaker of implied) for (const next of consistencyModels[weaker].implies) implied.add(next);
  return implied;
}
