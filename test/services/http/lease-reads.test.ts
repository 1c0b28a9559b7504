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
import type { ReplicatedStore } from '../../../src/services/store/replicated-store.ts';
import type { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { createCluster } from '../store/cluster.ts';

const deadlineMs = 60;
const protocols = ['raft', 'paxos'] as const;

/** The HTTP interface of a node that leads three, cut off from the others while it holds a lease, where there are any. */
interface CutOff {
  readonly clock: VirtualClock;
  /** Asks for x. Time passes once the store is asked, and no further than for `lastsMs`, however slow sockets are. */
  ask(query: string, lastsMs: number): Promise<{ readonly status: number; readonly body: string }>;
}

/** The key x of all three nodes is `news`. */
async function cutOff(protocol: LogProtocolName, timing: LogTiming = {}): Promise<CutOff> {
  const cluster = createCluster({ protocol, timing });
  cluster.elect();
  const { id, keys, node, store } = cluster.leader();
  const { clock } = cluster;
  let leftMs = 0;
  let nextMs = 0;
  const query: ReplicatedStore['query'] = (...asked) => {
    leftMs = nextMs;
    return store.query(...asked);
  };
  const environment = { ...systemEnvironment(), clock };
  const http = await serveHttp({ node, store: { ...store, query }, environment, protocol, deadlineMs });
  onTestFinished(() => http.close());
  await cluster.value(keys.put('x', new TextEncoder().encode('news')));
  await cluster.value(keys.get('x'));
  cluster.isolate(id);
  const fetched = async (search: string) => {
    const response = await fetch(`${http.url}/kv/x${search}`);
    return { status: response.status, body: await response.text() };
  };
  return {
    clock,
    async ask(search, lastsMs) {
      let isOver = false;
      nextMs = lastsMs;
      const answer = fetched(search).finally(() => {
        isOver = true;
      });
      answer.catch(() => {});
      while (!isOver) {
        clock.advance(leftMs > 0 ? 1 : 0);
        leftMs = Math.max(0, leftMs - 1);
        await setImmediate();
      }
      return answer;
    },
  };
}

describe.each(protocols)('the leader of a store over %s, cut off from the other nodes,', (protocol) => {
  test('answers by its lease, and no more once that is over', async () => {
    const { ask, clock } = await cutOff(protocol, { leaseDriftPpm: 1_000 });
    expect(await ask('?consistency=lease', 0)).toEqual({ status: 200, body: 'news' });
    clock.advance(500);
    const { status, body } = await ask('?consistency=lease', 2 * deadlineMs);
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'did-not-happen' });
  });

  test('answers nothing that is linearizable by messages alone', async () => {
    const { ask } = await cutOff(protocol, { leaseDriftPpm: 1_000 });
    expect(await ask('', 2 * deadlineMs)).toMatchObject({ status: 503 });
  });

  test('asks them where there are no leases', async () => {
    const { ask } = await cutOff(protocol);
    expect(await ask('?consistency=lease', 2 * deadlineMs)).toMatchObject({ status: 503 });
  });
});
