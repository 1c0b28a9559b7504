/**
 * Isolation levels by what they forbid, after Adya's thesis (1999): read committed is PL-2, serializability PL-3. Snapshot isolation is
 * judged without asking when the database began and committed what: a history satisfies it exactly when each cycle of
 * dependencies has two anti-dependencies next to each other (Cerone & Gotsman, "Analysing snapshot isolation", 2018, theorem 9).
 */

import type { CycleRule } from './cycles.ts';
import type { Dependency } from './graph.ts';

/** The names of the levels, the strongest first: each implies those after it. */
export const isolationNames = ['strict-serializable', 'serializable', 'snapshot-isolation', 'read-committed'] as const;

/** The name of an isolation level. */
export type IsolationName = (typeof isolationNames)[number];

/** What an isolation level forbids. */
export interface IsolationLevel {
  readonly name: IsolationName;
  /** In one sentence. */
  readonly statement: string;
  readonly source: string;
}

/** All of them. */
export const isolationLevels: Readonly<Record<IsolationName, IsolationLevel>> = {
  'strict-serializable': {
    name: 'strict-serializable',
    statement: 'no cycle of dependencies and of what began after what had ended',
    source: 'Papadimitriou 1979; Herlihy & Wing 1990',
  },
  serializable: {
    name: 'serializable',
    statement: 'no G1, and no cycle of dependencies (G2)',
    source: 'Adya 1999, PL-3',
  },
  'snapshot-isolation': {
    name: 'snapshot-isolation',
    statement: 'no G1, and no cycle in which no two anti-dependencies stand next to each other (G-SI)',
    source: 'Adya 1999, PL-SI; Cerone & Gotsman 2018',
  },
  'read-committed': {
    name: 'read-committed',
    statement: 'no G1: nothing read of aborted transactions, nothing intermediate, and no cycle of writes and reads',
    source: 'Adya 1999, PL-2',
  },
};

/** Which cycles each forbids. */
export const cycleRules: Readonly<Record<IsolationName, CycleRule>> = {
  'strict-serializable': { kinds: ['ww', 'wr', 'rw', 'rt'], adjacentAntiDependencies: true },
  serializable: { kinds: ['ww', 'wr', 'rw'], adjacentAntiDependencies: true },
  'snapshot-isolation': { kinds: ['ww', 'wr', 'rw'], adjacentAntiDependencies: false },
  'read-committed': { kinds: ['ww', 'wr'], adjacentAntiDependencies: true },
};

/** The phenomena that are found. */
export type AnomalyName =
  /** A write cycle. */
  | 'G0'
  /** A read of what an aborted transaction wrote. */
  | 'G1a'
  /** A read of what a transaction wrote and replaced itself. */
  | 'G1b'
  /** A cycle of information flow: of writes and reads. */
  | 'G1c'
  /** A cycle with one anti-dependency, such as a lost update: what G-SI forbids. */
  | 'G-single'
  /** A cycle with several, none next to another: what G-SI forbids. */
  | 'G-nonadjacent'
  /** A cycle with anti-dependencies next to each other, such as write skew. */
  | 'G2'
  /** A cycle that is one by real time alone. */
  | 'real-time'
  /** A read that does not show what its own transaction wrote. */
  | 'internal'
  /** A read of what no transaction wrote. */
  | 'unwritten'
  /** Two reads of a list, neither of which begins with the other. */
  | 'incompatible-order';

/** What a cycle is called. */
export function anomalyOf(cycle: readonly Dependency[]): AnomalyName {
  if (cycle.some(({ kind }) => kind === 'rt')) return 'real-time';
  const anti = cycle.map(({ kind }) => kind === 'rw');
  const count = anti.filter(Boolean).length;
  if (count === 0) return cycle.every(({ kind }) => kind === 'ww') ? 'G0' : 'G1c';
  if (count === 1) return 'G-single';
  return anti.some((isAnti, at) => isAnti && anti[(at + 1) % anti.length] === true) ? 'G2' : 'G-nonadjacent';
}
