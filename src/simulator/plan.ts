/**
 * Plans: draws a schedule from a seed. Faults are drawn "swarm" fashion (Groce et al., Swarm Testing, 2012): each run has
 * none of some kinds and plenty of others, because faults of all kinds at once hide what one kind alone would show.
 */

import { majoritySize } from '../../statecharts/quorum.ts';
import { chance, integerBelow, pick, type Random, type Randomness, seededRandomness } from '../environment/random.ts';
import { drawPartialPartition, type Interval } from './partial-partitions.ts';
import type { AnyScenario, Application } from './scenario.ts';
import { type Fate, type Fault, type FaultKind, nodeIds, type PlannedOperation, type Schedule } from './schedule.ts';
import { shuffled } from './shuffled.ts';

/** What is drawn from. */
export interface PlanOptions {
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: number;
  /** The kinds of faults that may occur. */
  readonly faults: readonly FaultKind[];
  readonly faultyMs: number;
  readonly recoveryMs: number;
  readonly operations: readonly PlannedOperation[];
  /** Servers outside of the nodes. Default none. */
  readonly servers?: readonly string[];
  /** Which nodes are healed. Default `quorum`. */
  readonly heals?: 'quorum' | 'quorum-alone' | 'all';
}

/**
 * Every kind of fault that comes of itself; `wipe` happens only to a protocol that claims to survive it. `rollback`, which
 * takes an operator, is asked for by name. `loss` and `delay` of one link are ordered by hand: what is drawn of the
 * network is in the fates of envelopes.
 */
export const allFaults: readonly FaultKind[] = [
  'partition',
  'one-way',
  'isolate',
  'partial-partition',
  'clog',
  'crash',
  'pause',
  'slow-disk',
  'stalled-disk',
  'failing-disk',
  'full-disk',
  'drift',
  'wipe',
  'outage',
  'flaky',
];

/** The kinds that befall servers outside of the nodes. */
const serverFaults: readonly FaultKind[] = ['outage', 'flaky'];

/** A clock may be this much too fast or too slow: a stated bound, far beyond what real ones do. */
export const driftBound = 0.05;

/** What a run's network does to single envelopes. */
export interface NetworkMood {
  readonly lossProbability: number;
  readonly repetitionProbability: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** The probability that an envelope takes up to `stragglerMs` instead. */
  readonly stragglerProbability: number;
  readonly stragglerMs: number;
}

const calm: NetworkMood = {
  lossProbability: 0,
  repetitionProbability: 0,
  minDelayMs: 0.2,
  maxDelayMs: 1,
  stragglerProbability: 0,
  stragglerMs: 0,
};

/** What is drawn of a scenario. */
export interface SeedOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Those that the protocol does not claim to survive are left out. */
  readonly faults: readonly FaultKind[];
  /** How long faults may happen, in virtual milliseconds. Default 10,000. */
  readonly faultyMs?: number;
  /** How long a healed quorum may take to make progress. Default 20,000. */
  readonly recoveryMs?: number;
}

/** Draws the schedule of a seed for a scenario: what clients do, and what goes wrong. */
export function planSeed(scenario: AnyScenario<Application>, options: SeedOptions): Schedule {
  const { seed, nodes, faultyMs = 10_000, recoveryMs = 20_000 } = options;
  const randomness = seededRandomness(seed);
  return planRun(
    {
      scenario: scenario.name,
      seed,
      nodes,
      faults: options.faults.filter((kind) => {
        if (kind === 'wipe') return scenario.survivesWipe === true;
        return kind !== 'rollback' || scenario.survivesRollback === true;
      }),
      faultyMs,
      recoveryMs,
      operations: scenario.plan(nodeIds(nodes), faultyMs, randomness.stream('workload')),
      servers: 'serverNames' in scenario ? scenario.serverNames : [],
      heals: scenario.heals ?? 'quorum',
    },
    randomness,
  );
}

/** Draws the schedule of a seed, but for the fates of envelopes, which the run draws with `fateOf`. */
export function planRun(options: PlanOptions, randomness: Randomness): Schedule {
  const { scenario, seed, nodes, faultyMs, recoveryMs, operations, servers = [], heals = 'quorum' } = options;
  const random = randomness.stream('faults');
  const ids = nodeIds(nodes);
  // What cannot happen draws nothing, so that a seed does not mean another schedule for every kind that is added.
  const kinds = options.faults.filter((kind) => servers.length > 0 || !serverFaults.includes(kind));
  const drawn = drawFaults(
    kinds.filter((kind) => kind !== 'partial-partition'),
    random,
    (kind) => [drawFault(kind, ids, servers, faultyMs, random)],
  );
  // From a stream of their own, for the same reason.
  const linkRandom = randomness.stream('faults/links');
  const partial = drawFaults(
    kinds.filter((kind) => kind === 'partial-partition'),
    linkRandom,
    () => drawPartialPartition(ids, drawInterval(faultyMs, linkRandom), linkRandom),
  );
  return {
    version: 1,
    scenario,
    seed,
    nodes,
    faultyMs,
    recoveryMs,
    quorum: shuffled(ids, random)
      .slice(0, heals === 'all' ? nodes : majoritySize(nodes))
      .sort(),
    faults: [...drawn, ...partial].sort((a, b) => a.atMs - b.atMs),
    operations,
    links: {},
    delayMs: calm.minDelayMs,
  };
}

