/** How much goes over each link: what left and what was lost within the last moments. */

import type { Address } from '../../../statecharts/actor/address.ts';
import { nodeOf } from '../../../statecharts/actor/address.ts';
import type { ItemOf } from './moment.ts';
import type { Timeline } from './timeline.ts';

/** A one-way link. */
export interface LinkTraffic {
  readonly from: string;
  readonly to: string;
  /** Messages that left, and those that went nowhere, within the window. */
  readonly sent: number;
  readonly lost: number;
  /** How many of each type, the most frequent first. */
  readonly types: readonly (readonly [string, number])[];
}

/** What went over the links of a cluster. */
export interface Traffic {
  /** By `FROM TO`. */
  readonly links: ReadonlyMap<string, LinkTraffic>;
  /** In the feed's milliseconds. */
  readonly windowMs: number;
  /** What was told in numbers alone, as there was too much. */
  readonly untold: number;
}

/** So many items are looked at; where more lie within the window, it is shortened. */
const maxItems = 5_000;

/** What went over the links within `windowMs` before `position`; of what is very busy, within less. */
export function trafficAt(timeline: Timeline, position: number, windowMs: number): Traffic {
  const endMs = timeline.atMs(position) ?? 0;
  const counted = new Map<
    string,
    { from: string; to: string; sent: number; lost: number; types: Map<string, number> }
  >();
  const count = (from: Address, to: Address, type: string, isLost: boolean): void => {
    const [sender, receiver] = [nodeOf(from), nodeOf(to)];
    if (sender === receiver) return;
    const key = `${sender} ${receiver}`;
    const link = counted.get(key) ?? { from: sender, to: receiver, sent: 0, lost: 0, types: new Map() };
    counted.set(key, link);
    if (isLost) link.lost += 1;
    else {
      link.sent += 1;
      link.types.set(type, (link.types.get(type) ?? 0) + 1);
    }
  };
  const { nodes } = timeline.at(position);
  /** Nothing takes in what goes to a node that is down. */
  const isFutile = ({ to, atMs }: ItemOf<'sent'>): boolean => {
    const node = nodes.get(nodeOf(to));
    return node?.status === 'down' && atMs >= node.sinceMs;
  };
  let untold = 0;
  let place = Math.min(position, timeline.end) - 1;
  let sinceMs = endMs - windowMs;
  for (; place >= timeline.first; place -= 1) {
    const item = timeline.item(place);
    if (item === undefined || item.atMs <= sinceMs) break;
    if (item.type === 'sent') count(item.from, item.to, item.message.type, isFutile(item));
    if (item.type === 'lost') count(item.from, item.to, item.message.type, true);
    if (item.type === 'summary') {
      // Of what a transport did not deliver it was told as it left.
      const { undelivered: _undelivered, ...others } = item.counts;
      untold += Object.values(others).reduce((sum, count) => sum + count, 0);
    }
    if (position - place >= maxItems) {
      sinceMs = item.atMs;
      break;
    }
  }
  const links = [...counted].map(([key, { types, ...link }]): [string, LinkTraffic] => [
    key,
    { ...link, types: [...types].sort(([, one], [, other]) => other - one) },
  ]);
  return { links: new Map(links), windowMs: endMs - sinceMs, untold };
}
