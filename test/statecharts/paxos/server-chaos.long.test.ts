import { expect, test } from 'vitest';
import { ChaosCluster, noTally, type Tally } from '../replication/chaos-cluster.ts';
import { paxosKit } from './witness.ts';

/** More of them, or others: `PAXOS_SCHEDULES=5000 PAXOS_FIRST_SEED=1000 npx vitest run test/statecharts/paxos/server-chaos.long.test.ts`. */
const schedules = Number(process.env.PAXOS_SCHEDULES ?? 30);
const firstSeed = Number(process.env.PAXOS_FIRST_SEED ?? 1);

/** @throws Error that names the seed of a schedule in which a promise was broken */
function totalOf(size: number, phase1Size: number, phase2Size: number): Tally {
  const total = { ...noTally };
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
    const cluster = new ChaosCluster(paxosKit({ phase1Size, phase2Size }), seed, size);
    try {
      cluster.chaos(1_500);
      cluster.heal();
    } catch (error) {
      throw new Error(`seed ${seed} of ${size} servers: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
    for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += cluster.tally[key];
  }
  return total;
}

test.each([
  [1, 1, 1],
  [2, 2, 2],
  [2, 2, 1],
  [3, 2, 2],
  [5, 3, 3],
  [5, 4, 2],
])(
  '%i servers with quorums of %i and %i keep every promise of Paxos under loss, delay, repetition, crashes and partitions',
  (size, phase1Size, phase2Size) => {
    const total = totalOf(size, phase1Size, phase2Size);
    if (process.env.PAXOS_SCHEDULES !== undefined) console.log(size, total);
    for (const key of Object.keys(total) as (keyof Tally)[]) {
      // A schedule in which none of this happens shows nothing. Where all must promise, no value gives way to another.
      if (key !== 'gaveWay' || size > 2) expect(total[key], key).toBeGreaterThan(schedules / 10);
    }
  },
  600_000,
);
