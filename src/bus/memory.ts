/**
 * The bus in memory: all nodes live in one process. Envelopes are handed over by reference, in the order in which
 * they were sent, in a later turn of the clock's queue; one turn delivers all that were sent before it.
 */

import { nodeOf } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import { arrivalOf, type Bus, type Envelope, type Origin } from './bus.ts';
import { NodeIdTakenError } from './errors.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createLossTally, createPeerStatuses, type LossTally, type PeerStatuses } from './reports.ts';

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /**
   * How many envelopes may wait for delivery from one node to another; 100,000 by default. Beyond it the newest are
   * dropped and reported.
   */
  readonly queueLimit?: number;
}

/** Connects the nodes that have joined it, each with each. */
export interface MemoryNetwork {
  /**
   * Gives `node` its end of the bus. A node that closed its end may join again, as after a restart; what was on its
   * way to the closed end is lost.
   *
   * @param options `kind`: `client` for an end that is no node of the cluster; `node` by default
   * @throws NodeIdTakenError when a node of that id has joined and not closed
   */
  join(node: string, options?: { readonly kind?: 'node' | 'client' }): Bus;
  /** The nodes that are joined now, sorted. */
  nodes(): readonly string[];
}

interface End {
  readonly node: string;
  /** What the others know it to be. */
  readonly origin: Origin;
  readonly inbox: Inbox;
  readonly peers: PeerStatuses;
  readonly losses: LossTally;
  closed: boolean;
}

/** One direction between two ends. */
interface Lane {
  readonly source: End;
  readonly target: End;
  waiting: number;
}

/** Makes a network that no node has joined yet. */
export function createMemoryNetwork({ clock, queueLimit = 100_000 }: MemoryNetworkOptions): MemoryNetwork {
  const ends = new Map<string, End>();
  let lanes: Lane[] = [];
  let envelopes: Envelope[] = [];

  const deliverAll = (): void => {
    const dueLanes = lanes;
    const due = envelopes;
    lanes = [];
    envelopes = [];
    for (let index = 0; index < due.length; index += 1) {
      const lane = dueLanes[index];
      const envelope = due[index];
      if (lane === undefined || envelope === undefined) continue;
      const { source, target } = lane;
      lane.waiting -= 1;
      if (target.closed) source.losses.add(target.node, 'disconnected', 1);
      else if (!target.inbox.deliver(arrivalOf(envelope, source.origin)))
        source.losses.add(target.node, 'absent', 1, envelope.to);
    }
  };

  const announce = (end: End): void => {
    for (const other of ends.values()) {
      if (other === end) continue;
      end.peers.set({ node: other.node, status: 'connected' });
      clock.enqueue(() => {
        if (!other.closed) other.peers.set({ node: end.node, status: 'connected' });
      });
    }
  };
  const withdraw = (end: End): void => {
    for (const other of ends.values()) {
      clock.enqueue(() => {
        if (other.closed) return;
        other.peers.set({ node: end.node, status: 'disconnected', reason: `node ${end.node} closed its end` });
        other.losses.add(end.node, 'disconnected', 0);
      });
    }
  };

  const busOf = (end: End): Bus => {
    const { node, inbox, peers, losses } = end;
    const lanesFrom = new Map<string, Lane>();
    const laneTo = (target: string): Lane | undefined => {
      const known = lanesFrom.get(target);
      if (known !== undefined && !known.target.closed) return known;
      const present = ends.get(target);
      if (present === undefined) return undefined;
      const lane = { source: end, target: present, waiting: 0 };
      lanesFrom.set(target, lane);
      return lane;
    };
    return {
      node,
      send(envelope) {
        if (end.closed) return;
        const target = nodeOf(envelope.to);
        const lane = laneTo(target);
        if (lane === undefined) {
          losses.add(target, 'disconnected', 1);
        } else if (lane.waiting >= queueLimit) {
          losses.add(target, 'dropped', 1);
        } else {
          lane.waiting += 1;
          if (envelopes.length === 0) clock.enqueue(deliverAll);
          lanes.push(lane);
          envelopes.push(envelope);
        }
      },
      envelopes: (address) => inbox.envelopes(address),
      reject(envelope) {
        if (!end.closed) ends.get(nodeOf(envelope.from))?.losses.add(node, 'absent', 1, envelope.to);
      },
      peers: peers.changes,
      losses: losses.reports,
      async close() {
        if (end.closed) return;
        end.closed = true;
        ends.delete(node);
        withdraw(end);
        inbox.complete();
        peers.complete();
        losses.complete();
      },
    };
  };

  return {
    join(node, { kind = 'node' } = {}) {
      if (ends.has(node)) {
        throw new NodeIdTakenError(`expected a node id that is free, got '${node}', which has joined; close it first`);
      }
      const end: End = {
        node,
        origin: kind === 'node' ? 'member' : 'client',
        inbox: createInbox(),
        peers: createPeerStatuses(),
        losses: createLossTally(clock),
        closed: false,
      };
      ends.set(node, end);
      announce(end);
      return busOf(end);
    },
    nodes: () => [...ends.keys()].sort(),
  };
}
