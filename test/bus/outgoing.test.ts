import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createOutgoing } from '../../src/bus/tcp/outgoing.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

test('what waits for a peer is counted, what is being written to it among it', () => {
  const taken: (() => void)[] = [];
  const socket = new Writable({ write: (_chunk, _encoding, done) => void taken.push(done) });
  const outgoing = createOutgoing(socket, createVirtualClock(), { queueLimit: 3, queueLimitBytes: 1_000 });
  const frame = new Uint8Array(10);
  outgoing.offer(frame);
  outgoing.flush();
  outgoing.offer(frame);
  outgoing.offer(frame);
  expect(taken).toHaveLength(1);
  expect([outgoing.backlogFrames, outgoing.backlogBytes]).toEqual([3, 30]);
  expect(outgoing.offer(frame)).toBe(false);
  expect(outgoing.backlogFrames).toBe(3);
  outgoing.abandon();
  expect(outgoing.backlogFrames).toBe(0);
});
