/** What became of messages that no step is known to have taken in. */

import { nodeOf } from '../../../../statecharts/actor/address.ts';
import type { ItemOf } from '../moment.ts';
import type { Timeline } from '../timeline.ts';

/**
 * `lost`: it is known to be, or its node was down, or went down before it took it in. `untold`: so much happened since that it
 * was told of in numbers alone whether it arrived. `open`: it is under way.
 */
export type Fate = 'lost' | 'open' | 'untold';

/** Tells the fates of messages that left from position `first` on, as they are known at position `end`. */
export function fatesAt(timeline: Timeline, first: number, end: number): (sent: ItemOf<'sent'>) => Fate {
  const down = new Set([...timeline.at(first).nodes.values()].flatMap((it) => (it.status === 'down' ? [it.name] : [])));
  /** The last place at which each node was down. */
  const lastDown = new Map<string, number>();
  let untoldMs = Number.NEGATIVE_INFINITY;
  let place = Math.max(first, timeline.first);
  for (const item of timeline.between(first, end)) {
    if (item.type === 'down') down.add(item.node);
    if (item.type === 'up' && down.delete(item.node)) lastDown.set(item.node, place);
    if (item.type === 'summary' && (item.counts.step ?? 0) > 0) untoldMs = Math.max(untoldMs, item.atMs);
    place += 1;
  }
  for (const node of down) lastDown.set(node, Number.POSITIVE_INFINITY);
  return (sent) => {
    const wasDown = (timeline.placeOf(sent.id) ?? 0) < (lastDown.get(nodeOf(sent.to)) ?? 0);
    if (wasDown || timeline.isLost(sent.id)) return 'lost';
    return sent.atMs <= untoldMs ? 'untold' : 'open';
  };
}
