/** Reads what comes over a wire or out of a file as items of a feed. */

import * as v from 'valibot';
import { type Address, isAddress } from '../../../statecharts/actor/address.ts';
import type { FeedItem } from '../feed.ts';

const address = v.custom<Address>(isAddress);
/** The times that dates can tell (ECMAScript, 21.4.1.1), either way. */
const mostMs = 8.64e15;
const happened = { node: v.string(), atMs: v.pipe(v.number(), v.minValue(-mostMs), v.maxValue(mostMs)) };
/** What feeds hold is nested less; what goes through it at any depth would run out of stack. */
const mostLevels = 32;
const plain = v.pipe(
  v.unknown(),
  v.check((value) => isWithin(mostLevels, value), `expected at most ${mostLevels} levels`),
);
const message = v.pipe(
  v.looseObject({ type: v.string() }),
  v.check((value) => isWithin(mostLevels, value), `expected at most ${mostLevels} levels`),
);
const rest = {
  actor: address,
  chart: v.string(),
  value: plain,
  role: v.exactOptional(v.string()),
  context: plain,
};
const way = { from: address, to: address, message };

/** An item of a feed. */
export const feedItem = v.variant('type', [
  v.object({
    type: v.literal('head'),
    source: v.picklist(['nodes', 'simulation', 'check']),
    title: v.string(),
    nodes: v.array(v.string()),
    takesFaults: v.boolean(),
    isWhole: v.exactOptional(v.boolean()),
  }),
  v.object({ ...happened, type: v.literal('up') }),
  v.object({ ...happened, type: v.literal('down'), reason: v.string() }),
  v.object({ ...happened, type: v.literal('paused') }),
  v.object({ ...happened, type: v.literal('resumed') }),
  v.object({ ...happened, ...rest, type: v.literal('actor') }),
  v.object({ ...happened, type: v.literal('gone'), actor: address, error: v.exactOptional(v.string()) }),
  v.object({
    ...happened,
    ...rest,
    type: v.literal('step'),
    id: v.string(),
    from: address,
    cause: message,
    sent: v.exactOptional(v.string()),
    transitions: v.array(v.object({ id: v.string(), rule: v.exactOptional(v.string()) })),
    effects: v.array(v.string()),
  }),
  v.object({ ...happened, ...way, type: v.literal('sent'), id: v.string(), step: v.exactOptional(v.string()) }),
  v.object({ ...happened, ...way, type: v.literal('lost'), sent: v.exactOptional(v.string()), reason: v.string() }),
  v.object({ ...happened, type: v.literal('arrived'), sent: v.string(), to: address }),
  v.object({ ...happened, type: v.literal('flushed'), actor: address }),
  v.object({
    ...happened,
    type: v.literal('peer'),
    peer: v.string(),
    status: v.string(),
    reason: v.exactOptional(v.string()),
  }),
  v.object({
    ...happened,
    type: v.literal('operation'),
    id: v.string(),
    phase: v.picklist(['began', 'ended']),
    client: v.string(),
    text: v.string(),
    key: v.exactOptional(v.string()),
  }),
  v.object({
    ...happened,
    type: v.literal('fault'),
    id: v.string(),
    isActive: v.boolean(),
    text: v.string(),
    nodes: v.array(v.string()),
    links: v.exactOptional(v.array(v.tuple([v.string(), v.string()]))),
    byHand: v.boolean(),
  }),
  v.object({
    ...happened,
    type: v.literal('summary'),
    counts: v.record(v.string(), v.number()),
    reason: v.string(),
  }),
  v.object({ ...happened, type: v.literal('violation'), claim: v.string(), text: v.string() }),
]);

function isWithin(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isWithin(levels - 1, member));
}

/** What was read, and how much of it is no item of a feed. */
export interface ReadItems {
  readonly items: readonly FeedItem[];
  readonly refused: number;
}

/** Reads a message of a feed: an item, or several in a row. */
export function readItems(value: unknown): ReadItems {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const items = values.flatMap((it): readonly FeedItem[] => {
    const read = v.safeParse(feedItem, it);
    return read.success ? [read.output] : [];
  });
  return { items, refused: values.length - items.length };
}

/** Reads a recording; undefined for what is none, or one of another version. */
export function readRecording(value: unknown): ReadItems | undefined {
  const read = v.safeParse(
    v.object({ quorate: v.literal('recording'), version: v.literal(1), items: v.array(v.unknown()) }),
    value,
  );
  return read.success ? readItems(read.output.items) : undefined;
}
