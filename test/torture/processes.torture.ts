import { afterAll, beforeAll, expect, test } from 'vitest';
import { logProtocolIn } from '../../src/cli/options.ts';
import { systemClock } from '../../src/environment/clock.ts';
import { seededRandomness, systemRandomness } from '../../src/environment/random.ts';
import { createHistoryRecorder } from '../../src/history.ts';
import type { Client } from '../../src/services/store/client.ts';
import { connect } from '../../src/services/store/tcp-client.ts';
import { type ProcessCluster, startCluster } from '../fixtures/processes.ts';
import { type FaultCounts, strike } from './faults.ts';
import { atRest, differences, judge, keep, longestSilence } from './verdict.ts';
import { createdKeys, work } from './workload.ts';

const clock = systemClock();
const seconds = Number(process.env.TORTURE_SECONDS ?? 30);
const seed = Number(process.env.TORTURE_SEED ?? Math.floor(systemRandomness().stream('seed').next() * 2 ** 31));
const protocol = logProtocolIn(process.env.TORTURE_PROTOCOL ?? 'raft');
/** A round has a history of its own, short enough to be judged in seconds. */
const roundSeconds = 30;
const clients = 5;
const processesPerClient = 4;
const sharedKeys = 24;

let cluster: ProcessCluster;
beforeAll(async () => {
  cluster = await startCluster(3, protocol);
});
afterAll(() => cluster.close());

test(`three processes that replicate by ${protocol}, under kill -9 and SIGSTOP lose nothing, for ${seconds} s`, async () => {
  const randomness = seededRandomness(seed);
  console.log(`torture: seed ${seed} (TORTURE_SEED), ${seconds} s (TORTURE_SECONDS)`);
  await cluster.leader();
  const counts: FaultCounts = { kill: 0, pause: 0, 'kill-leader': 0, 'pause-leader': 0, 'kill-all': 0 };
  const totals = { writes: 0, created: 0, unknown: 0, refused: 0 };
  let uniques = 0;
  const unique = (): string => {
    uniques += 1;
    return `v${uniques}`;
  };
  const beginMs = clock.nowMs();

  for (let round = 1; clock.nowMs() - beginMs < seconds * 1_000; round += 1) {
    const recorder = createHistoryRecorder({ clock });
    const created = createdKeys();
    const versions: number[] = [];
    const keys = Array.from({ length: sharedKeys }, (_, index) => `round-${round}-${index}`);
    const roundMs = Math.min(roundSeconds * 1_000, seconds * 1_000 - (clock.nowMs() - beginMs));
    const endMs = clock.nowMs() + roundMs;
    let isBroken = false;
    const isOver = (): boolean => isBroken || clock.nowMs() >= endMs;
    const untilOver = (part: Promise<void>): Promise<void> =>
      part.catch((error: unknown) => {
        isBroken = true;
        throw error;
      });
    const connected = await Promise.all(
      Array.from({ length: clients }, () =>
        connect(
          cluster.nodes.map(({ tcp }) => tcp),
          { connectMs: 30_000 },
        ),
      ),
    );
    const workers = connected.flatMap((client, index) =>
      Array.from({ length: processesPerClient }, (_, worker) => {
        const process = `c${index}.${worker}`;
        const random = randomness.stream(`${round}/${process}`);
        return work({ client, process, recorder, created, versions, clock, random, keys, unique }, isOver);
      }),
    );
    try {
      // All of them, also when one has failed: nobody may start a node when the cluster is gone.
      const ends = await Promise.allSettled(
        [
          strike({ cluster, recorder, clock, random: randomness.stream(`${round}/faults`) }, isOver, counts),
          ...workers,
        ].map(untilOver),
      );
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      await cluster.leader();
      // Reads after the storm: whatever was acknowledged must explain them.
      for (const key of keys) {
        const call = recorder.invoke('reader', { f: 'get', key });
        const found = await connected[0]?.get(key, { deadlineMs: 20_000 });
        call.ok(found === undefined ? null : new TextDecoder().decode(found.value).split(' ', 1)[0]);
      }
      await atRest(cluster);
      expect((await differences(cluster, created, keys)).slice(0, 20)).toEqual([]);
      expect(new Set(versions).size).toBe(versions.length);
      const { result, report } = judge(recorder, clock);
      console.log(`torture: round ${round}: ${report.trimEnd().split('\n').join('; ')}`);
      const { ms, fromMs } = longestSilence(recorder);
      console.log(`torture: nobody was answered for ${Math.round(ms)} ms from +${(fromMs / 1_000).toFixed(1)} s on`);
      expect(result.verdict, report).toBe('linearizable');
      totals.writes += versions.length;
      totals.created += created.acknowledged.size;
      totals.unknown += created.unknown.size;
      totals.refused += created.refused.size;
      // Room for the next round: a store has a limit.
      await removeAll(connected[0], [...keys, ...created.acknowledged.keys(), ...created.unknown]);
    } catch (error) {
      console.log(`torture: seed ${seed}: the history and its picture are in ${keep(recorder, clock)}`);
      throw error;
    } finally {
      await Promise.all(connected.map((client) => client.close()));
    }
  }

  console.log(`torture: faults ${JSON.stringify(counts)}`);
  console.log(
    `torture: ${totals.writes} writes acknowledged, ${totals.created} of them new keys, each found once on all nodes; ` +
      `of new keys ${totals.unknown} of unknown outcome, ${totals.refused} refused`,
  );
  // A run in which nothing happened shows nothing.
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(seconds / 10);
  expect(totals.writes).toBeGreaterThan(seconds * 20);
});

async function removeAll(client: Client | undefined, keys: readonly string[]): Promise<void> {
  const batch = 1_000;
  for (let from = 0; from < keys.length; from += batch) {
    await Promise.all(keys.slice(from, from + batch).map((key) => client?.delete(key, { deadlineMs: 20_000 })));
  }
}
