/** What a node finds out about its machine and itself when it is asked; `quorate doctor` judges it, beside that of the others. */

import * as v from 'valibot';
import { type Clock, timeOfDayMs } from '../../environment/clock.ts';
import type { RunningNode } from '../start-node.ts';
import { version } from '../version.ts';
import { examineDisk } from './disk.ts';
import { fileLimit, memoryFindings } from './process.ts';

const amount = v.pipe(v.number(), v.minValue(0));

/** What a node tells, as it is read off HTTP. */
export const examination = v.object({
  id: v.string(),
  version: v.string(),
  /** Of Node.js. */
  runtime: v.string(),
  /** The node's time of day, in milliseconds of the epoch, and its monotonic clock, in milliseconds. */
  clock: v.object({ timeOfDayMs: v.number(), monotonicMs: v.number() }),
  disk: v.object({ writeMs: v.array(amount), freeBytes: amount, usedBytes: amount }),
  files: v.exactOptional(v.object({ open: amount, limit: amount })),
  memory: v.object({
    residentBytes: amount,
    heapBytes: amount,
    heapLimitBytes: amount,
    machineBytes: amount,
    machineFreeBytes: amount,
  }),
  journal: v.object({
    notices: v.array(v.object({ kind: v.string(), detail: v.string() })),
    unflushedBytes: amount,
  }),
  /** How it is connected with the other nodes. */
  peers: v.array(v.object({ node: v.string(), status: v.string(), reason: v.exactOptional(v.string()) })),
});
export type Examination = v.InferOutput<typeof examination>;

export interface ExaminedNode extends Pick<RunningNode, 'node' | 'journal' | 'bus'> {
  /** Of its data. */
  readonly directory: string;
  readonly clock: Clock;
}

/** Looks at a node that runs. @throws Error of the system, where the disk does not take a write */
export async function examineNode({ node, journal, bus, directory, clock }: ExaminedNode): Promise<Examination> {
  const disk = await examineDisk(directory, clock);
  const files = fileLimit();
  return {
    id: node.id,
    version,
    runtime: process.version,
    disk: { ...disk, writeMs: [...disk.writeMs] },
    ...(files === undefined ? {} : { files }),
    memory: memoryFindings(),
    journal: {
      notices: journal.notices.map(({ kind, detail }) => ({ kind, detail })),
      unflushedBytes: node.unflushedBytes,
    },
    peers: peersOf(bus),
    // Last, so that it is as of the answer.
    clock: { timeOfDayMs: timeOfDayMs(), monotonicMs: clock.nowMs() },
  };
}

/** Those that the bus tells of at once are as they stand now. */
function peersOf({ peers }: ExaminedNode['bus']): Examination['peers'] {
  const standing = new Map<string, Examination['peers'][number]>();
  peers
    .subscribe(({ node, status, reason }) => {
      standing.set(node, { node, status, ...(reason === undefined ? {} : { reason }) });
    })
    .unsubscribe();
  return [...standing.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
}
