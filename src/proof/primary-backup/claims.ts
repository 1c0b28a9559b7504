/**
 * What primary-backup replication claims of every run, said once. A claim is a pure function over what was observed, and
 * answers with what is wrong, in words, or undefined.
 */

import type { Address } from '../../../statecharts/actor.ts';
import { holdingQuorum } from '../../../statecharts/primary-backup/configuration.ts';
import type { Configuration, Entry, Mode, ReplicaLog } from '../../../statecharts/primary-backup.ts';
import { isMet, majoritySize } from '../../../statecharts/quorum.ts';
import type { Problem } from '../claim.ts';

/** An entry that was acknowledged, and how. */
export interface Acknowledged {
  readonly index: number;
  /** The epoch of the primary that made it. */
  readonly epoch: number;
  readonly entry: string;
  readonly mode: Mode;
  /** The epoch of the primary that acknowledged it. */
  readonly by: number;
}

/** A replica that was primary in an epoch. */
export interface Reign {
  readonly epoch: number;
  readonly primary: Address;
}

/** What an entry says, but for its mode. */
export const textOf = (entry: Entry): string =>
  entry.kind === 'command' ? `command ${[...entry.data].join('.')}` : entry.kind;

export const acknowledgedOf = (entry: Entry, mode: Mode, by: number): Acknowledged => ({
  index: entry.index,
  epoch: entry.epoch,
  entry: textOf(entry),
  mode: entry.kind === 'command' ? (entry.mode ?? mode) : losslessOf(mode),
  by,
});

/** How what opens an epoch is acknowledged in a store of `mode`. */
const losslessOf = (mode: Mode): Mode => (mode === 'async' ? 'sync' : mode);

const nameOf = ({ entry, epoch, index }: Acknowledged): string => `${entry} of epoch ${epoch} at ${index}`;

/** An epoch has one primary. */
export const onePrimary = (one: Reign, other: Reign): Problem =>
  one.epoch === other.epoch && one.primary !== other.primary
    ? `epoch ${one.epoch} has two primaries, ${one.primary} and ${other.primary}`
    : undefined;

/** A place and an epoch name an entry and all that precedes it: where two logs hold the same name, they agree up to there. */
export function logMatching(one: ReplicaLog, other: ReplicaLog): Problem {
  let index = Math.min(one.lastIndex, other.lastIndex);
  const base = Math.max(one.baseIndex, other.baseIndex);
  while (index > base && one.epochAt(index) !== other.epochAt(index)) index -= 1;
  for (; index > base; index -= 1) {
    const [mine, theirs] = [one.entryAt(index), other.entryAt(index)];
    if (mine === undefined || theirs === undefined) continue;
    if (mine.epoch !== theirs.epoch || textOf(mine) !== textOf(theirs)) {
      return `logs agree later on, and hold ${textOf(mine)} of epoch ${mine.epoch} and ${textOf(theirs)} of epoch ${theirs.epoch} at ${index}`;
    }
  }
  return undefined;
}

/** Of what is acknowledged so that it survives, one entry is at each place, whichever epoch's primary acknowledged it. */
export const oneAcknowledged = (one: Acknowledged, other: Acknowledged): Problem =>
  one.mode !== 'async' &&
  other.mode !== 'async' &&
  one.index === other.index &&
  (one.epoch !== other.epoch || one.entry !== other.entry)
    ? `${nameOf(one)} was acknowledged, and ${nameOf(other)}`
    : undefined;

/** Whether it is in `log`, as far as that tells. */
export const isHeld = (log: ReplicaLog, { epoch, index }: Pick<Acknowledged, 'epoch' | 'index'>): boolean =>
  index <= log.baseIndex || log.epochAt(index) === epoch;

/** What is acknowledged so that it survives is in every later primary. */
export function survives(log: ReplicaLog, reign: Reign, acknowledged: Acknowledged): Problem {
  const isOwed = acknowledged.mode !== 'async' && reign.epoch > acknowledged.by;
  if (!isOwed || isHeld(log, acknowledged)) return undefined;
  return `the primary of epoch ${reign.epoch} lacks ${nameOf(acknowledged)}, which was acknowledged in epoch ${acknowledged.by}`;
}

/** Of what an epoch's primary has acknowledged, the next one lacks no more than may be lost. */
export function lossWithinBound(
  log: ReplicaLog,
  reign: Reign,
  acknowledged: readonly Acknowledged[],
  { maxLoss }: Configuration,
): Problem {
  const lost = lossOf(log, reign, acknowledged);
  return lost <= maxLoss
    ? undefined
    : `the primary of epoch ${reign.epoch} lacks ${lost} acknowledged entries, and at most ${maxLoss} may be lost`;
}

/** How many of the entries that the primary before `reign` has acknowledged its log lacks. */
export const lossOf = (log: ReplicaLog, reign: Reign, acknowledged: readonly Acknowledged[]): number =>
  acknowledged.filter((it) => it.by === reign.epoch - 1 && !isHeld(log, it)).length;

/**
 * What is acknowledged so that it survives is durable at as many of the in-sync set that the authority has recorded as its
 * mode says; whatever was promised of a set that is not recorded counts for nothing.
 */
export function durableInSync(
  acknowledged: Acknowledged,
  recorded: Configuration,
  durable: ReadonlyMap<Address, ReplicaLog>,
): Problem {
  if (acknowledged.mode === 'async') return undefined;
  const isHolder = (replica: string): boolean =>
    [...durable].some(([address, log]) => address === replica && isHeld(log, acknowledged));
  return isMet(holdingQuorum(acknowledged.mode, recorded.inSync), isHolder)
    ? undefined
    : `${nameOf(acknowledged)} was acknowledged, and too few of the in-sync set ${recorded.inSync.join(', ')} hold it`;
}

/** What is acknowledged so that it survives is durable at as many as the least in-sync set of the store would have. */
export function durableAtEnough(
  acknowledged: Acknowledged,
  { minInSync }: Pick<Configuration, 'minInSync'>,
  durable: ReadonlyMap<Address, ReplicaLog>,
): Problem {
  if (acknowledged.mode === 'async') return undefined;
  const holders = [...durable.values()].filter((log) => isHeld(log, acknowledged)).length;
  const least = acknowledged.mode === 'quorum' ? majoritySize(minInSync) : minInSync;
  return holders >= least ? undefined : `${nameOf(acknowledged)} was acknowledged, and ${holders} of ${least} hold it`;
}

/** A read shows all that was acknowledged when it was asked. */
export const readsSeeAcknowledged = (server: Address, floor: number, index: number): Problem =>
  index >= floor ? undefined : `${server} answered a read at ${index}, though ${floor} was acknowledged before it`;

/** What is discarded was not acknowledged, but for what may be lost. */
export const discardsWithinBound = (server: Address, acknowledged: number, maxLoss: number): Problem =>
  acknowledged <= maxLoss
    ? undefined
    : `${server} discarded ${acknowledged} acknowledged entries, and at most ${maxLoss} may be lost`;
