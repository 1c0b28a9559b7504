/** The recorded outages of replicated stores whose network was cut in part, and their table in the docs. */

import * as v from 'valibot';
import { table } from '../tables.ts';
import { cutMs, type Outage, type Shape, shapes } from './partial-partitions.ts';

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

/** The table of the docs, in election timeouts of each protocol. */
export function outagesTable(recorded: RecordedOutages): string {
  const rows = shapes.flatMap((shape) =>
    Object.entries(recorded).flatMap(([protocol, { electionTimeoutMs, shapes: byShape }]) => {
      const found = byShape[shapeName(shape)];
      if (found === undefined) return [];
      const inTimeouts = (ms: number): string => (ms / electionTimeoutMs).toFixed(1);
      const never = found.nextWriteMs.filter((ms) => ms === null).length;
      // One that never came is later than any.
      const sorted = found.nextWriteMs.map((ms) => ms ?? Infinity).toSorted((a, b) => a - b);
      const shown = (ms = Infinity): string => (Number.isFinite(ms) ? inTimeouts(ms) : `> ${inTimeouts(cutMs)}`);
      return [
        [
          shapeName(shape),
          protocol,
          shown(sorted[Math.floor((sorted.length - 1) / 2)]),
          shown(sorted.at(-1)),
          `${never} of ${sorted.length}`,
          inTimeouts(Math.max(...found.longestPauseMs)),
        ],
      ];
    }),
  );
  const head = ['cut', 'protocol', 'next write: median', 'worst', 'never', 'longest pause'];
  return table(head, rows, 2);
}
