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
import { type Mode, modes } from '../replication/modes.ts';
import { ReplicasError } from './errors.ts';

/** The largest loss that may be agreed on, in entries. */
export const mostLoss = 10_000;

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
  maxLoss: v.pipe(natural, v.maxValue(mostLoss)),
  /** While fewer are in sync, nothing is acknowledged. */
  minInSync: positive,
});

/** A configuration, as the authority keeps it. */
export const configuration = v.pipe(
  configurationParts,
  v.check(({ inSync, primary }) => inSync.includes(primary), 'a primary that is not in sync'),
  v.check(({ inSync, replicas }) => inSync.every((it) => replicas.includes(it)), 'in sync, and no replica'),
  v.check(({ minInSync, replicas }) => minInSync <= replicas.length, 'more in sync asked for than there are'),
);
export type Configuration = Readonly<v.InferOutput<typeof configuration>>;

/** What the authority is asked: to let a configuration follow the one of version `expected`, if that is still in force. */
export const change = v.object({ expected: positive, epoch: positive, primary: address, inSync: replicaSet });
export type Change = Readonly<v.InferOutput<typeof change>>;

/** What a store is like under any primary. */
export interface StoreOptions {
  readonly replicas: readonly Address[];
  /** Default sync. */
  readonly mode?: Mode;
  /** Default 0, `mostLoss` at most: what is acknowledged asynchronously is held by the whole in-sync set, too. */
  readonly maxLoss?: number;
  /** Default 1: a primary that is alone in sync acknowledges. */
  readonly minInSync?: number;
}

/**
 * The configuration with which a store begins, the same for all who are given the same replicas.
 *
 * @throws ReplicasError without a replica, with a loss that is none of 0 to `mostLoss`, or with a least in-sync set that no
 * replica, or more than there are, could make
 */
export function foundingConfiguration(options: StoreOptions): Configuration {
  const { replicas, mode = 'sync', maxLoss = 0, minInSync = 1 } = options;
  const all = [...new Set(replicas)].sort();
  const [primary] = all;
  if (primary === undefined) throw new ReplicasError('expected one replica or more, got none; name every node');
  if (!Number.isSafeInteger(maxLoss) || maxLoss < 0 || maxLoss > mostLoss) {
    throw new ReplicasError(`expected 0 to ${mostLoss} entries that may be lost, got ${maxLoss}; choose fewer`);
  }
  if (!Number.isSafeInteger(minInSync) || minInSync < 1 || minInSync > all.length) {
    throw new ReplicasError(
      `expected a least in-sync set of 1 to ${all.length}, as there are so many replicas, got ${minInSync}`,
    );
  }
  return { version: 1, epoch: 1, primary, inSync: all, replicas: all, mode, maxLoss, minInSync };
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
 * majority holds might be lost; and where nothing may be lost, nothing is acknowledged by the primary alone.
 */
export const offers = (store: Pick<Configuration, 'mode' | 'maxLoss'>, mode: Mode): boolean =>
  mode === store.mode || mode === 'sync' || (mode === 'async' && store.maxLoss > 0);

/** Whether so many are in sync that writes are acknowledged. */
export const isEnough = ({ minInSync }: Configuration, inSync: readonly Address[]): boolean =>
  inSync.length >= minInSync;
