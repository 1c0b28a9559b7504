/**
 * Schedules: everything that makes one run differ from another, as plain data. A run is a function of its schedule, so a
 * failing one can be written to a file, replayed, and made smaller.
 */

import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';

/** A schedule file that does not hold a schedule. */
export class ScheduleError extends QuorateError {
  readonly code = 'SCHEDULE';
}

const interval = { atMs: v.number(), untilMs: v.number() };

/** One direction between two nodes: what n1 sends to n2 travels on `n1>n2`. */
const linkSchema = v.pipe(v.string(), v.regex(/^n\d+>n\d+$/));

const faultSchema = v.variant('kind', [
  /** Nodes of different groups cannot reach each other. */
  v.object({ kind: v.literal('partition'), ...interval, groups: v.array(v.array(v.string())) }),
  /** `from` cannot reach `to`; the other way works. */
  v.object({ kind: v.literal('one-way'), ...interval, from: v.string(), to: v.string() }),
  v.object({ kind: v.literal('isolate'), ...interval, node: v.string() }),
  /** `n1>n2` in `cut`: n1 cannot reach n2; the other way is cut only where `n2>n1` is there as well. */
  v.object({ kind: v.literal('partial-partition'), ...interval, cut: v.pipe(v.array(linkSchema), v.readonly()) }),
  /** What `from` sends to `to` is held back until the end, and then arrives at once. */
  v.object({ kind: v.literal('clog'), ...interval, from: v.string(), to: v.string() }),
  /** What `from` sends to `to` is lost with this probability, besides what its fates say. */
  v.object({ kind: v.literal('loss'), ...interval, from: v.string(), to: v.string(), probability: v.number() }),
  /** What `from` sends to `to` takes so much longer. */
  v.object({ kind: v.literal('delay'), ...interval, from: v.string(), to: v.string(), delayMs: v.number() }),
  /** The node loses its memory and what was not synced; it restarts at the end. */
  v.object({ kind: v.literal('crash'), ...interval, node: v.string() }),
  /** The node restarts at the end with an empty disk. */
  v.object({ kind: v.literal('wipe'), ...interval, node: v.string() }),
  /** The node restarts at the end with its disk as it was at `copyAtMs`, as from a copy that was put back. */
  v.object({ kind: v.literal('rollback'), ...interval, node: v.string(), copyAtMs: v.number() }),
  /** The node stands still, and goes on at the end as if nothing had been. */
  v.object({ kind: v.literal('pause'), ...interval, node: v.string() }),
  v.object({ kind: v.literal('slow-disk'), ...interval, node: v.string(), factor: v.number() }),
  /** No write of the node completes until the end. */
  v.object({ kind: v.literal('stalled-disk'), ...interval, node: v.string() }),
  /** Writes fail; the node stops itself, and restarts at the end. */
  v.object({ kind: v.literal('failing-disk'), ...interval, node: v.string() }),
  v.object({ kind: v.literal('full-disk'), ...interval, node: v.string() }),
  /** The node's clock runs at `rate` times the true speed. */
  v.object({ kind: v.literal('drift'), ...interval, node: v.string(), rate: v.number() }),
  /** A server outside of the nodes is down; it restarts at the end with what it had made durable. */
  v.object({ kind: v.literal('outage'), ...interval, server: v.string() }),
  /** The connections to a server outside of the nodes break and are slow. */
  v.object({
    kind: v.literal('flaky'),
    ...interval,
    server: v.string(),
    breakProbability: v.number(),
    maxDelayMs: v.number(),
  }),
]);

/** Something that goes wrong from `atMs` to `untilMs` of virtual time. */
export type Fault = v.InferOutput<typeof faultSchema>;
export type FaultKind = Fault['kind'];

/** What the network does to one envelope: the delays in milliseconds of its copies; none means that it is lost. */
const fateSchema = v.array(v.number());
export type Fate = readonly number[];

const operationSchema = v.object({
  /** Operations of one client follow each other. */
  client: v.number(),
  /** When it starts at the earliest: later, when the client's last one has not ended. */
  atMs: v.number(),
  node: v.string(),
  operation: v.unknown(),
});

/** Something that a client does. */
export interface PlannedOperation {
  readonly client: number;
  readonly atMs: number;
  readonly node: string;
  /** Plain data that the scenario understands. */
  readonly operation?: unknown;
}

const scheduleSchema = v.object({
  version: v.literal(1),
  scenario: v.string(),
  seed: v.number(),
  nodes: v.number(),
  /** Faults may happen until then; afterwards a quorum is healed. */
  faultyMs: v.number(),
  /** Progress must be made within this time after healing. */
  recoveryMs: v.number(),
  /** The nodes that are healed. */
  quorum: v.array(v.string()),
  faults: v.array(faultSchema),
  operations: v.array(operationSchema),
  /** The n-th envelope on the link `n1>n2` has the n-th fate of its list; beyond it, it arrives after `delayMs`. */
  links: v.record(v.string(), v.array(fateSchema)),
  delayMs: v.number(),
});

/** One run, as data. */
export interface Schedule {
  readonly version: 1;
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: number;
  readonly faultyMs: number;
  readonly recoveryMs: number;
  readonly quorum: readonly string[];
  readonly faults: readonly Fault[];
  readonly operations: readonly PlannedOperation[];
  readonly links: Readonly<Record<string, readonly Fate[]>>;
  readonly delayMs: number;
}

/** The nodes of a run: n1, n2, ... */
export const nodeIds = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `n${index + 1}`);

/** Reads a schedule that `formatSchedule` wrote. @throws ScheduleError that says where it is wrong */
export function parseSchedule(text: string): Schedule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ScheduleError('expected a schedule in JSON, got something else; give the file that a failing run wrote', {
      cause,
    });
  }
  const parsed = v.safeParse(scheduleSchema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new ScheduleError(`the schedule is malformed at ${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
}

/** Renders a schedule for a file: one fault, operation or link a line. */
export function formatSchedule(schedule: Schedule): string {
  const { faults, operations, links, ...head } = schedule;
  const lines = (items: readonly unknown[]): string => items.map((item) => `\n    ${JSON.stringify(item)}`).join(',');
  const linkLines = Object.entries(links).map(
    ([link, fates]) => `\n    ${JSON.stringify(link)}: ${JSON.stringify(fates)}`,
  );
  const headLines = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  return `{\n${headLines.join('')}  "faults": [${lines(faults)}],\n  "operations": [${lines(operations)}],\n  "links": {${linkLines.join(',')}}\n}\n`;
}
