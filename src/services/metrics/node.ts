/** What any node tells Prometheus, whatever it serves: how full it is, what waits, what it refused, and how its links do. */

import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../environment/clock.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import type { Occupancy } from '../../host/rooms.ts';
import type { Journal } from '../../journal/journal.ts';
import { others } from './labels.ts';
import { countLinks, type LinkCounts, type LinkSource, lossReasons } from './links.ts';
import { addCounters, addGauge, addGauges } from './read.ts';

export interface NodeMetricsParts {
  readonly node: Pick<Node, 'occupancy' | 'unflushedBytes' | 'refused' | 'waitingJobs' | 'backlog'> & {
    readonly journal: Pick<Journal, 'unflushedSinceMs'>;
  };
  /** Its bus, for its links; they are left out by default. */
  readonly bus?: LinkSource | undefined;
  /** The other nodes of its cluster, as they are at the moment: each has a label. None by default. */
  readonly peers?: (() => readonly string[]) | undefined;
  /** The node's clock; the system's by default. */
  readonly clock?: Clock;
}

/**
 * Adds what a node tells to a registry of prom-client's. Nothing is counted per message: what the node knows anyway is read
 * when metrics are asked for, and of its links only what goes wrong is heard.
 *
 * @returns ends it
 *
 * @example
 * const { node, bus } = await startNode({ id: 'n1', directory: './n1', peers, secret });
 * addNodeMetrics(register, { node, bus, peers: () => Object.keys(peers) });
 */
export function addNodeMetrics(registry: Registry, parts: NodeMetricsParts): () => void {
  const { node } = parts;
  const registers = [registry];
  addOccupancy(registers, node);
  addQueues(registers, node, parts.clock ?? systemEnvironment().clock);
  const refusedHelp = 'Messages and requests that were not taken, by the reason';
  addCounters(registers, 'quorate_refused_messages_total', refusedHelp, 'reason', () => Object.entries(node.refused));
  return parts.bus === undefined ? () => undefined : addLinks(registers, parts.bus, parts);
}

/** How full the node is: what it holds for ever is worth an alarm before it refuses. */
function addOccupancy(registers: Registry[], node: NodeMetricsParts['node']): void {
  const add = (name: string, help: string, read: (occupancy: Occupancy) => number): void =>
    addGauges(registers, name, help, 'room', () => {
      const { actors, rooms } = node.occupancy;
      return Object.entries({ actors, ...rooms }).map(([room, occupancy]) => [room, read(occupancy)] as const);
    });
  add('quorate_room_taken', 'Actors, and keys in the rooms of definitions', ({ count }) => count);
  add('quorate_room_limit', 'How many of them there may be', ({ limit }) => limit);
}

/** What waits for the node's actors, and what waits for its disk. */
function addQueues(registers: Registry[], node: NodeMetricsParts['node'], { nowMs }: Clock): void {
  addGauge(
    registers,
    'quorate_mailbox_messages',
    'Messages, timeouts and answers that wait for the actors of the node, between two of its turns',
    () => node.waitingJobs,
  );
  addGauge(registers, 'quorate_unflushed_bytes', 'Bytes that wait for the disk', () => node.unflushedBytes);
  const ageHelp = 'For how long the oldest record that is not durable has waited for the disk';
  addGauge(registers, 'quorate_unflushed_seconds', ageHelp, () => {
    const { unflushedSinceMs } = node.journal;
    return unflushedSinceMs === undefined ? 0 : (nowMs() - unflushedSinceMs) / 1_000;
  });
}

/** @returns ends it */
function addLinks(
  registers: Registry[],
  bus: LinkSource,
  { node: { backlog }, peers = () => [] }: NodeMetricsParts,
): () => void {
  const links = countLinks(bus, peers);
  const perPeer = (name: string, help: string, read: (peer: string) => number): void =>
    addGauges(registers, `quorate_link_${name}`, help, 'peer', () =>
      peers().map((peer) => [peer, read(peer)] as const),
    );
  const countedPerPeer = (name: string, help: string, read: (counts: Readonly<LinkCounts>) => number): void =>
    addCounters(registers, `quorate_link_${name}_total`, help, 'peer', () =>
      [...links.counts()].map(([peer, counts]) => [peer, read(counts)] as const),
    );
  perPeer('connected', '1 while a peer is connected with', (peer) => (links.counts().get(peer)?.isConnected ? 1 : 0));
  if (backlog !== undefined) {
    perPeer('waiting_frames', 'Frames that wait until a peer takes them', (peer) => backlog.framesFor(peer));
    perPeer('waiting_bytes', 'Bytes that wait until a peer takes them', (peer) => backlog.bytesFor(peer));
    const clientsHelp = 'Bytes that wait until clients take them, of all clients together';
    addGauge(registers, 'quorate_clients_waiting_bytes', clientsHelp, () => backlog.clientBytes);
  }
  countedPerPeer(
    'connections',
    `Connections that were made with a peer; beyond the first, each is one that was lost before. Of clients as ${others}`,
    ({ connections }) => connections,
  );
  new Counter({
    name: 'quorate_link_lost_total',
    help: 'Frames that were not carried: dropped because the queue was full, disconnected, or absent where no actor took them',
    labelNames: ['peer', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const [peer, { lost }] of links.counts()) {
        for (const reason of lossReasons) this.inc({ peer, reason }, lost[reason]);
      }
    },
  });
  countedPerPeer(
    'refused',
    `Frames, connections and handshakes that were refused; of clients and strangers as ${others}`,
    ({ refused }) => refused,
  );
  return links.close;
}
