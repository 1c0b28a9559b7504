/** What the clients of a comparison do: transfers and reads, at the same times and machines for every method. */

import * as v from 'valibot';
import { integerBelow, type Random } from '../environment/random.ts';
import type { PlannedOperation } from '../simulator/schedule.ts';
import { machines, times } from './faults.ts';
import { statementsSchema } from './isolation/statements.ts';

export const operationSchema = v.variant('f', [
  v.object({ f: v.literal('transfer'), id: v.string(), amount: v.number() }),
  v.object({ f: v.literal('read') }),
  /** Whether the accounts can be looked at again, once nothing is wrong any more. */
  v.object({ f: v.literal('look') }),
  statementsSchema,
]);
export type LedgerOperation = v.InferOutput<typeof operationSchema>;

/** How long a client waits for an answer, in milliseconds. */
export const patienceMs = 1_000;

/** An operation begins so often, at one machine after the other, whatever became of the ones before. */
const intervalMs = 20;
/** Of so many operations the last one is a read. */
const readEvery = 5;
const mostMoved = 100;

/** From `a` to `b`, so that `a` never holds twice the same, and what a client sees says how much has happened. */
const amountFrom = (random: Random): number => 1 + integerBelow(random, mostMoved);

/** Reads at each machine, once no transfers come any more. */
const lastReads: readonly PlannedOperation[] = [times.workUntilMs + 900, times.workUntilMs + 1_100].flatMap(
  (atMs, round) =>
    machines.map((node, at) => ({
      client: 1_000_000 + round * machines.length + at,
      atMs,
      node,
      operation: { f: 'read' } satisfies LedgerOperation,
    })),
);

/** Operations at fixed times, each of a client of its own. */
export function planSteady(random: Random): readonly PlannedOperation[] {
  const count = Math.floor((times.workUntilMs - times.workFromMs) / intervalMs);
  const planned = Array.from({ length: count }, (_, index): PlannedOperation => {
    const isRead = index % readEvery === readEvery - 1;
    const operation: LedgerOperation = isRead
      ? { f: 'read' }
      : { f: 'transfer', id: `t${index}`, amount: amountFrom(random) };
    const node = machines[index % machines.length] ?? '';
    return { client: index, atMs: times.workFromMs + index * intervalMs, node, operation };
  });
  return [...planned, ...lastReads];
}

/** A run of transfers alone, far enough apart that each stands for itself; and how long the last of them may go on. */
export const lone = { untilMs: times.workFromMs + 2_000, tailMs: 250 } as const;
const loneIntervalMs = 50;

/** Transfers one after the other, at one machine after the other. */
export const planLone = (random: Random): readonly PlannedOperation[] =>
  Array.from({ length: (lone.untilMs - times.workFromMs) / loneIntervalMs }, (_, index) => {
    const operation: LedgerOperation = { f: 'transfer', id: `t${index}`, amount: amountFrom(random) };
    const node = machines[index % machines.length] ?? '';
    return { client: index, atMs: times.workFromMs + index * loneIntervalMs, node, operation };
  });

/** A run in which clients do transfers one after the other, as fast as they are answered. */
export const busy = { clients: 6, untilMs: times.workFromMs + 500 } as const;
/** More than any client can do in that time. */
const mostPerClient = 1_000;

/** Transfers of clients that never rest, at one machine each. */
export const planBusy = (random: Random): readonly PlannedOperation[] =>
  Array.from({ length: busy.clients * mostPerClient }, (_, index) => {
    const client = index % busy.clients;
    const operation: LedgerOperation = { f: 'transfer', id: `t${index}`, amount: amountFrom(random) };
    return { client, atMs: times.workFromMs, node: machines[client % machines.length] ?? '', operation };
  });
