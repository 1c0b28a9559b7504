/** Readers of watches over HTTP that are slow, gone, or many. */

import { connect, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import {
  addWatchRoute,
  defaultWatchLimits,
  type WatchLimits,
  type WatchParts,
} from '../../../src/services/http/watch.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { until } from '../../fixtures/until.ts';

const kibibyte = 1_024;

interface Served {
  readonly clock: VirtualClock;
  /** Watches whose updates are being asked for. */
  watching(): number;
  /** Asks for a watch; what comes is kept once it is resumed. */
  open(): { readonly socket: Socket; text(): string };
}

/** A route over a store that always has one more update of 256 KiB. @param first answers the first question of each watch */
async function served(
  limits: Partial<WatchLimits>,
  first: () => Promise<void> = async () => undefined,
): Promise<Served> {
  const app: FastifyInstance = fastify();
  const clock = createVirtualClock();
  const value = new Uint8Array(256 * kibibyte).fill(97);
  let watching = 0;
  const kv: WatchParts['kv'] = {
    async revision() {
      await first();
      return 0;
    },
    async *updates(_selection, { signal } = {}) {
      watching += 1;
      try {
        for (let revision = 1; signal?.aborted !== true; revision += 1) {
          yield { revision, changes: [{ key: 'a', revision, value }] };
        }
      } finally {
        watching -= 1;
      }
    },
  };
  const end = addWatchRoute(app, { kv, clock, deadlineMs: 5_000, limits: { ...defaultWatchLimits, ...limits } });
  const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  onTestFinished(async () => {
    end();
    app.server.closeAllConnections();
    await app.close();
  });
  return {
    clock,
    watching: () => watching,
    open() {
      const socket = connect(Number(address.port), address.hostname);
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        text = (text + chunk.toString()).slice(-4 * kibibyte);
      });
      socket.pause();
      socket.write('GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n');
      onTestFinished(() => void socket.destroy());
      return { socket, text: () => text };
    },
  };
}

test('a watch whose reader takes nothing ends, and tells it so when it reads on', async () => {
  const { open, watching } = await served({ watchStallMs: 100 });
  const { socket, text } = open();
  await until('the watch', () => watching() === 1);
  await until('the watch to be given up', () => watching() === 0);
  socket.resume();
  await until('the end', () => text().includes('event: problem'));
  expect(text()).toContain('"code":"SLOW_WATCH"');
});

test('a reader that does not take even the end loses its connection', async () => {
  const { open, watching, clock } = await served({ watchStallMs: 100 });
  const { socket, text } = open();
  await until('the watch', () => watching() === 1);
  await until('the watch to be given up', () => watching() === 0);
  for (let waited = 0; waited <= 100; waited += 10) clock.runNext();
  let isClosed = false;
  socket.on('close', () => {
    isClosed = true;
  });
  socket.resume();
  await until('the connection to be closed', () => isClosed);
  expect(text()).not.toContain('event: problem');
});

test('readers that take nothing are given up at once where more waits for them than there is room for', async () => {
  const { open, watching } = await served({ watchStallMs: 600_000, watchBytes: 1_000 * kibibyte });
  for (let reader = 0; reader < 8; reader += 1) open();
  // Each has up to two updates in this process; what the kernel keeps for it is not counted.
  await until('the first ones to be given up', () => watching() > 0 && watching() <= 4);
});

test('a reader that is gone before the first answer leaves nothing behind', async () => {
  let answer: () => void = () => undefined;
  let asked = 0;
  const { open, watching } = await served(
    { watches: 1 },
    () =>
      new Promise((resolve) => {
        asked += 1;
        answer = resolve;
      }),
  );
  const gone = open();
  await until('the question', () => asked === 1);
  gone.socket.destroy();
  await until('the server to have seen it', async () => {
    const last = answer;
    last();
    const next = open();
    next.socket.resume();
    await until('another watch, or its refusal', () => asked === 2 || next.text().includes('WATCHES_LIMIT'));
    return asked === 2;
  });
  answer();
  await until('the other watch', () => watching() === 1);
});
