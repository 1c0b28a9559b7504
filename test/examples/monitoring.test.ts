/** The dashboard and the alerts name what nodes, managers and proxies tell Prometheus, and nothing else. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { EMPTY } from 'rxjs';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { createFailoverMetrics } from '../../src/services/failover/metrics.ts';
import type { FailoverStatus, ServerState } from '../../src/services/failover/status.ts';
import { addTransactionMetrics } from '../../src/services/metrics.ts';
import { createProxyMetrics } from '../../src/services/proxy/metrics.ts';
import { foundingStanding, phases } from '../../statecharts/failover.ts';
import { startHttpNode } from '../services/http/http-node.ts';

const folder = join(import.meta.dirname, '../../examples/monitoring');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

const dashboard = v.parse(
  v.object({
    title: v.string(),
    panels: v.array(
      v.object({
        id: v.number(),
        title: v.string(),
        gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
        targets: v.pipe(v.array(v.object({ refId: v.string(), expr: v.string() })), v.minLength(1)),
      }),
    ),
  }),
  JSON.parse(read('dashboard.json')),
);
const alerts = v
  .parse(
    v.object({
      groups: v.array(
        v.object({
          name: v.string(),
          rules: v.array(
            v.strictObject({
              alert: v.pipe(v.string(), v.regex(/^Quorate[A-Za-z]+$/)),
              expr: v.string(),
              for: v.exactOptional(v.pipe(v.string(), v.regex(/^\d+[sm]$/))),
              labels: v.object({ severity: v.picklist(['critical', 'warning']) }),
              annotations: v.object({ summary: v.string(), description: v.string() }),
            }),
          ),
        }),
      ),
    }),
    parse(read('alerts.yaml')),
  )
  .groups.flatMap(({ rules }) => rules);

/** The names of metrics that an expression asks for. */
const namesIn = (expr: string): readonly string[] => expr.match(/\b(?:quorate|nodejs|process)_\w+/g) ?? [];

/** The names of what is told: of the samples, and of metrics that have none yet. */
const namesTold = (text: string): readonly string[] =>
  text
    .split('\n')
    .flatMap((line) => /^# TYPE (\w+)|^(\w+)/.exec(line)?.slice(1) ?? [])
    .filter((it) => it !== undefined);

async function toldByStores(): Promise<string> {
  const node = await startHttpNode();
  onTestFinished(() => node.stop());
  await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v' });
  return (await fetch(`${node.url}/metrics`)).text();
}

function toldByManagers(): Promise<string> {
  const server: ServerState = {
    server: 'r1',
    address: '127.0.0.1:1',
    opinion: 'trusted',
    role: null,
    isPrimary: false,
    isInSync: false,
    position: null,
    lagBytes: 1,
    isFailing: false,
  };
  const status: FailoverStatus = {
    group: 'group',
    id: 'n1',
    pid: null,
    role: null,
    registerLeader: null,
    alarms: [],
    obstacle: null,
    servers: [server],
    standing: foundingStanding({ mode: 'durable' }),
    uptimeMs: 1,
  };
  return createFailoverMetrics(
    'group',
    { status: () => status, qualityOf: () => undefined },
    {
      node: {
        occupancy: { actors: { count: 1, limit: 2 }, rooms: {} },
        unflushedBytes: 0,
        waitingJobs: 0,
        refused: { stranger: 0, absent: 0, malformed: 0, late: 0, unsendable: 0, overload: 0 },
        journal: { unflushedSinceMs: undefined },
        backlog: { bytesFor: () => 0, framesFor: () => 0, clientBytes: 0, relieved: EMPTY },
      },
      bus: { peers: EMPTY, losses: EMPTY },
      peers: () => ['n2'],
    },
  ).render();
}

function toldByTransactionManagers(): Promise<string> {
  const registry = new Registry();
  addTransactionMetrics(registry, {
    list: () => [],
    status: () => ({
      node: 'n1',
      incarnation: 1,
      open: 0,
      maxOpen: 1,
      keptOutcomes: 0,
      keptKeys: 0,
      maxKeptOutcomes: 1,
      forgottenEarly: 0,
      committed: 0,
      aborted: 0,
      resources: [],
    }),
  });
  return registry.metrics();
}

function toldByProxies(): Promise<string> {
  const door = { connections: 0, waiting: 0, heldBytes: 0 };
  return createProxyMetrics('group', {
    role: () => 'routed',
    newsAgeMs: () => 1,
    doors: () => [['primary', door]],
  }).render();
}

test('every name in the dashboard and the alerts is told by a node, a manager or a proxy', async () => {
  const texts = [toldByStores(), toldByManagers(), toldByTransactionManagers(), toldByProxies()];
  const told = new Set((await Promise.all(texts)).flatMap(namesTold));
  const expressions = [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...alerts.map(({ expr }) => expr),
  ];
  expect(expressions.flatMap(namesIn).length).toBeGreaterThan(45);
  expect(expressions.filter((expr) => namesIn(expr).length === 0 && !expr.startsWith('up{'))).toEqual([]);
  expect(expressions.flatMap(namesIn).filter((name) => !told.has(name))).toEqual([]);
  const asked = alerts.flatMap(({ expr }) => /phase="(\w+)"/.exec(expr)?.[1] ?? []);
  expect(asked.filter((phase) => !phases.some((it) => it === phase))).toEqual([]);
});

test('no panel lies on another one, and each has an id of its own', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const overlapping = panels.flatMap((one, at) =>
    panels
      .slice(at + 1)
      .filter(
        ({ gridPos: { x, y, w, h } }) =>
          one.gridPos.x < x + w &&
          x < one.gridPos.x + one.gridPos.w &&
          one.gridPos.y < y + h &&
          y < one.gridPos.y + one.gridPos.h,
      ),
  );
  expect(overlapping).toEqual([]);
});
