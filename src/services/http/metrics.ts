/** What a node tells Prometheus about its store. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Observable, Subscription } from 'rxjs';
import type { Clock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';
import type { LinkSource } from '../metrics/links.ts';
import { addNodeMetrics } from '../metrics/node.ts';
import { addGauge, addGauges } from '../metrics/read.ts';
import type { ComparisonStatus } from '../state-comparison.ts';
import type { ReplicatedStore, StoreStatus } from '../store/replicated-store.ts';
import type { ResponseBudget } from './response-budget.ts';

/** The metrics of one node. */
export interface Metrics {
  /** Takes note of an answered request. */
  answered(method: string, route: string, status: number, durationMs: number): void;
  readonly contentType: string;
  render(): Promise<string>;
  close(): void;
}

const gauges: readonly (readonly [name: string, help: string, read: (status: StoreStatus) => number])[] = [
  ['quorate_is_leader', '1 while this node leads', ({ role }) => (role === 'leader' ? 1 : 0)],
  ['quorate_commit_index', 'Last committed entry', ({ commitIndex }) => commitIndex],
  ['quorate_applied_index', 'Last applied entry', ({ appliedIndex }) => appliedIndex],
  ['quorate_last_index', 'Last entry of the log', ({ lastIndex }) => lastIndex],
  ['quorate_sessions', 'Client sessions', ({ sessions }) => sessions],
  ['quorate_waiting_requests', 'Requests that wait for the log', ({ waiting }) => waiting],
  ['quorate_in_flight_requests', 'Requests under way', ({ inFlight }) => inFlight],
];

/** From a fast disk's flush to what clients no longer wait for, in seconds. */
const waitBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** How long the disk takes, and how long the log does. @returns what listens for it */
function addTimes(node: Node, store: ReplicatedStore, registers: Registry[]): readonly Subscription[] {
  const histogram = (name: string, help: string, timesMs: Observable<number>): Subscription => {
    const seconds = new Histogram({ name, help, buckets: waitBuckets, registers });
    return timesMs.subscribe((ms) => seconds.observe(ms / 1_000));
  };
  return [
    histogram('quorate_flush_seconds', 'How long records waited for the disk, of one write at a time', node.flushTimes),
    histogram(
      'quorate_commit_seconds',
      'How long entries that this node placed in the log took until they were committed and applied',
      store.commitTimes,
    ),
  ];
}

/** What metrics are read from. */
export interface MetricsParts {
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly budget: ResponseBudget;
  readonly comparison?: (() => ComparisonStatus) | undefined;
  /** The node's bus, for its links; they are left out by default. */
  readonly bus?: LinkSource | undefined;
  readonly clock: Clock;
}

/** Makes the metrics of a node and its store. */
export function createMetrics({ node, store, budget, comparison, bus, clock }: MetricsParts): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const peers = (): readonly string[] => [...store.membership.reachable().keys()].filter((it) => it !== node.id);
  const endNode = addNodeMetrics(registry, { node, bus, peers, clock });
  collectDefaultMetrics({ register: registry });
  for (const [name, help, read] of gauges) addGauge(registers, name, help, () => read(store.status()));
  for (const [name, first] of Object.entries(store.status().details)) {
    if (typeof first !== 'number') continue;
    new Gauge({
      name: `quorate_${name.replace(/[A-Z]/g, (it) => `_${it.toLowerCase()}`)}`,
      help: `The ${name} of the log's protocol`,
      registers,
      collect() {
        const value = store.status().details[name];
        if (typeof value === 'number') this.set(value);
      },
    });
  }
  const bytesHelp = 'Bytes of values that wait for their readers';
  addGauge(registers, 'quorate_http_response_bytes', bytesHelp, () => budget.usedBytes);
  addGauges(
    registers,
    'quorate_state_differs',
    '1 for each node whose state was another one than that of this node, after the same entry, when they were compared last',
    'node',
    () => (comparison?.().differing ?? []).map((differing) => [differing, 1] as const),
  );
  const roleChanges = new Counter({
    name: 'quorate_role_changes_total',
    help: 'Changes of role',
    labelNames: ['role'],
    registers,
  });
  const subscription = node.roleChanges.subscribe(({ role = 'none' }) => roleChanges.inc({ role }));
  const ends = [subscription, ...addTimes(node, store, registers)];
  const durations = new Histogram({
    name: 'quorate_http_request_seconds',
    help: 'Duration of HTTP requests',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  return {
    answered: (method, route, status, durationMs) =>
      durations.observe({ method, route, status: String(status) }, durationMs / 1_000),
    contentType: registry.contentType,
    render: () => registry.metrics(),
    close() {
      for (const end of ends) end.unsubscribe();
      endNode();
      registry.clear();
    },
  };
}
