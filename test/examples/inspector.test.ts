import { createWebSocketInspector } from '@statelyai/inspect';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { startWatched } from '../../examples/inspector.ts';
import { serveInspector } from '../../src/inspector/server.ts';
import type { StatelyEvent } from '../../src/inspector.ts';
import { virtualEnvironment } from './virtual.ts';

test('an adapter is shown the nodes from their first moment on', async () => {
  const environment = virtualEnvironment();
  const events: StatelyEvent[] = [];
  const nodes = startWatched(environment, { send: (event) => events.push(event) });
  environment.clock.advance(100);
  const introduced = events.flatMap((event) =>
    event.type === '@xstate.actor' && event.definition !== undefined ? event.sessionId : [],
  );
  expect(introduced).toEqual(['n1/example.fault-detector/n2', 'n2/example.fault-detector/n1']);
  expect(events.filter(({ type }) => type === '@xstate.event').length).toBeGreaterThan(2);
  await Promise.all(nodes.map((node) => node.stop()));
});

test("the inspector's own WebSocket adapter carries what the nodes do", async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('expected a port');
  const arrived = new Promise<string>((resolve) => {
    server.on('connection', (socket) => socket.on('message', (data) => resolve(String(data))));
  });
  const inspector = createWebSocketInspector({ url: `ws://127.0.0.1:${address.port}`, autoStart: true });
  onTestFinished(() => inspector.stop());
  const environment = virtualEnvironment();
  const nodes = startWatched(environment, inspector.adapter);
  environment.clock.advance(100);
  expect(JSON.parse(await arrived)).toMatchObject({ sessionId: 'n1/example.fault-detector/n2' });
  await Promise.all(nodes.map((node) => node.stop()));
});

test('a page shows a node to whoever opens it', async () => {
  const [node, other] = startWatched(virtualEnvironment());
  const served = await serveInspector(node);
  const page = await fetch(served.url);
  expect(await page.text()).toContain('stately.ai/inspect');
  await served.close();
  await Promise.all([node.stop(), other.stop()]);
});
