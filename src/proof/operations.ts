/** What the operations of simulated clients have in common: whose each is, when it begins, and at which machine. */

import { pick, type Random } from '../environment/random.ts';
import type { PlannedOperation } from '../simulator/schedule.ts';

/** What operations are drawn from. */
interface DrawnFrom {
  readonly machines: readonly string[];
  readonly durationMs: number;
  readonly random: Random;
}

/** Draws operations of `clients` in turns, or each of a client of its own: at any time, each at any machine. */
export const drawOperations = (
  { count, clients = count }: { readonly count: number; readonly clients?: number },
  { machines, durationMs, random }: DrawnFrom,
  operationOf: (index: number) => unknown,
): readonly PlannedOperation[] =>
  Array.from({ length: count }, (_, index) => ({
    client: index % clients,
    atMs: Math.round(random.next() * durationMs),
    node: pick(random, machines) ?? '',
    operation: operationOf(index),
  })).sort((a, b) => a.atMs - b.atMs);

/** The operation of no client, whose success at `machine` shows that a quorum that was healed works again. */
export const probing = (machine: string, atMs: number, operation: unknown): PlannedOperation => ({
  client: -1,
  atMs,
  node: machine,
  operation,
});

/** Whether it is no client's. */
export const isProbe = ({ client }: PlannedOperation): boolean => client < 0;
