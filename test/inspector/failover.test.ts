/** What the Stately Inspector is shown of failure detection: each role with its chart, and its messages in both directions. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/environment/clock.ts';
import { memoryGroup } from '../../src/resources/managed/memory.ts';
import { startFailoverManager } from '../../src/services/failover/manager-node.ts';
import { answerDetectors, watch } from '../../src/services/failover.ts';
import type { Address } from '../../statecharts/actor.ts';
import { freePorts } from '../fixtures/ports.ts';
import { until } from '../fixtures/until.ts';
import { createCluster } from '../services/agreement/cluster.ts';
import { type Shown, shownOf } from './shown.ts';

const ids = ['n1', 'n2', 'n3'];

test('a detector, its peers and what answers them are shown, with what they say and hear', () => {
  const { clock, cut, node } = createCluster(1, ids);
  const { chartOf, messages: said } = shownOf(ids.map(node));
  answerDetectors(node('n3'));
  for (const id of ['n1', 'n2']) {
    watch(node(id), { targets: ['n3'], detectors: ['n1', 'n2'], estimator: { kind: 'fixed', timeoutMs: 300 }, clock });
  }
  clock.advance(1_000);
  cut('n1', 'n3');
  clock.advance(1_000);
  const [first, second, beat] = ['n1/fault-detector/n3', 'n2/fault-detector/n3', 'n3/heartbeat/'] as const;
  expect([first, second, beat].map(chartOf)).toEqual(['fault-detector', 'fault-detector', 'heartbeat']);
  expect(said(first, beat)).toEqual(['ping']);
  expect(said(beat, first)).toEqual(['ack']);
  expect(said(first, second)).toEqual(['ping-req']);
  expect(said(second, first).sort()).toEqual(['indirect-ack', 'relayed']);
  cut('n2', 'n3');
  clock.advance(2_000);
  expect(said(first, second)).toEqual(expect.arrayContaining(['suspicion', 'opinion']));
  expect(said(second, first)).toEqual(expect.arrayContaining(['suspicion', 'opinion']));
});

test('a manager, its detectors, probes and standbys are shown, with what they say to each other in a failover', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-shown-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [port = 0, httpPort = 0] = await freePorts(2);
  const servers = ['r1', 'r2', 'r3'];
  const group = memoryGroup({ servers, clock: systemClock() });
  const shown: Shown[] = [];
  const manager = await startFailoverManager({
    id: 'm1',
    managers: { m1: { host: '127.0.0.1', port } },
    dataDirectory: join(directory, 'm1'),
    http: { host: '127.0.0.1', port: httpPort },
    plan: { group: 'orders', mode: 'durable', servers: servers.map((server) => ({ server })) },
    servers: Object.fromEntries(
      servers.map((server, at) => [
        server,
        { address: { host: '127.0.0.1', port: 6_001 + at }, server: group.reach(server, 'm1') },
      ]),
    ),
    // The one that is gone refuses; none is late where all are in this process, however busy it is.
    estimator: { kind: 'fixed', timeoutMs: 60_000 },
    pid: 1,
    inspect: (node) => shown.push(shownOf([node])),
  });
  onTestFinished(() => manager.stop());
  const reigns = (epoch: number) => {
    const { standing } = manager.status();
    return standing.epoch === epoch && standing.inSync.length >= 1 && standing.primary !== null;
  };
  await until('a primary', () => reigns(1));
  group.crash(manager.status().standing.primary?.server ?? '');
  await until('another primary', () => reigns(2));

  const [steers, detects] = ['m1/failover.manager/orders', 'm1/fault-detector/orders.r1'] as const;
  const [operates, probes] = ['m1/failover.standby/orders.r1', 'm1/failover.probe/orders.r1'] as const;
  const registers = 'm1/failover.register/orders';
  expect([steers, detects, operates, probes].map((it) => shown[0]?.chartOf(it))).toEqual([
    'failover-manager',
    'fault-detector',
    'standby',
    'probe',
  ]);
  const said = (from: Address, to: Address) => shown[0]?.messages(from, to);
  expect(said(steers, operates)).toEqual(['steer']);
  expect(said(operates, steers)).toEqual(expect.arrayContaining(['stands', 'fails']));
  expect(said(registers, steers)).toEqual(expect.arrayContaining(['leads', 'recorded']));
  expect(said(registers, operates)).toEqual(['recorded']);
  expect(said(detects, probes)).toEqual(['ping']);
  expect(said(probes, detects)).toEqual(expect.arrayContaining(['ack', 'down']));
});
