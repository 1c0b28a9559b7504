/**
 * The configuration in force. Every quorum of the protocol is taken from here, from the latest configuration in the
 * server's log, committed or not (Raft §4.1), so that a change of members is an entry and nothing else.
 */

import type { Address } from '../actor/address.ts';
import { jointOf, majorityOf, type Quorum } from '../quorum.ts';
import { isVoter, type Members, noMembers } from '../replication/members.ts';
import type { Log } from './log.ts';
import type { Snapshot } from './messages.ts';

/** The members from an entry on. */
export interface Configuration extends Members {
  /** The entry that it comes from, or the snapshot's last one. */
  readonly index: number;
}

/** Those who together decide: a majority of the voters; in a joint configuration, of each of its two sets (§4.3). */
export const quorumOf = ({ voters, nextVoters }: Members): Quorum =>
  nextVoters === null ? majorityOf(voters) : jointOf(majorityOf(voters), majorityOf(nextVoters));

/** The latest configuration in `log` up to `upToIndex`, or else the snapshot's; one without members if none. */
export function configurationIn(log: Log, snapshot: Snapshot | null, upToIndex = log.lastIndex): Configuration {
  const lowest = Math.max(log.baseIndex, snapshot?.index ?? 0);
  for (let index = Math.min(upToIndex, log.lastIndex); index > lowest; index -= 1) {
    const entry = log.entryAt(index);
    if (entry?.kind === 'configuration') return { index, ...entry.members };
  }
  return { index: snapshot?.index ?? 0, ...(snapshot?.members ?? noMembers) };
}

/** What of a server decides who takes part. */
export interface Standing {
  readonly configuration: Configuration;
  readonly commitIndex: number;
  readonly log: Log;
  readonly snapshot: Snapshot | null;
}

/**
 * The latest configuration that is certainly committed: where the latest one is not known to be, the one before it, as
 * no change begins before the last one is committed.
 */
export function settledConfiguration({ configuration, commitIndex, log, snapshot }: Standing): Configuration {
  return configuration.index <= commitIndex ? configuration : configurationIn(log, snapshot, configuration.index - 1);
}

/** Whether `server` was retired by a committed configuration: what is not committed may be taken back. */
export const isRetired = (standing: Standing, server: Address): boolean =>
  standing.configuration.retired.includes(server) && settledConfiguration(standing).retired.includes(server);

/**
 * §4.2.2: whether `server` may stand for election: as a voter of the latest configuration; or as one that it removes
 * for as long as that is not committed, because until then the change may need its log to come to an end.
 */
export const mayStand = (standing: Standing, server: Address): boolean =>
  isVoter(standing.configuration, server) || isVoter(settledConfiguration(standing), server);
