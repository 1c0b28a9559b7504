import { createWebSocketReceiver } from '@statelyai/inspect';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { faultDetector } from '../../examples/fault-detector.ts';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { systemClock } from '../../src/environment/clock.ts';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { createNode, type Node } from '../../src/host/node.ts';
import { bounded } from '../../src/inspector/bounded.ts';
import { gatherInspectors, InspectorPortError, serveInspector } from '../../src/inspector/server.ts';
import { type StatelyEvent, showNode } from '../../src/inspector/stately.ts';
import { createVirtualClock, type VirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Address } from '../../statecharts/actor.ts';
import { until } from '../fixtures/until.ts';
import { address, bench } from '../host/bench.ts';
import { counter } from '../host/counter.ts';
import { createManualJournal } from '../host/manual-journal.ts';

/** Two nodes that watch each other. */
function twoDetectors(inspect?: (node: Node) => void): { clock: VirtualClock; nodes: readonly [Node, Node] } {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const environment = { clock, randomness: seededRandomness(1), ids: seededIds(seededRandomness(1).stream('ids')) };
  const make = (id: string, peer: string): Node => {
    const node = createNode({
      id,
      bus: network.join(id),
      journal: createManualJournal(id),
      environment,
      ...(inspect === undefined ? {} : { inspect }),
    });
    node.start(faultDetector, { key: peer, input: { peer: `${peer}/example.fault-detector/${id}` } });
    return node;
  };
  return { clock, nodes: [make('n1', 'n2'), make('n2', 'n1')] };
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('the Stately Inspector', () => {
  test('is shown each actor with its chart, under its address, and every message with its sender', () => {
    const events: StatelyEvent[] = [];
    const { clock } = twoDetectors((node) => showNode(node, { send: (event) => events.push(event) }));
    clock.advance(150);
    const introduced = events.filter((event) => event.type === '@xstate.actor' && event.definition !== undefined);
    expect(introduced.map(({ sessionId }) => sessionId)).toEqual([
      'n1/example.fault-detector/n2',
      'n2/example.fault-detector/n1',
    ]);
    expect(introduced[0]).toMatchObject({ definition: expect.stringContaining('"id":"fault-detector"') });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: '@xstate.event',
        event: { type: 'heartbeat' },
        sessionId: 'n2/example.fault-detector/n1',
        sourceId: 'n1/example.fault-detector/n2',
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        type: '@xstate.snapshot',
        sessionId: 'n2/example.fault-detector/n1',
        snapshot: expect.objectContaining({ value: { beating: 'pausing', listening: 'trusting' } }),
      }),
    );
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  test('is shown what a node sends to others, whom no one watches, and when', () => {
    const events: StatelyEvent[] = [];
    const { clock, nodes } = twoDetectors();
    showNode(nodes[0], { send: (event) => events.push(event) }, undefined, 1_700_000_000_000);
    clock.advance(150);
    const sent = events.filter((event) => event.type === '@xstate.event' && event.sourceId?.startsWith('n1/') === true);
    expect(sent).toContainEqual(
      expect.objectContaining({ event: { type: 'heartbeat' }, sessionId: 'n2/example.fault-detector/n1' }),
    );
    const times = events.map(({ createdAt }) => Number(createdAt) - 1_700_000_000_000);
    expect(Math.min(...times)).toBe(0);
    expect(Math.max(...times)).toBeLessThanOrEqual(150);
  });

  test('is told when things happened by the time of day', () => {
    const events: StatelyEvent[] = [];
    const { nodes } = twoDetectors();
    showNode(nodes[0], { send: (event) => events.push(event) });
    expect(Number(events[0]?.createdAt)).toBeGreaterThan(Date.UTC(2024, 0));
  });

  test('has a page that asks again for a node that is gone, and says that it needs the internet', async () => {
    const { nodes } = twoDetectors();
    const server = await serveInspector(nodes[0]);
    closers.push(() => server.close());
    const page = await (await fetch(server.url)).text();
    expect(page).toMatch(/onclose = .*setTimeout\(connect/s);
    expect(page).toContain('has not loaded: this page needs https://stately.ai/inspect');
  });

  test('is served over a WebSocket, and the node is watched only while somebody is connected', async () => {
    const { clock, nodes } = twoDetectors();
    clock.advance(150);
    const server = await serveInspector(nodes[0]);
    closers.push(() => server.close());
    const receiver = createWebSocketReceiver({ server: server.url.replace('http', 'ws') });
    const received: { type: string; sessionId: string }[] = [];
    await new Promise<void>((resolve) => {
      receiver.subscribe((event) => {
        received.push(event);
        if (received.length === 1) clock.advance(150);
        if (event.type === '@xstate.event' && event.sourceId === 'n2/example.fault-detector/n1') resolve();
      });
    });
    expect(received[0]).toMatchObject({ type: '@xstate.actor', sessionId: 'n1/example.fault-detector/n2' });
  });

  test('shows all nodes on one page, each message once, by the word of its receiver while that is watched', async () => {
    const { clock, nodes } = twoDetectors();
    const servers = await Promise.all(nodes.map((node) => serveInspector(node)));
    const urls = new Map(nodes.map(({ id }, at) => [id, servers[at]?.url ?? '']));
    const gathered = await gatherInspectors({ clock: systemClock(), urls: () => urls });
    closers.push(...[gathered, ...servers].map((it) => () => it.close()));
    const viewer = new WebSocket(gathered.url.replace('http', 'ws'));
    const shown: StatelyEvent[] = [];
    viewer.on('message', (data) => shown.push(JSON.parse(String(data))));
    await until('both nodes to be introduced', () =>
      nodes.every(({ id }) =>
        shown.some(({ sessionId, type }) => type === '@xstate.actor' && sessionId.startsWith(id)),
      ),
    );
    shown.length = 0;
    clock.advance(100);
    const heartbeats = (): readonly string[] =>
      shown.flatMap((it) => (it.type === '@xstate.event' && it.event.type === 'heartbeat' ? it.sessionId : []));
    await until('the heartbeats of both', () => heartbeats().length >= 2);
    clock.advance(100);
    await until('the next of both', () => heartbeats().length >= 4);
    expect([...heartbeats()].sort()).toEqual([
      'n1/example.fault-detector/n2',
      'n1/example.fault-detector/n2',
      'n2/example.fault-detector/n1',
      'n2/example.fault-detector/n1',
    ]);
    // Where the receiver is watched no longer, the sender's word counts.
    await servers[1]?.close();
    shown.length = 0;
    await until('what goes to a node that nobody watches', () => {
      clock.advance(100);
      return heartbeats().includes('n2/example.fault-detector/n1');
    });
    viewer.terminate();
  });

  test('serves a page for browsers, and refuses a port that is taken by name', async () => {
    const { nodes } = twoDetectors();
    const server = await serveInspector(nodes[0]);
    closers.push(() => server.close());
    const answer = await fetch(server.url);
    expect(answer.headers.get('content-type')).toMatch(/html/);
    const port = Number(new URL(server.url).port);
    await expect(serveInspector(nodes[1], { port })).rejects.toThrow(InspectorPortError);
  });
});

describe('a bounded rendering', () => {
  test('never grows with what it shows', () => {
    const deep = { a: { b: { c: { d: 1 } } } };
    const wide = Array.from({ length: 100 }, (_, index) => index);
    const bounds = { depth: 2, members: 3, stringLength: 4 };
    expect(bounded(deep, bounds)).toEqual({ a: { b: '…' } });
    expect(bounded(wide, bounds)).toEqual([0, 1, 2, '… (100)']);
    expect(bounded('x'.repeat(9), bounds)).toBe('xxxx… (9)');
    expect(bounded({ bytes: new Uint8Array(9), error: new Error('no') }, bounds)).toEqual({
      bytes: '<9 bytes>',
      error: 'Error: no',
    });
    expect(bounded({ a: 1, b: 2, c: 3, d: 4 }, bounds)).toEqual({ a: 1, b: 2, c: 3, '…': 4 });
  });

  test('shows of a log as many entries as it is told to', () => {
    const log = { shortened: (most: number) => [0, 1, 2, 3].slice(-most) };
    expect(bounded({ log }, { depth: 3, members: 3, stringLength: 9 })).toEqual({ log: [1, 2, 3] });
    expect(bounded({ log }, { depth: 3, members: 3, stringLength: 9, entries: 1 })).toEqual({ log: [3] });
  });

  test('shows a member whatever its name', () => {
    const named: unknown = JSON.parse('{ "__proto__": { "a": 1 }, "constructor": 2 }');
    expect(JSON.stringify(bounded(named))).toBe('{"__proto__":{"a":1},"constructor":2}');
  });
});

describe('the inspector, over time,', () => {
  test('forgets senders that it introduced long ago, and introduces them again', () => {
    const { node, peer, settle } = bench();
    const { node: n1 } = node('n1');
    n1.start(counter, { input: {} });
    settle();
    const introduced: string[] = [];
    showNode(n1, {
      send(event) {
        if (event.type === '@xstate.actor') introduced.push(event.sessionId);
      },
    });
    const { bus } = peer('n2');
    const senders = Array.from({ length: 10_001 }, (_, index): Address => `n2/test.peer/${index}`);
    for (const from of [...senders, ...senders.slice(0, 1)])
      bus.send({ from, to: address, message: { type: 'counted' } });
    settle();
    expect(introduced.filter((sender) => sender === 'n2/test.peer/0')).toHaveLength(2);
    expect(introduced.filter((sender) => sender === 'n2/test.peer/9000')).toHaveLength(1);
  });

  test('lets no page from elsewhere watch', async () => {
    const { nodes } = twoDetectors();
    const server = await serveInspector(nodes[0]);
    closers.push(() => server.close());
    const knock = (origin?: string, host?: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(server.url.replace('http', 'ws'), {
          ...(origin === undefined ? {} : { origin }),
          ...(host === undefined ? {} : { headers: { host } }),
        });
        socket.on('open', () => {
          socket.terminate();
          resolve('watches');
        });
        socket.on('error', ({ message }) => resolve(message));
      });
    expect(await knock()).toBe('watches');
    expect(await knock(server.url)).toBe('watches');
    expect(await knock('http://elsewhere.example')).toMatch(/401/);
    expect(await knock('null')).toMatch(/401/);
    // A foreign name that was made to resolve to this machine: host and origin agree, and both are foreign.
    const { port } = new URL(server.url);
    const rebound = { host: `elsewhere.example:${port}`, origin: `http://elsewhere.example:${port}` };
    expect(await knock(rebound.origin, rebound.host)).toMatch(/401/);
  });
});