/** Draws how the network behaves in a run. */
export function drawMood(random: Random): NetworkMood {
  const some = (probability: number, most: number): number => (chance(random, probability) ? random.next() * most : 0);
  return {
    lossProbability: some(0.4, 0.2),
    repetitionProbability: some(0.3, 0.2),
    minDelayMs: calm.minDelayMs,
    maxDelayMs: calm.maxDelayMs + some(0.4, 50),
    stragglerProbability: some(0.3, 0.1),
    stragglerMs: 50 + random.next() * 1_000,
  };
}

/** The mood of a network without faults. */
export const calmMood = calm;

/** Draws what becomes of one envelope. */
export function drawFate(mood: NetworkMood, random: Random): Fate {
  if (chance(random, mood.lossProbability)) return [];
  const delay = (): number => {
    const most = chance(random, mood.stragglerProbability) ? mood.stragglerMs : mood.maxDelayMs;
    return Math.round((mood.minDelayMs + (most - mood.minDelayMs) * random.next()) * 1_000) / 1_000;
  };
  return chance(random, mood.repetitionProbability) ? [delay(), delay()] : [delay()];
}

/** Draws how often each of `kinds` occurs in a run, if at all, and then the faults. */
function drawFaults<Kind extends FaultKind>(
  kinds: readonly Kind[],
  random: Random,
  draw: (kind: Kind) => readonly Fault[],
): readonly Fault[] {
  const intensities = kinds.map((kind) => [kind, chance(random, 0.4) ? 1 + integerBelow(random, 4) : 0] as const);
  return intensities.flatMap(([kind, count]) => Array.from({ length: count }, () => draw(kind)).flat());
}

function drawInterval(faultyMs: number, random: Random): Interval {
  const atMs = Math.round(random.next() * faultyMs);
  const lengthMs = Math.round(chance(random, 0.3) ? random.next() * 200 : random.next() * (faultyMs / 4));
  return { atMs, untilMs: Math.min(atMs + lengthMs, faultyMs) };
}

function drawFault(
  kind: Exclude<FaultKind, 'partial-partition'>,
  ids: readonly string[],
  servers: readonly string[],
  faultyMs: number,
  random: Random,
): Fault {
  const times = drawInterval(faultyMs, random);
  const { atMs, untilMs } = times;
  const [node = '', other = ''] = shuffled(ids, random);
  switch (kind) {
    case 'partition': {
      const mixed = shuffled(ids, random);
      const at = 1 + integerBelow(random, Math.max(1, ids.length - 1));
      return { kind, ...times, groups: [mixed.slice(0, at).sort(), mixed.slice(at).sort()] };
    }
    case 'one-way':
    case 'clog':
      return { kind, ...times, from: node, to: other };
    case 'loss':
      return { kind, ...times, from: node, to: other, probability: random.next() };
    case 'delay':
      return { kind, ...times, from: node, to: other, delayMs: Math.round(random.next() * 1_000) };
    case 'slow-disk':
      return { kind, ...times, node, factor: 2 + Math.round(random.next() * 50) };
    case 'drift':
      return { kind, ...times, node, rate: 1 + (random.next() * 2 - 1) * driftBound };
    case 'rollback':
      // One machine of a run: where a majority has forgotten what it promised, no protocol can help.
      return { kind, ...times, node: ids[0] ?? '', copyAtMs: Math.round(random.next() * atMs) };
    case 'outage':
      return { kind, ...times, server: pick(random, servers) ?? '' };
    case 'flaky': {
      const server = pick(random, servers) ?? '';
      const breakProbability = chance(random, 0.7) ? random.next() * 0.5 : 0;
      const maxDelayMs = 1 + Math.round(random.next() * 1_000);
      // A connection may break at any time, but only where something is under way: it takes a while to matter.
      const laterMs = Math.min(untilMs + Math.round(random.next() * (faultyMs / 2)), faultyMs);
      return { kind, atMs, untilMs: laterMs, server, breakProbability, maxDelayMs };
    }
    default:
      return { kind, ...times, node };
  }
}
