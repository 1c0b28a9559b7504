/** What passes between `quorate up` and the processes of its nodes, so that they can be watched, and faults ordered of them. */

import * as v from 'valibot';
import type { Shown } from '../dashboard/feed.ts';

const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Longer than any patience of a protocol. */
const delayMs = v.pipe(v.number(), v.minValue(0), v.maxValue(600_000));

const instruction = v.variant('type', [
  /** Whether a dashboard looks. One that begins to look is told anew how all stands. */
  v.object({ type: v.literal('watch'), isWatched: v.boolean() }),
  v.object({ type: v.literal('link'), peer: v.string(), lossProbability: probability, delayMs }),
  v.object({ type: v.literal('disk'), delayMs, isFull: v.boolean() }),
  /** Ends all faults of links and of the disk. */
  v.object({ type: v.literal('heal') }),
]);

/** What a node's process is told by the one that started it. */
export type Instruction = v.InferOutput<typeof instruction>;

/** The instruction in a message; undefined when it is none. */
export function instructionIn(message: unknown): Instruction | undefined {
  const parsed = v.safeParse(instruction, message);
  return parsed.success ? parsed.output : undefined;
}

/** Said by a process of this program: what else an item holds is looked at by the page that shows it. */
const item = v.custom<Shown>((value) =>
  v.is(v.looseObject({ type: v.string(), node: v.string(), atMs: v.number() }), value),
);
const shown = v.object({ type: v.literal('shown'), items: v.array(item) });

/** What a node's process shows, in items of a dashboard's feed. */
export type ShownReport = v.InferOutput<typeof shown>;

/** What a message shows; undefined when it shows nothing. */
export function shownIn(message: unknown): ShownReport | undefined {
  const parsed = v.safeParse(shown, message);
  return parsed.success ? parsed.output : undefined;
}
