/**
 * What a manager orders of a server, and what comes back. An order is a state that the server shall be brought into, and
 * holds until the next one; so it may be repeated, and nothing depends on how often it arrives.
 */

import * as v from 'valibot';
import type { Senders, TaggedBy } from '../../actor.ts';
import { managerName, registerName } from '../addresses.ts';
import { recordedMessage } from '../group/register.ts';
import { maxServers, serverName } from '../group/standing.ts';
import { type ServerOperation, serverStatus } from '../servers.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** Of which epoch and in-sync set a server is primary, and in which incarnation alone it may be. */
const reign = {
  incarnation: v.string(),
  epoch: positive,
  version: positive,
  inSync: v.pipe(v.array(serverName), v.maxLength(maxServers)),
  confirmations: natural,
};

export const order = v.variant('type', [
  /** Let it alone. */
  v.object({ type: v.literal('rest') }),
  /** Look where it stands, and at once when another offset is named that it shall reach. */
  v.object({ type: v.literal('watch'), upTo: v.nullable(natural) }),
  /** A standby of the primary of the epoch. */
  v.object({ type: v.literal('follow'), epoch: positive, primary: serverName }),
  /** It takes nothing more of any server. */
  v.object({ type: v.literal('fence'), epoch: positive }),
  /** The candidate becomes primary. */
  v.object({ type: v.literal('promote'), ...reign }),
  /** The primary waits for this in-sync set. */
  v.object({ type: v.literal('reign'), ...reign }),
]);
export type Order = Readonly<v.InferOutput<typeof order>>;

/** An order that was carried out; `version` is 0 where the order has none. */
export const done = v.object({
  type: v.picklist(['follow', 'fence', 'promote', 'reign']),
  epoch: positive,
  version: natural,
});
export type Done = Readonly<v.InferOutput<typeof done>>;

export const standbyMessages = {
  /** By the manager that is in office for the term, unless it is deposed and does not know it. */
  steer: v.object({ term: natural, order }),
  ...recordedMessage,
};
export type StandbyMessage = TaggedBy<typeof standbyMessages>;

export const standbySenders = {
  steer: { actor: managerName },
  recorded: { actor: registerName },
} satisfies Senders<StandbyMessage['type']>;

/** What a standby tells its manager after each operation. */
export const standbyReports = {
  /** Where the server stands, under the claim of `term`, and which order it has carried out. */
  stands: v.object({ server: serverName, term: positive, status: serverStatus, done: v.nullable(done) }),
  /** It has not done what it was asked, so often in a row. */
  fails: v.object({ server: serverName, term: positive, times: positive, why: v.string() }),
};
export type StandbyReport = TaggedBy<typeof standbyReports>;

/** The part that a server plays in its group, as its manager steers it. */
export const standbyRoles = [
  /** It is let alone, or does not run. */
  'cold',
  /** It runs, and does not follow yet. */
  'warming',
  /** It follows. */
  'ready',
  /** It takes nothing more of any server. */
  'fenced',
  /** It is to be primary. */
  'promoting',
  /** It is primary. */
  'active',
  /** It does not do what it is asked. */
  'failed',
  /** It was primary, and another one is. */
  'replaced',
] as const;
export type StandbyRole = (typeof standbyRoles)[number];

/** What the resource of a server is asked. */
export type StandbyOperation = ServerOperation;
