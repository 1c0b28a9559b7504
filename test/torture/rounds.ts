/** Rounds of torture, one after the other, until the time is over and enough has happened. */

import { expect } from 'vitest';
import { type Clock, systemClock } from '../../src/environment/clock.ts';
import { type Randomness, seededRandomness, systemRandomness } from '../../src/environment/random.ts';
import type { ProcessCluster } from '../fixtures/processes.ts';
import type { FaultCounts } from './faults.ts';
import { noWrites, type RoundOptions, runRound, sumOf } from './round.ts';

export const clock: Clock = systemClock();
export const seconds = Number(process.env.TORTURE_SECONDS ?? 30);
const seed = Number(process.env.TORTURE_SEED ?? Math.floor(systemRandomness().stream('seed').next() * 2 ** 31));
/** A round has a history of its own, short enough to be judged in seconds. */
const roundSeconds = 30;
/** A run in which less has happened shows nothing: it goes on until this much has, or fails once it is late by so much. */
const leastFaults = 3;
const lateMs = 300_000;
/** Rounds of one that is late are short, so that it ends soon after it has shown enough. */
const lateRoundMs = 10_000;

export interface TortureOptions extends Pick<RoundOptions, 'disturb'> {
  readonly cluster: ProcessCluster;
  /** What is tortured, in words. */
  readonly what: string;
  /** Entries that a failover may lose; undefined where nothing may be lost. */
  readonly maxLoss?: number | undefined;
  /** Writes that must be acknowledged. Default 500. */
  readonly writes?: number;
  /** What must happen, besides writes, kills and pauses, and has not yet. */
  readonly missing?: () => readonly string[];
}

/** @throws for what a store may not do, and when too little has happened */
export async function torture({
  cluster,
  what,
  maxLoss,
  disturb,
  writes = 500,
  ...options
}: TortureOptions): Promise<void> {
  const randomness: Randomness = seededRandomness(seed);
  console.log(`torture: ${what}: seed ${seed} (TORTURE_SEED), ${seconds} s (TORTURE_SECONDS)`);
  await cluster.leader();
  const counts: FaultCounts = { kill: 0, pause: 0, 'kill-leader': 0, 'pause-leader': 0, 'kill-all': 0 };
  let totals = noWrites;
  let uniques = 0;
  const unique = (): string => {
    uniques += 1;
    return `v${uniques}`;
  };
  const endMs = clock.nowMs() + seconds * 1_000;
  const faults = (): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
  const missing = (): readonly string[] => [
    ...(totals.writes < writes ? [`${writes - totals.writes} writes`] : []),
    ...(faults() < leastFaults ? [`${leastFaults - faults()} faults`] : []),
    ...(options.missing?.() ?? []),
  ];

  for (let round = 1; clock.nowMs() < endMs || (missing().length > 0 && clock.nowMs() < endMs + lateMs); round += 1) {
    const leftMs = endMs - clock.nowMs();
    const roundMs = leftMs > 0 ? Math.min(roundSeconds * 1_000, leftMs) : lateRoundMs;
    const name = String(round);
    const parts = { cluster, clock, randomness, name, roundMs, counts, unique, maxLoss };
    totals = sumOf(totals, await runRound({ ...parts, ...(disturb === undefined ? {} : { disturb }) }));
  }

  console.log(`torture: faults ${JSON.stringify(counts)}`);
  console.log(
    `torture: ${totals.writes} writes acknowledged, ${totals.created} of them new keys, ${totals.lost} of which were lost, each other one found once on all nodes; ` +
      `of new keys ${totals.unknown} of unknown outcome, ${totals.refused} refused`,
  );
  expect(missing(), 'this run shows too little: what must happen and did not').toEqual([]);
}
