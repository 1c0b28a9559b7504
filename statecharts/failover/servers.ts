/**
 * The servers of a group as its managers see them: where one stands, and what one is asked. A group is a set of servers,
 * Redis or PostgreSQL or one's own, of which one is primary and the others follow it.
 */

import * as v from 'valibot';
import { isId } from '../actor.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const server = v.pipe(v.string(), v.check(isId, 'expected the name of a server'));

/** How far a server's data reach. Offsets compare within one history; a promotion begins another one. */
export const position = v.object({
  /** Redis: the replication id; PostgreSQL: the timeline. */
  history: v.string(),
  /** In bytes of the replication stream. */
  offset: natural,
});
export type Position = Readonly<v.InferOutput<typeof position>>;

/** What a primary keeps inside its own data: of which epoch it is primary, and of which in-sync set, by its version. */
export const mark = v.object({ epoch: positive, version: positive });
export type Mark = Readonly<v.InferOutput<typeof mark>>;

/** What a server held that its new primary does not, and gave up: the part of its history between two offsets. */
export const gaveUp = v.object({
  history: v.string(),
  fromOffset: natural,
  toOffset: natural,
  /** How many writes of clients that was, at least, where it can be had; and the keys of the last ones. */
  writes: v.optional(natural),
  keys: v.optional(v.array(v.string())),
});
export type GaveUp = Readonly<v.InferOutput<typeof gaveUp>>;

/** Where a server stands. */
export const serverStatus = v.object({
  /** `fenced`: it follows none, and takes no writes. */
  role: v.picklist(['primary', 'standby', 'fenced']),
  /** Another one whenever the server may have forgotten what it held: Redis's run id; of a durable server always the same. */
  incarnation: v.string(),
  position,
  /** The server whose data it takes, where that is one of the group. */
  follows: v.nullable(server),
  /** Whether the stream from there is up, and nothing of an initial copy is missing. */
  isLinked: v.boolean(),
  /** Null where none is written. */
  mark: v.nullable(mark),
  /** Whether it holds data of clients, where that is known and its position does not tell. */
  holdsData: v.optional(v.boolean()),
  /** Of a primary: how far each standby has confirmed to hold its data, in its own history. */
  confirmed: v.record(server, natural),
  /** Of a standby: what it gave up when it began to follow; absent where that was nothing, or is not known. */
  gaveUp: v.optional(gaveUp),
  /** What a person should look at, in words; absent where there is nothing. */
  notices: v.optional(v.array(v.string())),
});
export type ServerStatus = Readonly<v.InferOutput<typeof serverStatus>>;

/**
 * What a server is asked. All but `look`, `start` and `stop` belong to the claim of a term: a server under the claim of a
 * later one refuses them (`CLAIM_LOST`). All mean the same when they are asked again, and are answered by `ServerStatus`.
 */
export type ServerOperation =
  | { readonly type: 'look' }
  /** Exclusive control: what earlier claims have asked, and is not done yet, never happens. */
  | { readonly type: 'claim'; readonly term: number }
  /** Take nothing more from any server and no writes, also after a restart. */
  | { readonly type: 'fence'; readonly term: number; readonly epoch: number }
  /** Be primary of the epoch; later confirmations wait for `confirmations` of `inSync`. */
  | ({ readonly type: 'promote' } & Confirming)
  /** As primary: wait for this in-sync set from now on; done once each of it holds all that the primary did. */
  | ({ readonly type: 'confirmWith' } & Confirming)
  /** Take the data of `primary`, and give up what differs from them. */
  | { readonly type: 'follow'; readonly term: number; readonly epoch: number; readonly primary: string }
  /** Of a server that does not run. */
  | { readonly type: 'start' }
  | { readonly type: 'stop' };

/** Whose confirmations a primary waits for. */
export interface Confirming extends Mark {
  readonly term: number;
  readonly inSync: readonly string[];
  /** How many of them; 0 where writes wait for none. */
  readonly confirmations: number;
}
