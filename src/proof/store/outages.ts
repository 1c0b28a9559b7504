/** The recorded outages of replicated stores whose leader crashed or whose network was cut in part, and their tables in the docs. */

import * as v from 'valibot';
import { table } from '../tables.ts';
import { crashes, cutMs, type Outage, type Shape, shapes } from './partial-partitions.ts';

/** What came of one shape over many seeds: `null` where no write succeeded. */
const outages = v.object({
  nextWriteMs: v.array(v.nullable(v.number())),
  longestPauseMs: v.array(v.number()),
});

/** By protocol, and then by shape. */
const record = v.record(v.string(), v.object({ electionTimeoutMs: v.number(), shapes: v.record(v.string(), outages) }));

/** What `npm run bench:partitions` records. */
export type RecordedOutages = v.InferOutput<typeof record>;

/** Reads what was recorded. @throws ValiError */
export const outagesSchema = (value: unknown): RecordedOutages => v.parse(record, value);

/** What a shape is called in the record and in the table. */
export const shapeName = ({ name, nodes }: Shape): string => `${name}, ${nodes} servers`;

/** The outages of a shape as they are recorded, in whole milliseconds. */
export const recordOf = (measured: readonly Outage[]): v.InferOutput<typeof outages> => ({
  nextWriteMs: measured.map(({ nextWriteMs }) => (nextWriteMs === undefined ? null : Math.round(nextWriteMs))),
  longestPauseMs: measured.map(({ longestPauseMs }) => Math.round(longestPauseMs)),
});

/** One that never came is later than any. */
export const inOrder = (nextWriteMs: readonly (number | null)[]): number[] =>
  nextWriteMs.map((ms) => ms ?? Infinity).toSorted((a, b) => a - b);

export const medianOf = (sorted: readonly number[]): number => sorted[Math.floor((sorted.length - 1) / 2)] ?? Infinity;
export const worstOf = (sorted: readonly number[]): number => sorted.at(-1) ?? Infinity;

/** How long it takes until a write succeeds that was begun after the leader had crashed, in milliseconds. */
export function crashesTable(recorded: RecordedOutages): string {
  const rows = crashes.flatMap((shape) =>
    Object.entries(recorded).flatMap(([protocol, { shapes: byShape }]) => {
      const found = byShape[shapeName(shape)];
      if (found === undefined) return [];
      const sorted = inOrder(found.nextWriteMs);
      return [[shapeName(shape), protocol, String(medianOf(sorted)), String(worstOf(sorted)), String(sorted.length)]];
    }),
  );
  return table(['what happens', 'protocol', 'next write: median, ms', 'worst, ms', 'runs'], rows, 2);
}

/** The table of partial partitions in the docs, in election timeouts of each protocol. */
export function outagesTable(recorded: RecordedOutages): string {
  const rows = shapes.flatMap((shape) =>
    Object.entries(recorded).flatMap(([protocol, { electionTimeoutMs, shapes: byShape }]) => {
      const found = byShape[shapeName(shape)];
      if (found === undefined) return [];
      const inTimeouts = (ms: number): string => (ms / electionTimeoutMs).toFixed(1);
      const never = found.nextWriteMs.filter((ms) => ms === null).length;
      const sorted = inOrder(found.nextWriteMs);
      const shown = (ms: number): string => (Number.isFinite(ms) ? inTimeouts(ms) : `> ${inTimeouts(cutMs)}`);
      return [
        [
          shapeName(shape),
          protocol,
          shown(medianOf(sorted)),
          shown(worstOf(sorted)),
          `${never} of ${sorted.length}`,
          inTimeouts(Math.max(...found.longestPauseMs)),
        ],
      ];
    }),
  );
  const head = ['cut', 'protocol', 'next write: median', 'worst', 'never', 'longest pause'];
  return table(head, rows, 2);
}
