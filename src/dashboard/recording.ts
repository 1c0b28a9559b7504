/**
 * Recordings: feeds as files. One that is made holds the last of what happened, and how everything stood before it; one
 * that is read comes from anywhere, and is checked from end to end before it is shown.
 */

import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';
import type { FeedHead, FeedItem, Recording, Shown } from './feed.ts';
import { defaultLimits } from './model/limits.ts';
import { feedItem } from './model/read-items.ts';

/** What is no recording, or one that is too large. */
export class RecordingError extends QuorateError {
  readonly code = 'RECORDING';
}

/** Items of what happened that are recorded: as many as a page keeps. */
export const maxRecordedItems = defaultLimits.items;
/** With how everything stood before them. */
const maxItemsRead = 2 * maxRecordedItems;
/** The text of a recording, in characters. */
export const maxRecordingLength = 64 * 2 ** 20;

const recordingSchema = v.object({
  quorate: v.literal('recording'),
  version: v.literal(1),
  items: v.pipe(
    v.array(feedItem),
    v.minLength(1, 'expected items'),
    v.maxLength(maxItemsRead, `expected at most ${maxItemsRead} items`),
    v.check(([head]) => head?.type === 'head', 'expected a head first'),
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

/** A feed that is short, as a recording. */
export const recordingOf = (items: readonly FeedItem[]): Recording => ({ quorate: 'recording', version: 1, items });

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
      return recordingOf([head, ...before.items(kept[0]?.atMs ?? 0), ...kept]);
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
