import { expect, onTestFinished, test } from 'vitest';
import { modeIn } from '../../src/cli/durability.ts';
import { logProtocolIn } from '../../src/cli/options.ts';
import { systemClock } from '../../src/environment/clock.ts';
import { seededRandomness, systemRandomness } from '../../src/environment/random.ts';
import type { Replication } from '../../src/services/store/log/protocol-names.ts';
import { modes } from '../../statecharts/replication/modes.ts';
import { startCluster } from '../fixtures/processes.ts';
import type { FaultCounts } from './faults.ts';
import { noWrites, runRound, sumOf } from './round.ts';

const clock = systemClock();
const seconds = Number(process.env.TORTURE_SECONDS ?? 30);
const seed = Number(process.env.TORTURE_SEED ?? Math.floor(systemRandomness().stream('seed').next() * 2 ** 31));
const protocol = logProtocolIn(process.env.TORTURE_PROTOCOL ?? 'raft');
/** A round has a history of its own, short enough to be judged in seconds. */
const roundSeconds = 30;
/** A run in which less has happened shows nothing: it goes on until this much has, or fails once it is late by so much. */
const goals = { writes: 500, faults: 3 } as const;
const lateMs = 180_000;
/** Small, so that a store that loses more is found out. */
const maxLoss = 3;

/** How the store replicates: by each mode that there is, unless one is named. */
function replications(): readonly Replication[] {
  if (protocol !== 'primary-backup') return [{ protocol }];
  const named = process.env.TORTURE_MODE;
  const wanted = named === undefined ? modes : [modeIn(named)];
  return wanted.map((mode) => ({ protocol, mode, ...(mode === 'async' ? { maxLoss } : {}) }));
}

const cases = replications().map((replication) => ({
  replication,
  what: [replication.protocol, replication.mode].filter((it) => it !== undefined).join(', '),
}));

test.each(cases)(
  `three processes that replicate by $what, under kill -9 and SIGSTOP for ${seconds} s, lose no more than they may`,
  async ({ replication, what }) => {
    const randomness = seededRandomness(seed);
    console.log(`torture: ${what}: seed ${seed} (TORTURE_SEED), ${seconds} s (TORTURE_SECONDS)`);
    const cluster = await startCluster(3, replication);
    onTestFinished(() => cluster.close());
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
    const hasShown = (): boolean => totals.writes >= goals.writes && faults() >= goals.faults;

    for (let round = 1; clock.nowMs() < endMs || (!hasShown() && clock.nowMs() < endMs + lateMs); round += 1) {
      const leftMs = endMs - clock.nowMs();
      const roundMs = Math.min(roundSeconds * 1_000, leftMs > 0 ? leftMs : roundSeconds * 1_000);
      const name = String(round);
      const parts = { cluster, clock, randomness, name, roundMs, counts, unique, maxLoss: replication.maxLoss };
      totals = sumOf(totals, await runRound(parts));
    }

    console.log(`torture: faults ${JSON.stringify(counts)}`);
    console.log(
      `torture: ${totals.writes} writes acknowledged, ${totals.created} of them new keys, ${totals.lost} of which were lost, each other one found once on all nodes; ` +
        `of new keys ${totals.unknown} of unknown outcome, ${totals.refused} refused`,
    );
    expect({ hasShown: hasShown(), writes: totals.writes, faults: faults() }).toMatchObject({ hasShown: true });
  },
);
