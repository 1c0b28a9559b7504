/**
 * A window of history as a space-time diagram (Lamport, Time, Clocks, and the Ordering of Events, 1978): a lane for each node,
 * messages as arrows between lanes, and what happens at a node or lasts there on its lane.
 */

import { nodeOf } from '../../../statecharts/actor/address.ts';
import type { Shown } from '../feed.ts';
import type { ItemOf } from './moment.ts';
import { type Fate, fatesAt } from './space-time/fates.ts';
import { type Wanted, wantedItem, wantedSpan } from './space-time/filters.ts';
import { Lanes } from './space-time/lanes.ts';
import { Roles } from './space-time/roles.ts';
import { type Span, spansOf } from './space-time/spans.ts';
import type { Timeline } from './timeline.ts';

/** What of a history is to be seen. */
export interface SpaceTimeOptions extends Wanted {
  /** The window, in the feed's milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The position that is looked at: what comes after it has not happened yet. */
  readonly position: number;
  /** Types of messages that are not shown. */
  readonly hiddenTypes: ReadonlySet<string>;
  /** So many arrows, points and spans at most, each; the oldest are left out. */
  readonly most: number;
}

/** A message, from where it left to where it was taken in. */
export interface Arrow {
  readonly sent: ItemOf<'sent'>;
  readonly fromLane: number;
  readonly toLane: number;
  readonly fromMs: number;
  /** Left out while it is under way, or nothing more is known of it. */
  readonly toMs?: number;
  readonly fate: 'arrived' | Fate;
}

/** Something that happened at a node. */
export interface Point {
  readonly item: Shown;
  readonly lane: number;
  readonly atMs: number;
  readonly kind: 'step' | 'flushed' | 'lost' | 'violation';
}

export interface SpaceTime {
  /** Names of the lanes: the nodes, then clients, then faults where there are any. */
  readonly lanes: readonly string[];
  readonly arrows: readonly Arrow[];
  readonly points: readonly Point[];
  readonly spans: readonly Span[];
  /** Types of the messages in the window, whether shown or not, the most frequent first. */
  readonly types: readonly string[];
  /** Roles that actors had in the window, by name. */
  readonly roles: readonly string[];
  /** How much was left out, since it was too much. */
  readonly omitted: number;
}

/** Items of a message that was under way when the window began are looked for so far before it, as a part of the window. */
const before = 0.5;

/** Within so long nodes tell in numbers of what they did not tell one by one, in milliseconds. */
const summaryWithinMs = 500;

/** What happened in a window of `timeline`. */
export function spaceTimeOf(timeline: Timeline, options: SpaceTimeOptions): SpaceTime {
  const { fromMs, toMs, position, hiddenTypes, most } = options;
  const first = timeline.positionAt(fromMs - before * (toMs - fromMs));
  const end = Math.min(position, timeline.positionAt(toMs));
  const nodes = timeline.head?.nodes ?? [];
  const lanes = new Lanes(nodes);
  const arrows: Arrow[] = [];
  const points: Point[] = [];
  const types = new Map<string, number>();
  const roles = new Roles(timeline, first, end);
  const isWanted = wantedItem(options, { timeline, roles, position });
  const fateOf = fatesAt(timeline, first, Math.min(position, timeline.positionAt(toMs + summaryWithinMs)));
  let place = Math.max(first, timeline.first);
  for (const item of timeline.between(first, end)) {
    if (item.type === 'sent') {
      types.set(item.message.type, (types.get(item.message.type) ?? 0) + 1);
      if (!hiddenTypes.has(item.message.type) && isWanted(item, place)) {
        const arrow = arrowOf(item, timeline, lanes, { position, fateOf });
        if (arrow !== undefined && (arrow.toMs ?? arrow.fromMs) >= fromMs) arrows.push(arrow);
      }
    } else if (item.atMs >= fromMs && isWanted(item, place)) {
      const kind = pointKind(item, hiddenTypes);
      const lane = lanes.of(item.node);
      if (kind !== undefined && lane !== undefined) points.push({ item, lane, atMs: item.atMs, kind });
    }
    place += 1;
  }
  const spans = spansOf(timeline, { fromMs, toMs, first, end, position }, lanes, roles).filter(wantedSpan(options));
  const omitted = [arrows, points, spans].map((all) => Math.max(0, all.length - most));
  return {
    lanes: lanes.names(),
    arrows: arrows.slice(-most),
    points: points.slice(-most),
    spans: spans.slice(-most),
    types: [...types].sort(([one, n], [other, m]) => m - n || one.localeCompare(other)).map(([type]) => type),
    roles: roles.known,
    omitted: omitted.reduce((sum, count) => sum + count, 0),
  };
}

function arrowOf(
  sent: ItemOf<'sent'>,
  timeline: Timeline,
  lanes: Lanes,
  { position, fateOf }: { readonly position: number; fateOf(sent: ItemOf<'sent'>): Fate },
): Arrow | undefined {
  const fromLane = lanes.of(nodeOf(sent.from));
  const toLane = lanes.of(nodeOf(sent.to));
  if (fromLane === undefined || toLane === undefined) return undefined;
  const ends = { sent, fromLane, toLane, fromMs: sent.atMs };
  const arrival = timeline.arrivalOf(sent.id);
  return arrival !== undefined && arrival.place < position
    ? { ...ends, toMs: arrival.atMs, fate: 'arrived' }
    : { ...ends, fate: fateOf(sent) };
}

function pointKind(item: Shown, hiddenTypes: ReadonlySet<string>): Point['kind'] | undefined {
  switch (item.type) {
    case 'step':
      return item.transitions.length > 0 && !hiddenTypes.has(item.cause.type) ? 'step' : undefined;
    case 'lost':
      return hiddenTypes.has(item.message.type) ? undefined : 'lost';
    case 'flushed':
    case 'violation':
      return item.type;
    default:
      return undefined;
  }
}
