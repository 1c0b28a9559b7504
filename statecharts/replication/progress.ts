/**
 * How a leader brings its log to one follower, whatever the protocol says of the entries: it probes, one message at a time,
 * until it knows how far the follower is; then it replicates, with many messages in flight; and it offers its snapshot to a
 * follower whose next entry is compacted. A follower that lacks something, or cannot be reached, is probed again.
 */

import { type Address, nodeOf } from '../actor/address.ts';
import type { Send, Tagged } from '../actor/effects.ts';
import type { Limits } from './limits.ts';

/** What a leader knows of one follower. */
interface Known {
  readonly server: Address;
  /** The highest entry up to which the follower durably holds what the leader does. */
  readonly match: number;
  /** The next entry to send. */
  readonly next: number;
  /** The last round that it answered. */
  readonly round: number;
  /** Whether it was heard since the last look at the quorum. */
  readonly heard: boolean;
}

/** What a leader knows of one follower, and how it replicates to it. */
export type Progress = Known &
  (
    | { readonly mode: 'probing' /** A probe is out; the next one waits for an answer. */; readonly probed: boolean }
    | { readonly mode: 'replicating' }
    | {
        readonly mode: 'snapshotting';
        /** The snapshot that it was last told of. */
        readonly lastIndex: number;
        /** How often it has said that the snapshot is on its way. */
        readonly fetching: number;
        /** Whether a transfer to it has failed. */
        readonly hasFailed: boolean;
      }
  );

/** Where a leader's entries are. */
interface Entries {
  readonly baseIndex: number;
  readonly lastIndex: number;
  sizeBetween(afterIndex: number, upToIndex: number): number;
}

/** What the messages to followers are made from. */
export interface Source {
  readonly log: Entries;
  readonly limits: Limits;
}

/** The messages of a protocol that carry its log. */
export interface Wire<From extends Source, Message extends Tagged> {
  /**
   * Adds a message with entries from `next` on, none when `maxEntries` is 0. @returns how many entries it carries
   */
  append(
    source: From,
    server: Address,
    next: number,
    maxEntries: number,
    maxBytes: number,
    outgoing: Send<Message>[],
  ): number;
  /** Adds a message that tells of the latest snapshot. @returns the last entry of that */
  offer(source: From, server: Address, outgoing: Send<Message>[]): number;
}

/** Sends followers what they may be sent. */
export interface Pace<From extends Source, Message extends Tagged> {
  /** What is due to one follower. */
  sendDue(source: From, progress: Progress, outgoing: Send<Message>[]): Progress;
  /**
   * A message without entries, which says where the next one to send stands, so that a follower which lacks one before it
   * says so; or the snapshot that the follower needs, told again.
   */
  sendHeartbeat(source: From, progress: Progress, outgoing: Send<Message>[]): Progress;
}

/** Nothing is known of `server`; the leader tries the entry `next`. */
export const freshProgress = (server: Address, next: number): Progress => ({
  server,
  match: 0,
  next,
  round: 0,
  heard: false,
  mode: 'probing',
  probed: false,
});

/** It has answered this round of heartbeats or the one before, and nothing was lost on the way to it since. */
export const isHeardLately = ({ mode, round }: Progress, currentRound: number): boolean =>
  mode === 'replicating' && round >= currentRound - 1;

