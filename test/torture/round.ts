/** One round of torture: load and faults for a while, then everything is looked for, and the history is judged. */

import { expect } from 'vitest';
import type { Clock } from '../../src/environment/clock.ts';
import type { Randomness } from '../../src/environment/random.ts';
import { createHistoryRecorder, type History, type HistoryRecorder } from '../../src/history.ts';
import type { Client } from '../../src/services/store/client.ts';
import type { ProcessCluster } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { type FaultCounts, type FaultsOptions, strike } from './faults.ts';
import { doubtOf, type Heard, noteVersion, nothingHeard, withoutLosses, wrongLosses } from './losses.ts';
import { atRest, contentsOfAll, differences, judge, keep, longestSilence } from './verdict.ts';
import { type Created, createdKeys, valueIn, work } from './workload.ts';

const clients = 5;
const processesPerClient = 4;
const sharedKeys = 24;
const patienceMs = 60_000;

export interface RoundOptions {
  readonly cluster: ProcessCluster;
  readonly clock: Clock;
  /** The streams of the round. */
  readonly randomness: Randomness;
  /** Names the round's keys and streams. */
  readonly name: string;
  readonly roundMs: number;
  readonly counts: FaultCounts;
  /** Entries that a failover may lose; undefined where nothing may be lost. */
  readonly maxLoss: number | undefined;
  /** Makes names and values that nobody else uses. */
  readonly unique: () => string;
  /** What else is done meanwhile, until `isOver`; all is well again when it resolves. */
  readonly disturb?: (parts: Pick<FaultsOptions, 'recorder' | 'random'>, isOver: () => boolean) => Promise<void>;
}

/** Of writes, in a round or in all. */
export interface Totals {
  readonly writes: number;
  readonly created: number;
  readonly unknown: number;
  readonly refused: number;
  readonly lost: number;
}

export const noWrites: Totals = { writes: 0, created: 0, unknown: 0, refused: 0, lost: 0 };

export const sumOf = (one: Totals, other: Totals): Totals => ({
  writes: one.writes + other.writes,
  created: one.created + other.created,
  unknown: one.unknown + other.unknown,
  refused: one.refused + other.refused,
  lost: one.lost + other.lost,
});

/** What is known of a round as it goes on. */
interface Round {
  readonly recorder: HistoryRecorder;
  readonly created: Created;
  readonly heard: Heard;
  readonly keys: readonly string[];
}

/** @throws for what a store may not do; the history is kept then, and it is said where */
export async function runRound(options: RoundOptions): Promise<Totals> {
  const { cluster, clock, maxLoss, name } = options;
  const round: Round = {
    recorder: createHistoryRecorder({ clock }),
    created: createdKeys(),
    heard: nothingHeard(),
    keys: Array.from({ length: sharedKeys }, (_, index) => `round-${name}-${index}`),
  };
  const { created, heard, keys, recorder } = round;
  const connected = await connectAll(cluster);
  try {
    await storm(options, round, connected);
    await allAnswer(cluster);
    await cluster.leader();
    await readAfterwards(round, connected[0]);
    await atRest(cluster);
    const contents = await contentsOfAll(cluster, created, keys);
    expect(differences(contents, created, maxLoss !== undefined).slice(0, 20)).toEqual([]);
    expect(new Set(heard.acknowledged).size).toBe(heard.acknowledged.length);
    const [held = new Map()] = contents.values();
    const isDoubtful = doubtOf([...held.values()].map(({ version }) => version));
    const gone = [...created.acknowledged].flatMap(([key, version]) => (held.has(key) ? [] : [version]));
    // Of what one entry acknowledges, each process has one write at most.
    expect(wrongLosses(gone, isDoubtful, (maxLoss ?? 0) * clients * processesPerClient)).toEqual([]);
    report(
      name,
      round,
      clock,
      maxLoss === undefined ? undefined : (history) => withoutLosses(history, heard, isDoubtful),
    );
    // Room for the next round: a store has a limit.
    await removeAll(connected[0], [...keys, ...created.acknowledged.keys(), ...created.unknown]);
    return {
      writes: heard.acknowledged.length,
      created: created.acknowledged.size,
      unknown: created.unknown.size,
      refused: created.refused.size,
      lost: gone.length,
    };
  } catch (error) {
    console.log(`torture: the history and its picture are in ${keep(recorder, clock)}`);
    throw error;
  } finally {
    await Promise.all(connected.map((client) => client.close()));
  }
}

/** To spares as well, which may be nodes soon. */
const connectAll = (cluster: ProcessCluster): Promise<readonly Client[]> =>
  Promise.all(
    Array.from({ length: clients }, () => cluster.connect([...cluster.nodes, ...cluster.spares], patienceMs)),
  );

/** Waits until all nodes answer again. */
const allAnswer = (cluster: ProcessCluster): Promise<boolean> =>
  until(
    'all nodes to answer',
    async () => {
      cluster.revive();
      await Promise.all(cluster.nodes.map((node) => node.status()));
      return true;
    },
    2 * patienceMs,
  );

/** Load and faults, until the round's time is over. */
async function storm(options: RoundOptions, round: Round, connected: readonly Client[]): Promise<void> {
  const { cluster, clock, counts, name, randomness, roundMs, unique } = options;
  const { recorder } = round;
  const endMs = clock.nowMs() + roundMs;
  let isBroken = false;
  const isOver = (): boolean => isBroken || clock.nowMs() >= endMs;
  const workers = connected.flatMap((client, index) =>
    Array.from({ length: processesPerClient }, (_, worker) => {
      const process = `c${index}.${worker}`;
      const random = randomness.stream(`${name}/${process}`);
      return work({ ...round, client, process, clock, random, unique }, isOver);
    }),
  );
  const faults = strike({ cluster, recorder, clock, random: randomness.stream(`${name}/faults`) }, isOver, counts);
  const others = options.disturb?.({ recorder, random: randomness.stream(`${name}/others`) }, isOver);
  // All of them, also when one has failed: nobody may start a node when the cluster is gone.
  const ends = await Promise.allSettled(
    [faults, others, ...workers].map((part) =>
      part?.catch((error: unknown) => {
        isBroken = true;
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Reads after the storm: whatever was acknowledged must explain them. */
async function readAfterwards({ heard, keys, recorder }: Round, client: Client | undefined): Promise<void> {
  for (const key of keys) {
    const call = recorder.invoke('reader', { f: 'get', key });
    const found = await client?.get(key, { deadlineMs: patienceMs });
    const value = found === undefined ? null : valueIn(found.value);
    if (found !== undefined && value !== null) noteVersion(heard, value, found.version);
    call.ok(value);
  }
}

function report(name: string, { recorder }: Round, clock: Clock, view?: (history: History) => History): void {
  const { result, report } = judge(recorder, clock, view);
  console.log(`torture: round ${name}: ${report.trimEnd().split('\n').join('; ')}`);
  const { ms, fromMs } = longestSilence(recorder);
  console.log(`torture: nobody was answered for ${Math.round(ms)} ms from +${(fromMs / 1_000).toFixed(1)} s on`);
  expect(result.verdict, report).toBe('linearizable');
}

async function removeAll(client: Client | undefined, keys: readonly string[]): Promise<void> {
  const batch = 1_000;
  for (let from = 0; from < keys.length; from += batch) {
    await Promise.all(keys.slice(from, from + batch).map((key) => client?.delete(key, { deadlineMs: patienceMs })));
  }
}
