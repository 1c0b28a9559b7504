/**
 * The configuration of a store: its epoch, who is primary in it, and which replicas are in sync, so that they may become
 * primary (KIP-966). A configuration authority keeps it, which is a register with compare-and-set, replicated by a protocol of
 * its own and never by the replicas that it speaks of. Each configuration has a version; an epoch begins with a version, and
 * lasts for several where only the in-sync set changes.
 *
 * How many of the in-sync set must hold a write before it is acknowledged, how many a new primary is chosen among, and how
 * many confirm a read, hang together: any two of them that decide against each other share a replica.
 */

import * as v from 'valibot';
import { type Address, isAddress } from '../actor/address.ts';
import { anyOf, majoritySize, type Quorum } from '../quorum.ts';
import { isServerSet } from '../replication/members.ts';
import { ReplicasError } from './errors.ts';

/**
 * Who holds a write before it is acknowledged: the whole in-sync set, a majority of it, or the primary alone as long as no
 * member of the in-sync set lacks more than so many entries as may be lost.
 */
export const modes = ['synchronous', 'quorum', 'asynchronous'] as const;
export type Mode = (typeof modes)[number];

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const address = v.custom<Address>(isAddress, 'expected an address like n1/primary-backup.replica/kv');
const replicaSet = v.custom<readonly Address[]>((value) => isServerSet(value, 1), 'expected a sorted set of addresses');

const configurationParts = v.object({
  /** Of the configuration, from 1: 1 more than that of the one before. */
  version: positive,
  /** Of the primary, from 1: 1 more whenever a primary is made, the same one among them. */
  epoch: positive,
  primary: address,
  /** Who may become primary, the one that is among them. */
  inSync: replicaSet,
  /** All, in sync or not. */
  replicas: replicaSet,
  /** Of writes that say nothing else. */
  mode: v.picklist(modes),
  /** Entries that a failover may lose of those that were acknowledged asynchronously. */
  maxLoss: natural,
});

/** A configuration, as the authority keeps it. */
export const configuration = v.pipe(
  configurationParts,
  v.check(({ inSync, primary }) => inSync.includes(primary), 'a primary that is not in sync'),
  v.check(({ inSync, replicas }) => inSync.every((it) => replicas.includes(it)), 'in sync, and no replica'),
);
export type Configuration = Readonly<v.InferOutput<typeof configuration>>;

/** What the authority is asked: to let a configuration follow the one of version `expected`, if that is still in force. */
export const change = v.object({ expected: positive, epoch: positive, primary: address, inSync: replicaSet });
export type Change = Readonly<v.InferOutput<typeof change>>;

/** What a store is like under any primary. */
export interface StoreOptions {
  readonly replicas: readonly Address[];
  /** Default synchronous. */
  readonly mode?: Mode;
  /** Default 0: what is acknowledged asynchronously is held by the whole in-sync set, too. */
  readonly maxLoss?: number;
}

/**
 * The configuration with which a store begins, the same for all who are given the same replicas.
 *
 * @throws ReplicasError without a replica, or with a loss that is no natural number
 */
export function foundingConfiguration({ replicas, mode = 'synchronous', maxLoss = 0 }: StoreOptions): Configuration {
  const all = [...new Set(replicas)].sort();
  const [primary] = all;
  if (primary === undefined) throw new ReplicasError('expected one replica or more, got none; name every node');
  if (!Number.isSafeInteger(maxLoss) || maxLoss < 0) {
    throw new ReplicasError(`expected a number of entries from 0 on that may be lost, got ${maxLoss}`);
  }
  return { version: 1, epoch: 1, primary, inSync: all, replicas: all, mode, maxLoss };
}

/**
 * The rule of the authority: the configuration after it was asked for `wanted`; the same one if that is refused. Within an
 * epoch only the in-sync set changes; and who is in sync may become primary, with the in-sync set as it stands (KIP-966).
 */
export function decide(current: Configuration, wanted: Change): Configuration {
  const { epoch, expected, inSync, primary } = wanted;
  if (expected !== current.version) return current;
  const isSameReign = epoch === current.epoch && primary === current.primary;
  const isSuccession = epoch === current.epoch + 1 && sameSet(inSync, current.inSync);
  const isPossible = inSync.includes(primary) && inSync.every((it) => current.replicas.includes(it));
  if (!isPossible || !(isSameReign || isSuccession)) return current;
  return { ...current, version: current.version + 1, epoch, primary, inSync };
}

export const sameSet = (one: readonly Address[], other: readonly Address[]): boolean =>
  one.length === other.length && one.every((it, place) => it === other[place]);

/** How many of `inSync` hold a write of the lossless `mode` before it is acknowledged. */
const holdersOf = (mode: Mode, inSync: readonly Address[]): number =>
  mode === 'quorum' ? majoritySize(inSync.length) : inSync.length;

/** Those of `inSync` who hold a write before no failover loses it. */
export const holdingQuorum = (mode: Mode, inSync: readonly Address[]): Quorum => anyOf(inSync, holdersOf(mode, inSync));

/** Those of the in-sync set among whom a primary is chosen: one of them holds whatever must not be lost. */
export const electingQuorum = ({ inSync, mode }: Configuration): Quorum =>
  anyOf(inSync, inSync.length - holdersOf(mode, inSync) + 1);

/**
 * Whether writes of `mode` may be asked for. Where a primary is chosen among fewer than a majority asks for, one that a
 * majority holds might be lost.
 */
export const offers = (store: Configuration, mode: Mode): boolean => mode !== 'quorum' || store.mode === 'quorum';
