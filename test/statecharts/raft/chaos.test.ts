import { expect, test } from 'vitest';
import { ChaosCluster, noTally, type Tally } from '../replication/chaos-cluster.ts';
import { raftKit } from './witness.ts';

/** More of them, or others: `RAFT_SCHEDULES=5000 RAFT_FIRST_SEED=1000 npx vitest run test/statecharts/raft/chaos.test.ts`. */
const schedules = Number(process.env.RAFT_SCHEDULES ?? 60);
const firstSeed = Number(process.env.RAFT_FIRST_SEED ?? 1);

/** @throws Error that names the seed of a schedule in which a promise was broken */
function totalOf(size: number): Tally {
  const total = { ...noTally };
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
    const cluster = new ChaosCluster(raftKit, seed, size);
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

test.each([1, 2, 3, 5])(
  '%i servers keep every promise of Raft under loss, delay, repetition, crashes and partitions',
  (size) => {
    const total = totalOf(size);
    if (process.env.RAFT_SCHEDULES !== undefined) console.log(size, total);
    for (const key of Object.keys(total) as (keyof Tally)[]) {
      // A schedule in which none of this happens shows nothing. A server alone has nobody to contradict it.
      if (key !== 'gaveWay' || size > 2) expect(total[key], key).toBeGreaterThan(schedules / 10);
    }
  },
  600_000,
);
