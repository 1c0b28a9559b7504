/**
 * Recordings: feeds as files. One that is made holds the last of what happened, and how everything stood before it; one
 * that is read comes from anywhere, and is checked from end to end before it is shown.
 */

import * as v from 'valibot';
import { type Address, isAddress, QuorateError } from '../../statecharts/actor.ts';
import type { FeedHead, FeedItem, Recording, Shown } from './feed.ts';

/** What is no recording, or one that is too large. */
export class RecordingError extends QuorateError {
  readonly code = 'RECORDING';
}

/** Items of a recording; a page that holds more is slow. */
export const maxRecordedItems = 50_000;
/** The text of a recording, in characters. */
export const maxRecordingLength = 128 * 2 ** 20;

const text = v.pipe(v.string(), v.maxLength(10_000));
const address = v.custom<Address>(isAddress, 'expected an address, node/name/key');
const texts = v.pipe(v.array(text), v.maxLength(1_000), v.readonly());
const message = v.objectWithRest({ type: text }, v.unknown());
const happened = { node: text, atMs: v.pipe(v.number(), v.finite()) };
const actor = {
  actor: address,
  chart: text,
  value: v.unknown(),
  role: v.exactOptional(text),
  context: v.unknown(),
};
const transitions = v.pipe(
  v.array(v.object({ id: text, rule: v.exactOptional(text) })),
  v.maxLength(10_000),
  v.readonly(),
);

const headSchema = v.object({
  type: v.literal('head'),
  source: v.picklist(['nodes', 'simulation', 'check']),
  title: text,
  nodes: texts,
  takesFaults: v.boolean(),
});

const shownSchema = v.variant('type', [
  v.object({ type: v.literal('up'), ...happened }),
  v.object({ type: v.literal('down'), ...happened, reason: text }),
  v.object({ type: v.literal('paused'), ...happened }),
  v.object({ type: v.literal('resumed'), ...happened }),
  v.object({ type: v.literal('actor'), ...happened, ...actor }),
  v.object({ type: v.literal('gone'), ...happened, actor: address, error: v.exactOptional(text) }),
  v.object({
    type: v.literal('step'),
    ...happened,
    ...actor,
    id: text,
    from: address,
    cause: message,
    sent: v.exactOptional(text),
    transitions,
    effects: texts,
  }),
  v.object({
    type: v.literal('sent'),
    ...happened,
    id: text,
    step: v.exactOptional(text),
    from: address,
    to: address,
    message,
  }),
  v.object({
    type: v.literal('lost'),
    ...happened,
    sent: v.exactOptional(text),
    from: address,
    to: address,
    message,
    reason: text,
  }),
  v.object({ type: v.literal('flushed'), ...happened, actor: address }),
  v.object({ type: v.literal('peer'), ...happened, peer: text, status: text, reason: v.exactOptional(text) }),
  v.object({
    type: v.literal('operation'),
    ...happened,
    id: text,
    phase: v.picklist(['began', 'ended']),
    client: text,
    text,
    key: v.exactOptional(text),
  }),
  v.object({
    type: v.literal('fault'),
    ...happened,
    id: text,
    isActive: v.boolean(),
    text,
    nodes: texts,
    byHand: v.boolean(),
  }),
  v.object({ type: v.literal('summary'), ...happened, counts: v.record(v.string(), v.number()), reason: text }),
  v.object({ type: v.literal('violation'), ...happened, claim: text, text }),
]);

const recordingSchema = v.object({
  quorate: v.literal('recording'),
  version: v.literal(1),
  items: v.pipe(
    v.tupleWithRest([headSchema], shownSchema),
    v.maxLength(maxRecordedItems + 1_000, `expected at most ${maxRecordedItems} items`),
  ),
});

/** Reads a recording, wherever it comes from. @throws RecordingError that says where it is wrong */
export function parseRecording(source: string): Recording {
  if (source.length > maxRecordingLength) {
    throw new RecordingError(
      `expected a recording of at most ${maxRecordingLength} characters, got ${source.length}; record less`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw new RecordingError('expected a recording in JSON, got something else; give a file that --recording wrote', {
      cause,
    });
  }
  const parsed = v.safeParse(recordingSchema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new RecordingError(
    `the recording is malformed at ${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}; give a file that --recording wrote`,
  );
}

/** Renders a recording for a file: one item a line. */
export const formatRecording = ({ items, ...rest }: Recording): string =>
  `${JSON.stringify(rest).slice(0, -1)},"items":[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]}\n`;

/** Collects a feed for a recording. */
export interface Recorder {
  add(item: FeedItem): void;
  /** @throws RecordingError when the feed did not begin */
  recording(): Recording;
}

/**
 * Makes a recorder that keeps the last `maxItems` items: what a run is recorded for is how it ended. What went before them
 * is told as it stood, and counted.
 */
export function createRecorder(maxItems: number = maxRecordedItems): Recorder {
  let head: FeedHead | undefined;
  let kept: Shown[] = [];
  const before = new Standing();
  const cut = (most: number): void => {
    for (const item of kept.slice(0, Math.max(0, kept.length - most))) before.add(item);
    kept = kept.slice(-most);
  };
  return {
    add(item) {
      if (item.type === 'head') head = item;
      else kept.push(item);
      // Now and then, so that each item is moved a few times at most.
      if (kept.length >= 2 * maxItems) cut(maxItems);
    },
    recording() {
      if (head === undefined) throw new RecordingError('expected a feed that begins with its head, got none');
      cut(maxItems);
      return { quorate: 'recording', version: 1, items: [head, ...before.items(kept[0]?.atMs ?? 0), ...kept] };
    },
  };
}

/** How everything stands after items that are not kept. */
class Standing {
  readonly #nodes = new Map<string, Shown>();
  readonly #paused = new Map<string, Shown>();
  readonly #actors = new Map<string, Shown>();
  readonly #faults = new Map<string, Shown>();
  readonly #counts: Record<string, number> = {};

  add(item: Shown): void {
    this.#counts[item.type] = (this.#counts[item.type] ?? 0) + 1;
    const { node } = item;
    switch (item.type) {
      case 'up':
        this.#nodes.set(node, item);
        break;
      case 'down':
        this.#nodes.set(node, item);
        for (const [actor, { node: of }] of [...this.#actors]) if (of === node) this.#actors.delete(actor);
        break;
      case 'paused':
        this.#paused.set(node, item);
        break;
      case 'resumed':
        this.#paused.delete(node);
        break;
      case 'actor':
      case 'step': {
        const { actor, chart, value, role, context, atMs } = item;
        const shown = { actor, chart, value, context, ...(role === undefined ? {} : { role }) };
        this.#actors.set(actor, { type: 'actor', node, atMs, ...shown });
        break;
      }
      case 'gone':
        this.#actors.delete(item.actor);
        break;
      case 'fault':
        if (item.isActive) this.#faults.set(item.id, item);
        else this.#faults.delete(item.id);
        break;
      default:
        break;
    }
  }

  items(atMs: number): readonly Shown[] {
    const [first] = this.#nodes.values();
    if (first === undefined) return [];
    const reason = 'only what happened last is kept';
    return [
      { type: 'summary', node: first.node, atMs, counts: this.#counts, reason },
      ...[this.#nodes, this.#paused, this.#actors, this.#faults].flatMap((items) =>
        [...items.values()].map((item) => ({ ...item, atMs })),
      ),
    ];
  }
}