/** Paces the messages of a protocol. */
export function paced<From extends Source, Message extends Tagged>(wire: Wire<From, Message>): Pace<From, Message> {
  type Outgoing = Send<Message>[];

  /** Messages follow each other without waiting, as far as the window goes. */
  function sendWindow(source: From, progress: Progress, outgoing: Outgoing): Progress {
    const { log, limits } = source;
    const { match, server } = progress;
    let next = progress.next;
    while (next <= log.lastIndex) {
      const freeEntries = limits.windowEntries - (next - 1 - match);
      const freeBytes = limits.windowBytes - log.sizeBetween(match, next - 1);
      if (freeEntries <= 0 || freeBytes <= 0) break;
      next += wire.append(source, server, next, freeEntries, Math.min(freeBytes, limits.maxAppendBytes), outgoing);
    }
    return next === progress.next ? progress : { ...progress, next };
  }

  /** What the follower needs is compacted, so it is told of the latest snapshot, which it fetches. */
  function offerSnapshot(source: From, progress: Progress, outgoing: Outgoing): Progress {
    const { heard, match, round, server } = progress;
    const lastIndex = wire.offer(source, server, outgoing);
    const next = lastIndex + 1;
    if (progress.mode === 'snapshotting') return { ...progress, next, lastIndex };
    return { server, match, next, round, heard, mode: 'snapshotting', lastIndex, fetching: 0, hasFailed: false };
  }

  return {
    sendDue(source, progress, outgoing) {
      const { limits, log } = source;
      if (progress.mode === 'snapshotting') return progress;
      if (progress.next > log.lastIndex) return progress;
      if (progress.next <= log.baseIndex) return offerSnapshot(source, progress, outgoing);
      if (progress.mode === 'replicating') return sendWindow(source, progress, outgoing);
      if (progress.probed) return progress;
      wire.append(source, progress.server, progress.next, limits.windowEntries, limits.maxAppendBytes, outgoing);
      return { ...progress, probed: true };
    },
    sendHeartbeat(source, progress, outgoing) {
      const { mode, next, server } = progress;
      if (mode !== 'snapshotting' && next > source.log.baseIndex) {
        wire.append(source, server, next, 0, 0, outgoing);
        return progress;
      }
      const told = offerSnapshot(source, progress, outgoing);
      if (mode === 'snapshotting') wire.append(source, server, told.next, 0, 0, outgoing);
      return told;
    },
  };
}

/** The follower holds what the leader does up to `index`. */
export function noteMatch(log: Pick<Entries, 'baseIndex' | 'lastIndex'>, progress: Progress, index: number): Progress {
  const match = Math.max(progress.match, Math.min(index, log.lastIndex));
  const { heard, round, server } = progress;
  switch (progress.mode) {
    case 'probing':
      return { server, match, next: match + 1, round, heard, mode: 'replicating' };
    case 'replicating':
      return match === progress.match ? progress : { ...progress, match, next: Math.max(progress.next, match + 1) };
    case 'snapshotting':
      if (match >= log.baseIndex) return { server, match, next: match + 1, round, heard, mode: 'replicating' };
      if (match < progress.lastIndex) return { ...progress, match };
      return probingFrom({ ...progress, match }, match + 1, false);
  }
}

/** Probes from `next` on; `probed` when the next probe is the next heartbeat. */
export function probingFrom(progress: Known, next: number, probed: boolean): Progress {
  const { heard, match, round, server } = progress;
  return { server, match, next, round, heard, mode: 'probing', probed };
}

/** Something was lost on the way: from what is known to be there, the next heartbeat asks how far the follower is. */
const noteUnreachable = (progress: Progress): Progress =>
  progress.mode === 'replicating' ? probingFrom(progress, progress.match + 1, true) : progress;

/** What a leader knows of `server`; undefined where that is no follower, or none is meant. */
export const followerOf = (followers: readonly Progress[], server: string | undefined): Progress | undefined =>
  followers.find((progress) => progress.server === server);

/**
 * The followers after `noted` was learned of one of them: the same array where that is nothing new.
 *
 * @returns undefined when `server` is no follower
 */
export function withNoted(
  followers: readonly Progress[],
  server: string,
  noted: (progress: Progress) => Progress,
): readonly Progress[] | undefined {
  const place = followers.findIndex((progress) => progress.server === server);
  const before = followers[place];
  if (before === undefined) return undefined;
  const after = noted(before);
  return after === before ? followers : followers.with(place, after);
}

/** The followers after what was in flight to a node, or to one server on it, may have been lost. */
export const withLost = (
  followers: readonly Progress[],
  { address, node }: { readonly address?: Address | undefined; readonly node: string },
): readonly Progress[] =>
  followers.map((progress) =>
    (address === undefined ? nodeOf(progress.server) === node : progress.server === address)
      ? noteUnreachable(progress)
      : progress,
  );

/** How it stands with a snapshot: on its way, not to be had, or in force. */
export const snapshotStandings = ['fetching', 'failed', 'installed'] as const;
export type SnapshotStanding = (typeof snapshotStandings)[number];

/** Takes note of how it stands with the snapshot of `lastIndex`. */
export function noteStanding(
  log: Pick<Entries, 'baseIndex' | 'lastIndex'>,
  progress: Progress,
  { lastIndex, standing }: { readonly lastIndex: number; readonly standing: SnapshotStanding },
): Progress {
  const noted = { ...progress, heard: true };
  if (standing === 'installed') return noteMatch(log, noted, lastIndex);
  if (noted.mode !== 'snapshotting') return noted;
  if (standing === 'failed') return { ...noted, hasFailed: true };
  return { ...noted, fetching: noted.fetching + 1 };
}
