/** What a node tells: as lines to a person, or as messages to the process that watches it. */

import * as v from 'valibot';
import type { Colours } from './terminal.ts';

const id = v.string();

const report = v.variant('type', [
  /** The node runs and answers. */
  v.object({
    type: v.literal('ready'),
    id,
    pid: v.number(),
    httpUrl: v.string(),
    tcp: v.string(),
    dataDirectory: v.string(),
    isNew: v.boolean(),
    inspectorUrl: v.optional(v.string()),
    dashboardUrl: v.optional(v.string()),
  }),
  /** The node plays another role now. */
  v.object({
    type: v.literal('role'),
    id,
    role: v.string(),
    remark: v.string(),
    /** The role before; left out where the node has just started, as is what follows. */
    former: v.optional(v.string()),
    /** The message or the delay that made it change, where it came from, and the rules of the paper that it followed. */
    event: v.optional(v.string()),
    from: v.optional(v.string()),
    rules: v.optional(v.array(v.string())),
  }),
  /** The node stands in another way with a peer. */
  v.object({ type: v.literal('peer'), id, peer: v.string(), status: v.string(), reason: v.optional(v.string()) }),
  /** Something that an operator should know, and that the node survives. */
  v.object({ type: v.literal('notice'), id, code: v.string(), message: v.string() }),
  /** The node could not start, or has stopped for good. `isFinal`: it would only fail again. */
  v.object({ type: v.literal('failed'), id, code: v.string(), message: v.string(), isFinal: v.boolean() }),
]);

export type Report = v.InferOutput<typeof report>;

/** The report in a message from a node's process; undefined when it is none. */
export function reportIn(message: unknown): Report | undefined {
  const parsed = v.safeParse(report, message);
  return parsed.success ? parsed.output : undefined;
}

/** A report as a line for people, without the node's name. */
export function lineOf(report: Report, colours: Colours): string {
  switch (report.type) {
    case 'ready':
      return [
        `answers at ${report.httpUrl} (HTTP) and ${report.tcp} (nodes and clients), process ${report.pid}`,
        ...(report.dashboardUrl === undefined ? [] : [`see it at ${report.dashboardUrl}`]),
        ...(report.inspectorUrl === undefined ? [] : [`inspector at ${report.inspectorUrl}`]),
        `data in ${report.dataDirectory}${report.isNew ? ' (new)' : ''}`,
      ].join('; ');
    case 'role':
      return `${colourOf(report.role, colours)(report.role)} ${report.remark}${whyOf(report, colours)}`;
    case 'peer':
      return `${report.status === 'connected' ? '' : 'not '}connected with ${report.peer}${
        report.reason === undefined ? '' : `: ${report.reason}`
      }`;
    case 'notice':
      return `${colours.yellow(report.code)}: ${report.message}`;
    case 'failed':
      return `${colours.red(report.code)}: ${report.message}`;
  }
}

/** What it was before, and why it is no longer. */
function whyOf({ id, former, event, from, rules = [] }: Report & { type: 'role' }, colours: Colours): string {
  if (former === undefined) return '';
  const sender = from?.split('/')[0];
  const cause =
    event === undefined ? [] : [`${event}${sender === undefined || sender === id ? '' : ` from ${sender}`}`];
  return colours.dim(`  (was ${[former, ...cause, ...rules].join('; ')})`);
}

function colourOf(role: string, colours: Colours): (text: string) => string {
  if (role === 'leader') return (text) => colours.green(colours.bold(text));
  return role === 'follower' ? (text) => text : colours.yellow;
}

/** A moment of a run, in seconds since its beginning. */
export const elapsed = (ms: number): string => `+${(ms / 1_000).toFixed(1)}s`.padStart(8);
