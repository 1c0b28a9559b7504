/** What any node tells Prometheus, whatever it serves: how full it is, what waits, what it refused, and how its links do. */

import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../environment/clock.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import type { Occupancy } from '../../host/rooms.ts';
import type { Journal } from '../../journal/journal.ts';
import { others } from './labels.ts';
import { countLinks, type LinkSource, lossReasons } from './links.ts';

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
  new Counter({
    name: 'quorate_refused_messages_total',
    help: 'Messages and requests that were not taken, by the reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(node.refused)) this.inc({ reason }, count);
    },
  });
  return parts.bus === undefined ? () => undefined : addLinks(registers, parts.bus, parts);
}

/** How full the node is: what it holds for ever is worth an alarm before it refuses. */
function addOccupancy(registers: Registry[], node: NodeMetricsParts['node']): void {
  const add = (name: string, help: string, read: (occupancy: Occupancy) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['room'],
      registers,
      collect() {
        const { actors, rooms } = node.occupancy;
        this.set({ room: 'actors' }, read(actors));
        for (const [room, occupancy] of Object.entries(rooms)) this.set({ room }, read(occupancy));
      },
    });
  };
  add('quorate_room_taken', 'Actors, and keys in the rooms of definitions', ({ count }) => count);
  add('quorate_room_limit', 'How many of them there may be', ({ limit }) => limit);
}

/** What waits for the node's actors, and what waits for its disk. */
function addQueues(registers: Registry[], node: NodeMetricsParts['node'], { nowMs }: Clock): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `quorate_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge(
    'mailbox_messages',
    'Messages, timeouts and answers that wait for the actors of the node, between two of its turns',
    () => node.waitingJobs,
  );
  gauge('unflushed_bytes', 'Bytes that wait for the disk', () => node.unflushedBytes);
  gauge('unflushed_seconds', 'For how long the oldest record that is not durable has waited for the disk', () => {
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
  const perPeer = (name: string, help: string, read: (peer: string) => number): void => {
    new Gauge({
      name: `quorate_link_${name}`,
      help,
      labelNames: ['peer'],
      registers,
      collect() {
        this.reset();
        for (const peer of peers()) this.set({ peer }, read(peer));
      },
    });
  };
  perPeer('connected', '1 while a peer is connected with', (peer) => (links.counts().get(peer)?.isConnected ? 1 : 0));
  if (backlog !== undefined) {
    perPeer('waiting_frames', 'Frames that wait until a peer takes them', (peer) => backlog.framesFor(peer));
    perPeer('waiting_bytes', 'Bytes that wait until a peer takes them', (peer) => backlog.bytesFor(peer));
    new Gauge({
      name: 'quorate_clients_waiting_bytes',
      help: 'Bytes that wait until clients take them, of all clients together',
      registers,
      collect() {
        this.set(backlog.clientBytes);
      },
    });
  }
  new Counter({
    name: 'quorate_link_connections_total',
    help: `Connections that were made with a peer; beyond the first, each is one that was lost before. Of clients as ${others}`,
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset();
      for (const [peer, { connections }] of links.counts()) this.inc({ peer }, connections);
    },
  });
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
  new Counter({
    name: 'quorate_link_refused_total',
    help: `Frames, connections and handshakes that were refused; of clients and strangers as ${others}`,
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset();
      for (const [peer, { refused }] of links.counts()) this.inc({ peer }, refused);
    },
  });
  return links.close;
}
