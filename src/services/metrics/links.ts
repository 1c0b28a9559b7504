/**
 * What became of a node's links, counted from what its bus says: connections, envelopes that were not carried, frames and
 * handshakes that were refused. Only peers have counts of their own, so that strangers and clients, whose names are of
 * their own making, cannot make them grow.
 */

import type { Observable } from 'rxjs';
import type { QuorateError } from '../../../statecharts/actor.ts';
import type { Bus, Loss } from '../../bus/bus.ts';
import { others } from './labels.ts';

/** What links are counted from. */
export interface LinkSource extends Pick<Bus, 'peers' | 'losses'> {
  /** Frames, connections and handshakes that were refused; left out where the bus refuses none. */
  readonly notices?: Observable<{ readonly error: QuorateError; readonly node?: string; readonly count: number }>;
}

export const lossReasons: readonly Loss['reason'][] = ['dropped', 'disconnected', 'absent'];

/** The counts of one link, since the node has begun or the peer became one. */
export interface LinkCounts {
  isConnected: boolean;
  /** Connections that were made. */
  connections: number;
  /** Frames, connections and handshakes that were refused. */
  refused: number;
  readonly lost: Record<Loss['reason'], number>;
}

export interface Links {
  /** The counts of each present peer, and of all others together. */
  counts(): ReadonlyMap<string, Readonly<LinkCounts>>;
  close(): void;
}

/** Counts from now on. @param peers the present peers */
export function countLinks({ peers: statuses, losses, notices }: LinkSource, peers: () => readonly string[]): Links {
  const byPeer = new Map<string, LinkCounts>([[others, noCounts()]]);
  const of = (node: string | undefined): LinkCounts => {
    const name = node !== undefined && peers().includes(node) ? node : others;
    const known = byPeer.get(name);
    if (known !== undefined) return known;
    const counts = noCounts();
    byPeer.set(name, counts);
    return counts;
  };
  const subscriptions = [
    statuses.subscribe(({ node, status }) => {
      const counts = of(node);
      counts.isConnected = status === 'connected';
      if (counts.isConnected) counts.connections += 1;
    }),
    losses.subscribe(({ node, reason, count }) => {
      of(node).lost[reason] += count;
    }),
    notices?.subscribe(({ node, count }) => {
      of(node).refused += count;
    }),
  ];
  return {
    counts() {
      const present = peers();
      for (const name of byPeer.keys()) if (name !== others && !present.includes(name)) byPeer.delete(name);
      for (const name of present) of(name);
      return byPeer;
    },
    close() {
      for (const subscription of subscriptions) subscription?.unsubscribe();
    },
  };
}

const noCounts = (): LinkCounts => ({
  isConnected: false,
  connections: 0,
  refused: 0,
  lost: { dropped: 0, disconnected: 0, absent: 0 },
});
