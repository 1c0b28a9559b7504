/** What a proxy tells Prometheus. */

import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { addGauge, addGauges } from '../metrics/read.ts';
import type { DoorEvents, DoorStanding } from './door.ts';
import type { RoundResult } from './rounds.ts';

/** What is read when metrics are asked for. */
export interface ProxyGauges {
  /** The role of the route: routeless, routed, cutting. */
  role(): string | undefined;
  /** How long ago the group was last heard of, in milliseconds; undefined before the first time. */
  newsAgeMs(): number | undefined;
  doors(): readonly (readonly [name: string, standing: DoorStanding])[];
}

export interface ProxyMetrics extends DoorEvents {
  readonly contentType: string;
  cut(connections: number): void;
  round(result: RoundResult, durationMs: number): void;
  render(): Promise<string>;
  close(): void;
}

const routeRoles = ['routeless', 'routed', 'cutting'];

/** Makes the metrics of a proxy; each carries the name of its group. */
export function createProxyMetrics(group: string, gauges: ProxyGauges): ProxyMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ group });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  addStanding(registers, gauges);
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `quorate_proxy_${name}_total`, help, labelNames, registers });
  const refused = counter('refused', 'Clients refused, by port and reason', ['door', 'reason']);
  const ended = counter('ended', 'Connections that ended, by port and why', ['door', 'end']);
  const failed = counter('failed', 'Connections that a server did not take', ['door', 'server']);
  const bytes = counter('bytes', 'Bytes of connections that ended, by port and direction', ['door', 'from']);
  const cuts = counter('cut', 'Connections cut because their server is no longer the one to go to');
  const rounds = counter('rounds', 'Rounds of confirmation, by result', ['result']);
  const roundSeconds = new Histogram({
    name: 'quorate_proxy_round_seconds',
    help: 'How long rounds of confirmation took',
    buckets: [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
    registers,
  });
  return {
    contentType: registry.contentType,
    refused: (door, reason) => refused.inc({ door, reason }),
    ended(door, end, { fromClient, fromServer }) {
      ended.inc({ door, end });
      bytes.inc({ door, from: 'client' }, fromClient);
      bytes.inc({ door, from: 'server' }, fromServer);
    },
    failed: (door, { server }) => failed.inc({ door, server }),
    cut: (connections) => cuts.inc(connections),
    round(result, durationMs) {
      rounds.inc({ result: result.type });
      roundSeconds.observe(durationMs / 1_000);
    },
    render: () => registry.metrics(),
    close: () => registry.clear(),
  };
}

function addStanding(registers: Registry[], { role, newsAgeMs, doors }: ProxyGauges): void {
  const perDoor = (name: string, help: string, read: (standing: DoorStanding) => number): void =>
    addGauges(registers, `quorate_proxy_${name}`, help, 'door', () =>
      doors().map(([door, standing]) => [door, read(standing)] as const),
    );
  perDoor('connections', 'Connections of clients to servers', ({ connections }) => connections);
  perDoor('waiting', 'Clients that wait for a server', ({ waiting }) => waiting);
  perDoor('held_bytes', 'Bytes that wait for confirmation, or for one of the sides to take them', (it) => it.heldBytes);
  addGauges(registers, 'quorate_proxy_route', '1 for the role that the route plays', 'role', () => {
    const now = role();
    return routeRoles.map((it) => [it, it === now ? 1 : 0] as const);
  });
  const ageHelp = 'How long ago the group was last heard of';
  addGauge(registers, 'quorate_proxy_news_age_seconds', ageHelp, () => (newsAgeMs() ?? Number.NaN) / 1_000);
}
