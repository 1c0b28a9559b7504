/** What the playground plays, as the query of its URL says it, so that it can be shared; the moment is in the fragment. */

import { faultOrderIn } from '../fault-order.ts';
import type { FaultOrder } from '../feed.ts';

/** A fault that was ordered for a moment, in virtual milliseconds. */
export interface OrderedAt {
  readonly atMs: number;
  readonly order: FaultOrder;
}

/** A run: it follows from this alone. */
export interface PlaygroundRun {
  readonly protocol: string;
  /** The name of a twin with a mistake to play instead. */
  readonly twin?: string;
  readonly nodes: number;
  readonly seed: number;
  /** Whether faults of all kinds are drawn, besides those that are ordered. */
  readonly isFaulty: boolean;
  readonly edits: readonly OrderedAt[];
}

export const mostNodes = 7;
const mostSeed = 2 ** 31 - 1;
const mostEdits = 100;

/** Reads the query of a URL. What it does not say, or says wrongly, is as on a page that was just opened. */
export function readRun(query: string): PlaygroundRun {
  const said = new URLSearchParams(query);
  const twin = said.get('twin') ?? '';
  return {
    protocol: said.get('protocol') ?? 'raft',
    ...(twin === '' ? {} : { twin }),
    nodes: integerIn(said.get('nodes'), 1, mostNodes) ?? 3,
    seed: integerIn(said.get('seed'), 0, mostSeed) ?? 1,
    isFaulty: said.get('faults') === 'all',
    edits: said.getAll('edit').slice(0, mostEdits).flatMap(editIn),
  };
}

/** The query that says `run`, without its `?`. */
export function queryOf({ protocol, twin, nodes, seed, isFaulty, edits }: PlaygroundRun): string {
  const said = new URLSearchParams({ protocol, seed: String(seed), nodes: String(nodes) });
  if (twin !== undefined) said.set('twin', twin);
  if (isFaulty) said.set('faults', 'all');
  for (const { atMs, order } of edits) said.append('edit', `${atMs}:${JSON.stringify(order)}`);
  return said.toString();
}

/** `run`, but for what was ordered after a moment, and with one more order at it. All that happened until then stays. */
export function orderedAt(run: PlaygroundRun, nowMs: number, order: FaultOrder): PlaygroundRun {
  // Just after the moment, so that what happened at it has happened.
  const atMs = (Math.round(nowMs * 1_000) + 1) / 1_000;
  return { ...run, edits: [...run.edits.filter((edit) => edit.atMs <= atMs), { atMs, order }] };
}

function integerIn(text: string | null, least: number, most: number): number | undefined {
  const value = text === null || text === '' ? Number.NaN : Number(text);
  return Number.isInteger(value) && value >= least && value <= most ? value : undefined;
}

function editIn(text: string): readonly OrderedAt[] {
  const colon = text.indexOf(':');
  const atMs = Number(text.slice(0, colon));
  const order = faultOrderIn(text.slice(colon + 1));
  return colon > 0 && Number.isFinite(atMs) && atMs >= 0 && !('problem' in order) ? [{ atMs, order }] : [];
}
