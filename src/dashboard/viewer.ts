/**
 * One viewer of a dashboard. While it takes less than it is sent it is told in numbers what it misses; once it has caught up,
 * it is told anew how all stands.
 */

import type { Clock } from '../environment/clock.ts';
import type { FeedHead, FeedItem } from './feed.ts';

/** What is seen. */
export interface Live {
  head(): FeedHead;
  /** Now, as items tell the time. */
  nowMs(): number;
  /** Tells `send` how all stands, and of what happens from now on, until that is ended. */
  show(send: (items: readonly FeedItem[]) => void): { unsubscribe(): void };
}

/** The viewer's connection. */
export interface ViewerSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
}

export interface ViewerParts {
  readonly live: Live;
  readonly clock: Clock;
  readonly socket: ViewerSocket;
  /** What may be unsent before the viewer counts as behind. */
  readonly bufferBytes: number;
}

export interface Viewer {
  close(): void;
}

/** How often it is looked whether one that was behind has caught up, in milliseconds. */
const lookMs = 500;

/** Tells a viewer what it is of, how all stands, and what happens, until it is closed. */
export function createViewer({ live, clock, socket, bufferBytes }: ViewerParts): Viewer {
  let counts: Record<string, number> | undefined;
  let isClosed = false;
  let timeout: ReturnType<Clock['setTimeout']> | undefined;
  const send = (items: readonly FeedItem[]): void => {
    if (isClosed || items.length === 0) return;
    if (counts === undefined && socket.bufferedAmount <= bufferBytes) {
      socket.send(JSON.stringify(items));
      return;
    }
    counts ??= {};
    for (const { type } of items) counts[type] = (counts[type] ?? 0) + 1;
    timeout ??= clock.setTimeout(look, lookMs);
  };
  const look = (): void => {
    timeout = undefined;
    if (counts === undefined || isClosed) return;
    if (socket.bufferedAmount > bufferBytes / 2) {
      timeout = clock.setTimeout(look, lookMs);
      return;
    }
    const head = live.head();
    const [node = ''] = head.nodes;
    const missed: FeedItem = {
      type: 'summary',
      node,
      atMs: live.nowMs(),
      counts,
      reason: 'this page takes less than the cluster does',
    };
    counts = undefined;
    // A feed that is whole tells all of it again.
    send(head.isWhole === true ? [head] : [head, missed]);
    showing.unsubscribe();
    showing = live.show(send);
  };
  send([live.head()]);
  let showing = live.show(send);
  return {
    close() {
      isClosed = true;
      if (timeout !== undefined) clock.clearTimeout(timeout);
      showing.unsubscribe();
    },
  };
}
