/**
 * What an observer writes down about the servers of any replicated log that is checked: what they have told their
 * applications, and what these have asked. The histories of protocols go on from it.
 */

import type { Address, Tagged } from '../../../statecharts/actor.ts';
import type { HandOverOutput } from '../../../statecharts/replication/hand-over.ts';
import type { Problem } from '../claim.ts';
import { toldInOrder } from './claims.ts';

/** A read that was asked, and the last entry that was committed anywhere when it was. */
export interface Read {
  readonly server: Address;
  readonly id: number;
  readonly floor: number;
  readonly isAnswered: boolean;
}

/** How far a server has told its application, in this life. */
export interface Told {
  readonly server: Address;
  readonly index: number;
}

/** What is wrong with an answer to a read that was asked when `floor` was committed, and saw all up to `index`. */
type ReadClaim = (server: Address, floor: number, index: number) => Problem;

/** Everything is a set, kept sorted, so that equal pasts are equal. */
export interface LogHistory {
  readonly told: readonly Told[];
  readonly asked: readonly Read[];
  /** What went wrong in an order that no single state shows. */
  readonly problems: readonly string[];
  readonly proposals: number;
  readonly replacements: number;
  readonly changes: number;
  readonly compactions: number;
  readonly transfers: number;
  /** How transfers of leadership have ended. */
  readonly transferEnds: readonly HandOverOutput['type'][];
}

/** Nothing was told or asked. */
export const emptyLogHistory: LogHistory = {
  told: [],
  asked: [],
  problems: [],
  proposals: 0,
  replacements: 0,
  changes: 0,
  compactions: 0,
  transfers: 0,
  transferEnds: [],
};

/** Takes note of what an application has asked of `server`; `floor` is the last entry that is committed anywhere. */
export function asked<H extends LogHistory>(
  history: H,
  server: Address,
  request: { readonly type: string },
  floor: () => number,
): H {
  switch (request.type) {
    case 'propose':
      return { ...history, proposals: history.proposals + 1 };
    case 'replace':
      return { ...history, replacements: history.replacements + 1 };
    case 'reconfigure':
      return { ...history, changes: history.changes + 1 };
    case 'handOver':
      return { ...history, transfers: history.transfers + 1 };
    case 'compact':
      return { ...history, compactions: history.compactions + 1 };
    case 'read': {
      const read: Read = { server, id: numberIn(request, 'id'), floor: floor(), isAnswered: false };
      return { ...history, asked: including(history.asked, read) };
    }
    default:
      return history;
  }
}

/** Takes note of what `server` has told its application, where all logs tell it alike; `claim` is what an answer to a read claims. */
export function toldAlike<H extends LogHistory>(history: H, server: Address, output: Tagged, claim: ReadClaim): H {
  switch (output.type) {
    case 'snapshotInstalled':
      return withTold(history, server, numberIn(output, 'index'));
    case 'readable':
      return readAnswered(history, server, output, claim);
    case 'handedOver':
    case 'notHandedOver':
      return { ...history, transferEnds: including(history.transferEnds, output.type) };
    default:
      return history;
  }
}

/** Takes note of an answer to a read, and of what `claim` finds wrong with it. */
function readAnswered<H extends LogHistory>(history: H, server: Address, output: object, claim: ReadClaim): H {
  const id = numberIn(output, 'id');
  const read = history.asked.find((it) => it.server === server && it.id === id);
  if (read === undefined) return history;
  const others = history.asked.filter((it) => it !== read);
  const answered = { ...history, asked: including(others, { ...read, isAnswered: true }) };
  return withProblem(answered, claim(server, read.floor, numberIn(output, 'index')));
}

/** Takes note that `server` has told its application of the entries from `first` to `last`, which must come in order. */
export function toldOf<H extends LogHistory>(history: H, server: Address, first: number, last: number): H {
  const toldUpTo = history.told.find((it) => it.server === server)?.index ?? 0;
  return withProblem(withTold(history, server, last), toldInOrder(server, toldUpTo, first));
}

/** `server` has told its application of all up to `index`. */
export const withTold = <H extends LogHistory>(history: H, server: Address, index: number): H => ({
  ...history,
  told: including(
    history.told.filter((it) => it.server !== server),
    { server, index },
  ),
});

/** What a server has told is forgotten when it crashes: its application begins anew. */
export const withoutTold = <H extends LogHistory>(history: H, server: Address): H => ({
  ...history,
  told: history.told.filter((it) => it.server !== server),
});

export const withProblem = <H extends LogHistory>(history: H, problem: Problem): H =>
  problem === undefined ? history : { ...history, problems: including(history.problems, problem) };

/** `set` with `item`, sorted. */
export function including<T>(set: readonly T[], item: T): readonly T[] {
  const key = JSON.stringify(item);
  if (set.some((it) => JSON.stringify(it) === key)) return set;
  return [...set, item].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** The number that a message or an output has as `member`; 0 where it has none. */
export function numberIn(value: object, member: string): number {
  const found: unknown = new Map(Object.entries(value)).get(member);
  return typeof found === 'number' ? found : 0;
}

/** The entries that a message or an output carries. */
export const entriesIn = <E>(value: object, isEntry: (entry: unknown) => entry is E): readonly E[] =>
  'entries' in value && Array.isArray(value.entries) ? value.entries.filter(isEntry) : [];
