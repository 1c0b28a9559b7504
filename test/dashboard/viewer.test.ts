import { expect, test } from 'vitest';
import type { FeedHead, FeedItem } from '../../src/dashboard/feed.ts';
import { createViewer } from '../../src/dashboard/viewer.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

const head: FeedHead = { type: 'head', source: 'nodes', title: 'cluster c', nodes: ['n1'], takesFaults: false };
const up: FeedItem = { type: 'up', node: 'n1', atMs: 1 };
const down: FeedItem = { type: 'down', node: 'n1', atMs: 2, reason: 'killed' };

/** A viewer, and what it was sent. */
function viewing(of: FeedHead = head) {
  const clock = createVirtualClock();
  const socket = { bufferedAmount: 0, send: (text: string) => sent.push(JSON.parse(text)) };
  const sent: (readonly FeedItem[])[] = [];
  const shows: ((items: readonly FeedItem[]) => void)[] = [];
  let watching = 0;
  const viewer = createViewer({
    live: {
      head: () => of,
      nowMs: () => 7,
      show(send) {
        shows.push(send);
        watching += 1;
        send([up]);
        return {
          unsubscribe() {
            watching -= 1;
          },
        };
      },
    },
    clock,
    socket,
    bufferBytes: 1_000,
  });
  const happen = (item: FeedItem): void => shows.at(-1)?.([item]);
  return { clock, socket, sent, happen, viewer, watching: () => watching };
}

test('a viewer is told first what it is of, then how all stands, then what happens', () => {
  const { sent, happen } = viewing();
  happen(down);
  expect(sent).toEqual([[head], [up], [down]]);
});

test('a viewer that is behind is told in numbers what it missed, and anew how all stands, once it has caught up', () => {
  const { clock, socket, sent, happen, watching } = viewing();
  sent.length = 0;
  socket.bufferedAmount = 1_001;
  happen(down);
  happen(down);
  happen(up);
  clock.advance(2_000);
  expect(sent).toEqual([]);
  socket.bufferedAmount = 500;
  clock.advance(500);
  expect(sent).toEqual([
    [head, { type: 'summary', node: 'n1', atMs: 7, counts: { down: 2, up: 1 }, reason: expect.any(String) }],
    [up],
  ]);
  expect(watching()).toBe(1);
  happen(down);
  expect(sent.at(-1)).toEqual([down]);
});

test('a viewer that was behind a feed that is whole is told all of it again, and of nothing missed', () => {
  const whole: FeedHead = { ...head, isWhole: true };
  const { clock, socket, sent, happen } = viewing(whole);
  sent.length = 0;
  socket.bufferedAmount = 1_001;
  happen(down);
  socket.bufferedAmount = 0;
  clock.advance(500);
  expect(sent).toEqual([[whole], [up]]);
});

test('a viewer that is gone is told nothing, and nothing is watched for it', () => {
  const { clock, socket, sent, happen, viewer, watching } = viewing();
  socket.bufferedAmount = 2_000;
  happen(down);
  viewer.close();
  socket.bufferedAmount = 0;
  sent.length = 0;
  clock.advance(10_000);
  happen(down);
  expect(sent).toEqual([]);
  expect(watching()).toBe(0);
});
