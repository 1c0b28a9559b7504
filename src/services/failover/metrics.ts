/** What a manager tells Prometheus: of its group, its servers, its detectors, and what went wrong beside. */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { alarms, opinions, phases, type Transition } from '../../../statecharts/failover.ts';
import { addNodeMetrics, type NodeMetricsParts } from '../metrics/node.ts';
import { addGauge, addGauges } from '../metrics/read.ts';
import type { WatchQuality } from './detectors.ts';
import type { FailoverStatus } from './status.ts';

export interface FailoverMetrics {
  readonly contentType: string;
  transition(transition: Transition): void;
  hookFailed(): void;
  auditLost(lines: number): void;
  render(): Promise<string>;
  close(): void;
}

export interface MetricsSources {
  status(): FailoverStatus;
  qualityOf(server: string): WatchQuality | undefined;
}

/** Makes the metrics of a manager; each carries the name of its group. @param node the manager's own */
export function createFailoverMetrics(group: string, sources: MetricsSources, node: NodeMetricsParts): FailoverMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ group });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  addGroup(registers, sources);
  addServers(registers, sources);
  const endNode = addNodeMetrics(registry, node);
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `quorate_failover_${name}_total`, help, labelNames, registers });
  const transitions = counter('transitions', 'Changes of the recorded standing', ['change']);
  const epochs = counter('epochs', 'Choices of a primary that began, by the reason', ['reason']);
  const hooks = counter('hook_failures', 'Calls of hooks that failed or were left out');
  const lost = counter('audit_lines_lost', 'Lines that the audit log could not take');
  return {
    contentType: registry.contentType,
    transition({ change, reason }) {
      transitions.inc({ change });
      if (change === 'elect') epochs.inc({ reason: reason ?? 'none' });
    },
    hookFailed: () => hooks.inc(),
    auditLost: (lines) => lost.inc(lines),
    render: () => registry.metrics(),
    close: endNode,
  };
}

type Read = (status: FailoverStatus) => number;

const numbers: readonly (readonly [name: string, help: string, read: Read])[] = [
  ['in_office', '1 while this manager is in office', (it) => (it.standing.manager === it.id && isSteering(it) ? 1 : 0)],
  ['epoch', 'Choices of a primary so far', (it) => it.standing.epoch],
  ['term', 'Managers that took office so far', (it) => it.standing.term],
  ['in_sync', 'Standbys whose confirmations count', (it) => it.standing.inSync.length],
  [
    'ready',
    'Standbys that are ready, as the manager in office steers them',
    (it) => it.servers.filter(({ role }) => role === 'ready').length,
  ],
  ['flaps', 'Failovers in a row that began before the last one had settled', (it) => it.standing.flaps],
  [
    'maintenance',
    '1 while no failover begins by itself by word of the operator',
    (it) => (it.standing.maintenance ? 1 : 0),
  ],
];

const isSteering = ({ role }: FailoverStatus): boolean =>
  role !== null && role !== 'waiting' && role !== 'taking-office';

function addGroup(registers: Registry[], { status }: MetricsSources): void {
  for (const [name, help, read] of numbers) {
    addGauge(registers, `quorate_failover_${name}`, help, () => read(status()));
  }
  addGauges(registers, 'quorate_failover_phase', '1 for the phase that is recorded', 'phase', () => {
    const { standing } = status();
    return phases.map((phase) => [phase, phase === standing.phase ? 1 : 0] as const);
  });
  const alarmHelp = '1 while the alarm is raised, as the manager in office tells';
  addGauges(registers, 'quorate_failover_alarm', alarmHelp, 'alarm', () => {
    const raised = status().alarms;
    return alarms.map((alarm) => [alarm, raised.includes(alarm) ? 1 : 0] as const);
  });
}

function addServers(registers: Registry[], { status, qualityOf }: MetricsSources): void {
  const gauge = (name: string, help: string, read: (server: string) => number | null | undefined): void =>
    addGauges(registers, `quorate_failover_${name}`, help, 'server', () =>
      status().servers.flatMap(({ server }) => {
        const value = read(server);
        return value === undefined || value === null ? [] : [[server, value] as const];
      }),
    );
  gauge(
    'server_lag_bytes',
    'How far a standby is behind',
    (name) => status().servers.find(({ server }) => server === name)?.lagBytes,
  );
  gauge('detector_mistakes', 'Suspicions that were mistaken', (name) => qualityOf(name)?.mistakes);
  gauge(
    'detector_accuracy',
    'Share of the time in which a living server was not suspected',
    (name) => qualityOf(name)?.queryAccuracy,
  );
  gauge('detector_stalls', 'How often the detector itself was away', (name) => qualityOf(name)?.stalls);
  new Gauge({
    name: 'quorate_failover_server_opinion',
    help: '1 for what the detector of this manager thinks of a server',
    labelNames: ['server', 'opinion'],
    registers,
    collect() {
      for (const { server, opinion } of status().servers) {
        for (const one of opinions) this.set({ server, opinion: one }, one === opinion ? 1 : 0);
      }
    },
  });
}
