/**
 * The standing of a group: what its managers have agreed on, and go on from whichever of them is in office. A register keeps
 * it, which is replicated by a protocol of its own and changes it by compare-and-set (`decide.ts`).
 *
 * It is the second half of Vertical Paxos (Lamport, Malkhi & Zhou 2009): who takes part in an epoch is agreed on by others than
 * those who take part. Of an epoch that has begun, `inSync` with `primary` says which servers hold what was acknowledged;
 * of one that has a candidate and no primary yet, the candidate and each of `inSync` hold all of it.
 */

import * as v from 'valibot';
import { isId } from '../../actor.ts';
import { groupModes } from '../topology.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const node = v.pipe(v.string(), v.check(isId, 'expected the name of a node'));
export const serverName = v.pipe(v.string(), v.check(isId, 'expected the name of a server'));

/** A group has at most so many servers. */
export const maxServers = 16;
/** The standing knows the histories of so many epochs, the latest ones. */
export const maxHistories = 16;

/** A server as long as it cannot have forgotten what it held. */
export const member = v.object({ server: serverName, incarnation: v.string() });
export type Member = Readonly<v.InferOutput<typeof member>>;

/** Sorted by server, each once. */
export const members = v.pipe(
  v.array(member),
  v.maxLength(maxServers),
  v.check(
    (all) => all.every(({ server }, place) => place === 0 || (all[place - 1]?.server ?? '') < server),
    'expected members sorted by server, each server once',
  ),
  v.readonly(),
);

/**
 * Where a group stands. What is only looked at is no phase of its own here: a manager that confirms a suspicion does so in
 * `monitoring`, and one that chooses does so in `fencing`.
 */
export const phases = [
  /** There was no epoch yet. */
  'founding',
  /** The primary serves. */
  'monitoring',
  /** The epoch has begun, and whose data reach farthest is found out. */
  'fencing',
  /** The same, with too few who could tell. */
  'degraded',
  /** The candidate becomes primary. */
  'promoting',
  /** It is, and the others come to follow it. */
  'redirecting',
  /** They do; if it fails now, that counts as a flap. */
  'settling',
  /** The primary serves if there is one; no failover begins by itself. */
  'manual',
] as const;
export type Phase = (typeof phases)[number];

/** Why a group came to its phase. */
export const reasons = [
  'founded',
  /** A quorum of detectors has confirmed that the primary is dead. */
  'primary-dead',
  /** The primary answers, and is none any more, or has forgotten its data. */
  'primary-lost',
  /** The candidate cannot become primary. */
  'candidate-failed',
  /** The operator wants another primary. */
  'switchover',
  /** The server that is preferred may have its place again. */
  'failback',
  /** Too few in sync can be asked, or none that may be primary holds what was acknowledged. */
  'no-candidate',
  /** One was found. */
  'chosen',
  'promoted',
  /** As many follow as confirm a write. */
  'redirected',
  'settled',
  /** Failovers have begun before the last one had settled, too often. */
  'flapping',
  'maintenance',
  /** The operator says so. */
  'operator',
] as const;
export type Reason = (typeof reasons)[number];

/** Which history began with which epoch, and at which offset: what stands before that is of an earlier one. */
const history = v.object({ epoch: positive, history: v.string(), since: natural });

/** An in-sync set that is intended, and the version of it that the primary is told. */
const intention = v.object({ version: positive, members });

/** What the choice of a primary may have lost of what was acknowledged. */
export const loss = v.object({
  epoch: positive,
  /** At most so much; null where that is not known, as of a primary that was not fenced: it may have written on unseen. */
  bytes: v.nullable(natural),
  /** How far the chosen one is behind what was seen of the primary last; null where their data cannot be compared. */
  seenBytes: v.nullable(natural),
});
export type Loss = Readonly<v.InferOutput<typeof loss>>;

export const standing = v.object({
  /** 1 more with each change. */
  revision: natural,
  /** 1 more with each manager that takes office; 0 before any. */
  term: natural,
  /** The node of the manager in office. */
  manager: v.nullable(node),
  mode: v.picklist(groupModes),
  /** How many of the in-sync set hold a write before it is acknowledged; 0 exactly in `pass-through`. */
  confirmations: natural,
  /** So many flaps are failed over; the next one is left to the operator. */
  maxFlaps: natural,
  phase: v.picklist(phases),
  reason: v.nullable(v.picklist(reasons)),
  /** 1 more with each choice of a primary; 0 before the first. */
  epoch: natural,
  /** Of the in-sync set in force, from 1 in each epoch; 0 before the first. */
  version: natural,
  /** Of the epoch that was begun last; null before any, and once a candidate is chosen. */
  primary: v.nullable(member),
  /** Chosen, and not primary yet; no other server is chosen in the epoch. Remains while the next one is being chosen. */
  candidate: v.nullable(member),
  /** Where the data ended of the candidate, or primary, when it was chosen: there its history begins. */
  beginsAt: natural,
  /** Whose confirmations count: standbys, the primary is none of them. */
  inSync: members,
  /** Members are to go; in force is `inSync` until the primary says that it waits for these alone. */
  shrinking: v.nullable(intention),
  /** The server that is to be the next primary, if the choice under way is planned. */
  target: v.nullable(serverName),
  /** By epoch. */
  histories: v.pipe(v.array(history), v.maxLength(maxHistories)),
  maintenance: v.boolean(),
  /** Failovers in a row that began before the last one had settled. */
  flaps: natural,
  /** The epoch whose primary may be one that lacks what was acknowledged: the operator's word. */
  allowedLoss: v.nullable(positive),
  /** The last one. */
  loss: v.nullable(loss),
});
export type Standing = Readonly<v.InferOutput<typeof standing>>;

/** What all managers of a group must be given alike. */
export interface GroupOptions {
  readonly mode: Standing['mode'];
  /** In `durable`: from 1. Default 1. */
  readonly confirmations?: number;
  /** Default 3. */
  readonly maxFlaps?: number;
}

/** The standing with which a group begins, the same for all managers that are given the same. */
export const foundingStanding = ({ mode, confirmations = 1, maxFlaps = 3 }: GroupOptions): Standing => ({
  revision: 0,
  term: 0,
  manager: null,
  mode,
  confirmations: mode === 'durable' ? Math.max(1, confirmations) : 0,
  maxFlaps,
  phase: 'founding',
  reason: null,
  epoch: 0,
  version: 0,
  primary: null,
  candidate: null,
  beginsAt: 0,
  inSync: [],
  shrinking: null,
  target: null,
  histories: [],
  maintenance: false,
  flaps: 0,
  allowedLoss: null,
  loss: null,
});

export const sameMember = (one: Member | null, other: Member | null): boolean =>
  one?.server === other?.server && one?.incarnation === other?.incarnation;

export const isAmong = (all: readonly Member[], one: Member): boolean => all.some((it) => sameMember(it, one));

export const sameMembers = (one: readonly Member[], other: readonly Member[]): boolean =>
  one.length === other.length && one.every((it) => isAmong(other, it));

/** Sorts servers by their names, of which there are no two alike. */
export const byServer = (one: Pick<Member, 'server'>, other: Pick<Member, 'server'>): number =>
  one.server < other.server ? -1 : 1;

export const sortedMembers = (all: readonly Member[]): readonly Member[] => [...all].sort(byServer);

/** The greatest version that was given to an in-sync set of the epoch, or to one that was intended. */
export const lastVersion = ({ version, shrinking }: Standing): number => shrinking?.version ?? version;
