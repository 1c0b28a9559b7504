/** What nodes of this process show to viewers: from when each looks, or all that they did since they are shown. */

import type { Clock } from '../environment/clock.ts';
import type { Node } from '../host/node.ts';
import type { FeedHead, FeedItem, Shown } from './feed.ts';
import { feedOf } from './node-feed.ts';
import { createRecorder } from './recording.ts';
import { storeOperationsOf } from './store-operations.ts';
import type { Live } from './viewer.ts';

/** How long items are gathered before they are sent together, in milliseconds. */
const gatherMs = 100;

/** Items that are kept for viewers who come later: less than one of them may have unsent. */
const keptItems = 1_500;

/** Steps and flushes that are told one by one, a second, where a run is kept: it is short, and its first moment matters. */
const keptPerSecond = 2_000;

type Send = Parameters<Live['show']>[0];

/** Nodes that are shown. */
export interface ShownNodes extends Pick<Live, 'show'> {
  /** Nothing more is told; what was kept stays. Idempotent. */
  end(): void;
}

/** Each viewer has feeds of its own. While none looks, they cost the nodes nothing. */
export const shownFromNow = (nodes: readonly Node[], clock: Clock): ShownNodes => ({
  show: (send) => feedsOf(nodes, gathering(clock, send), { clock }),
  end() {},
});

/** One feed, from now on, of which the last is kept: each viewer is told that first. */
export function shownSinceNow(nodes: readonly Node[], head: FeedHead, clock: Clock): ShownNodes {
  const viewers = new Set<Send>();
  const recorder = createRecorder(keptItems);
  recorder.add(head);
  const tell: Send = (items) => {
    for (const item of items) recorder.add(item);
    for (const send of viewers) send(items);
  };
  const feeds = feedsOf(nodes, gathering(clock, tell), { clock, itemsPerSecond: keptPerSecond });
  return {
    show(send) {
      const [, ...items] = recorder.recording().items;
      send(items);
      viewers.add(send);
      return { unsubscribe: () => void viewers.delete(send) };
    },
    end: () => feeds.unsubscribe(),
  };
}

function feedsOf(
  nodes: readonly Node[],
  send: (item: Shown) => void,
  options: { readonly clock: Clock; readonly itemsPerSecond?: number },
): { unsubscribe(): void } {
  const feeds = nodes.flatMap((node) => [feedOf(node, send, options), storeOperationsOf(node, send, options)]);
  return {
    unsubscribe() {
      for (const feed of feeds) feed.unsubscribe();
    },
  };
}

/** Passes items on together. */
function gathering(clock: Clock, pass: (items: readonly FeedItem[]) => void): (item: Shown) => void {
  let gathered: Shown[] = [];
  const passAll = (): void => {
    const items = gathered;
    gathered = [];
    pass(items);
  };
  return (item) => {
    if (gathered.length === 0) clock.setTimeout(passAll, gatherMs);
    gathered.push(item);
  };
}
