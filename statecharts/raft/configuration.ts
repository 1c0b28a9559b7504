/**
 * Who votes, and what a majority of them is. Every quorum of the protocol is taken here, from the latest configuration
 * in the server's log (Raft §4.1), so that a change of the voter set is an entry and nothing else.
 */

import type { Address } from '../actor/address.ts';
import type { Log } from './log.ts';
import type { Snapshot } from './messages.ts';

/** A voter set. */
export interface Configuration {
  /** The entry that it comes from, or the snapshot's last one. */
  readonly index: number;
  /** Sorted, each once. */
  readonly voters: readonly Address[];
}

/** `addresses` as a voter set: sorted, each once, so that all who were given the same servers hold the same bytes. */
export const voterSetOf = (addresses: readonly Address[]): readonly Address[] => [...new Set(addresses)].sort();

/** Whether `addresses`, in any order, are the voters of `configuration`. */
export function sameVoters(addresses: readonly Address[], configuration: Configuration): boolean {
  const voters = voterSetOf(addresses);
  return voters.length === configuration.voters.length && voters.every((it, at) => it === configuration.voters[at]);
}

export const isVoter = (configuration: Configuration, server: Address): boolean =>
  configuration.voters.includes(server);

/** The smallest number of voters of which any two groups share one. */
export const majorityOf = (configuration: Configuration): number => Math.floor(configuration.voters.length / 2) + 1;

/** Whether `servers`, each of them once, hold a majority; those who do not vote do not count. */
export const isMajority = (configuration: Configuration, servers: readonly Address[]): boolean =>
  servers.filter((server) => isVoter(configuration, server)).length >= majorityOf(configuration);

/** The largest number that a majority of voters has reached, each as `reached` tells (Raft §3.5, commitment). */
export function reachedByMajority(configuration: Configuration, reached: (voter: Address) => number): number {
  const numbers = configuration.voters.map(reached).sort((a, b) => b - a);
  return numbers[majorityOf(configuration) - 1] ?? 0;
}

/** The latest configuration in `log` up to `upToIndex`, or else the snapshot's; one that nobody belongs to if none. */
export function configurationIn(log: Log, snapshot: Snapshot | null, upToIndex = log.lastIndex): Configuration {
  const lowest = Math.max(log.baseIndex, snapshot?.index ?? 0);
  for (let index = Math.min(upToIndex, log.lastIndex); index > lowest; index -= 1) {
    const entry = log.entryAt(index);
    if (entry?.kind === 'configuration') return { index, voters: entry.voters };
  }
  return { index: snapshot?.index ?? 0, voters: snapshot?.voters ?? [] };
}
