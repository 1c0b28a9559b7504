/**
 * Traces of heartbeats: when each that arrived did, by the one clock of its receiver. Simulated ones are drawn from a seed;
 * recorded ones are answers to pings between two processes, as `--record` keeps them.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chance, type Random, seededRandomness } from '../../src/environment/random.ts';

export interface Trace {
  readonly name: string;
  readonly intervalMs: number;
  /** How many heartbeats left; number `s` did `s * intervalMs` after the start. */
  readonly sent: number;
  /** Those that arrived, in the order of their arrival: number, and milliseconds since the start. */
  readonly arrivals: readonly (readonly [sequence: number, arrivalMs: number])[];
}

/** How long the heartbeat that leaves then takes, in milliseconds; undefined for one that is lost. */
type Fate = (leavesMs: number) => number | undefined;

const exponential = (random: Random, meanMs: number): number => -meanMs * Math.log(1 - random.next());

/** Networks and machines, as they are. */
const surroundings: Readonly<Record<string, (random: Random) => Fate>> = {
  'calm: 0.5 ms, no loss': (random) => () => 0.2 + exponential(random, 0.3),
  'loss: 2 in 100, 20 ms': (random) => () => (chance(random, 0.02) ? undefined : exponential(random, 20)),
  'bursts: losses come five in a row': (random) => {
    let isBad = false;
    return () => {
      isBad = chance(random, isBad ? 0.8 : 0.005);
      return isBad ? undefined : 1 + exponential(random, 5);
    };
  },
  // One of the two processes waits for a core now and then, and all that comes meanwhile waits with it.
  'load: starved one time in 200, up to seconds': (random) => {
    let freeMs = 0;
    return (leavesMs) => {
      if (chance(random, 0.005)) freeMs = Math.max(freeMs, leavesMs + 100 * (1 - random.next()) ** (-1 / 1.5));
      return Math.max(0, freeMs - leavesMs) + 1 + exponential(random, 3);
    };
  },
};

/** Draws a trace of each kind. */
export const simulatedTraces = (seed: number, sent: number, intervalMs: number): readonly Trace[] =>
  Object.entries(surroundings).map(([name, of]) => {
    const fate = of(seededRandomness(seed).stream(name));
    const arrivals = Array.from({ length: sent }, (_, index) => index + 1).flatMap((sequence) => {
      const delayMs = fate(sequence * intervalMs);
      return delayMs === undefined ? [] : [[sequence, sequence * intervalMs + delayMs] as const];
    });
    return { name, intervalMs, sent, arrivals: [...arrivals].sort(([, one], [, other]) => one - other) };
  });

const isTrace = (value: unknown): value is Trace =>
  typeof value === 'object' && value !== null && 'arrivals' in value && 'intervalMs' in value && 'sent' in value;

/** Reads what was recorded. */
export const recordedTraces = (folder: string): readonly Trace[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const trace: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      if (!isTrace(trace)) throw new Error(`expected a trace in ${file}; record it again with --record`);
      return trace;
    });
