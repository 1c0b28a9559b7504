/**
 * What a store that writes asynchronously may have lost, as its clients can tell. A write's version says in which epoch it was
 * made, and in which order; so what a failover took back of an epoch are its last writes, after all that is still there.
 */

import type { History, Operation } from '../../src/history.ts';

/** Each epoch of a store that may lose something passes over so many versions (docs/primary-backup.md). */
const versionsOfEpoch = 2 ** 28;
const epochOf = (version: number): number => Math.floor(version / versionsOfEpoch);

/** What clients have heard of versions. */
export interface Heard {
  /** Versions that were acknowledged, of all keys; none may come twice. */
  readonly acknowledged: number[];
  /** Under which versions a value was acknowledged, or read. Of values that differ from write to write. */
  readonly versionsOf: Map<string, Set<number>>;
}

export const nothingHeard = (): Heard => ({ acknowledged: [], versionsOf: new Map() });

export function noteVersion({ versionsOf }: Heard, value: string, version: number): void {
  const known = versionsOf.get(value) ?? new Set();
  versionsOf.set(value, known.add(version));
}

/** Tells, by what is there in the end, whether the write of a version may have been lost. */
export type Doubt = (version: number) => boolean;

/** @param kept the versions that are there in the end */
export function doubtOf(kept: Iterable<number>): Doubt {
  const lastOf = new Map<number, number>();
  for (const version of kept) lastOf.set(epochOf(version), Math.max(version, lastOf.get(epochOf(version)) ?? 0));
  return (version) => version > (lastOf.get(epochOf(version)) ?? 0);
}

/**
 * What is wrong with the writes that were acknowledged and are gone: one that stands before others of its epoch that are there,
 * or more of an epoch than may be lost.
 *
 * @param gone versions of acknowledged writes that are not there in the end
 * @param mostWrites of one epoch
 */
export function wrongLosses(gone: readonly number[], isDoubtful: Doubt, mostWrites: number): readonly string[] {
  const wrong = gone
    .filter((version) => !isDoubtful(version))
    .map((version) => `version ${version} was acknowledged and is gone, and a later one of its epoch is there`);
  for (const epoch of new Set(gone.map(epochOf))) {
    const count = gone.filter((version) => epochOf(version) === epoch).length;
    if (count > mostWrites) wrong.push(`${count} writes of epoch ${epoch} are gone, and at most ${mostWrites} may be`);
  }
  return wrong;
}

/**
 * The history but for what may be lost, which must be linearizable as any other: such a write may or may not have happened, and
 * who has read it has seen what is gone. What was compared and found different may have been compared with that.
 */
export function withoutLosses(history: History, { versionsOf }: Heard, isDoubtful: Doubt): History {
  const isLost = (value: unknown): boolean =>
    typeof value === 'string' && [...(versionsOf.get(value) ?? [])].some(isDoubtful);
  const left = (operation: Operation): Operation => {
    const { f, outcome, result, value } = operation;
    if (outcome !== 'ok') return operation;
    if (f === 'get') return isLost(result) ? { ...operation, outcome: 'failed', result: undefined } : operation;
    if (f === 'cas' && result !== true) return { ...operation, outcome: 'failed', result: undefined };
    const written: unknown = Array.isArray(value) ? value[1] : value;
    return isLost(written) ? { ...operation, outcome: 'unknown', result: undefined } : operation;
  };
  return { ...history, operations: history.operations.map(left) };
}
