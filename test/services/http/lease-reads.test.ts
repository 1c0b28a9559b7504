/**
 * `consistency=lease` over HTTP, of the node that leads three: over virtual time, in which it is cut off from the others, so
 * that an answer by its lease shows by coming at all.
 */

import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { serveHttp } from '../../../src/services/http/server.ts';
import type { LogProtocolName } from '../../../src/services/store/log/protocol-names.ts';
import type { LogTiming } from '../../../src/services/store/log/timing.ts';
import { type Cluster, createCluster } from '../store/cluster.ts';

const deadlineMs = 60;

/** Lets promises and sockets go on, and time only by `stepMs` each turn. */
async function settled<T>(cluster: Cluster, promise: Promise<T>, stepMs: number): Promise<T> {
  let isOver = false;
  const over = promise.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  while (!isOver) {
    cluster.clock.advance(stepMs);
    await setImmediate();
  }
  return over;
}

const protocols = ['raft', 'paxos'] as const;

/** The HTTP interface of the node that leads three, whose key x is `news`, and which then hears the others no more. */
async function cutOff(protocol: LogProtocolName, timing: LogTiming = {}): Promise<{ cluster: Cluster; url: string }> {
  const cluster = createCluster({ protocol, timing });
  cluster.elect();
  const leader = cluster.leader();
  const { clock } = cluster;
  const environment = { ...systemEnvironment(), clock };
  const http = await serveHttp({ node: leader.node, store: leader.store, environment, protocol, deadlineMs });
  onTestFinished(() => http.close());
  await cluster.value(leader.keys.put('x', new TextEncoder().encode('news')));
  await cluster.value(leader.keys.get('x'));
  cluster.isolate(leader.id);
  return { cluster, url: `${http.url}/kv/x` };
}

describe.each(protocols)('the leader of a store over %s, cut off from the other nodes,', (protocol) => {
  test('answers by its lease, and no more once that is over', async () => {
    const { cluster, url } = await cutOff(protocol, { leaseDriftPpm: 1_000 });
    const read = await settled(cluster, fetch(`${url}?consistency=lease`), 0);
    expect(read.status).toBe(200);
    expect(await settled(cluster, read.text(), 0)).toBe('news');
    cluster.clock.advance(500);
    const late = await settled(cluster, fetch(`${url}?consistency=lease`), 1);
    expect(late.status).toBe(503);
    expect(await settled(cluster, late.json(), 1)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'did-not-happen' });
  });

  test('answers nothing that is linearizable by messages alone', async () => {
    const { cluster, url } = await cutOff(protocol, { leaseDriftPpm: 1_000 });
    expect((await settled(cluster, fetch(url), 1)).status).toBe(503);
  });

  test('asks them where there are no leases', async () => {
    const { cluster, url } = await cutOff(protocol);
    expect((await settled(cluster, fetch(`${url}?consistency=lease`), 1)).status).toBe(503);
  });
});
