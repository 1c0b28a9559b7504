/**
 * Snapshots of a decision register, part by part: its transactions, those of them that have ended in the order in which
 * they did, and what was forgotten.
 */

import * as v from 'valibot';
import { encode } from '../../store/codec.ts';
import { UnreadableStateError } from '../../store/errors.ts';
import type { StateView } from '../../store/state-machine.ts';
import type { Order } from '../ids.ts';
import { decoded, type RegisterEntry, registerEntry } from './messages.ts';

/** A part of a snapshot; one of version 1 was the whole. */
const partForm = v.object({
  version: v.picklist([1, 2]),
  entries: v.optional(v.array(registerEntry), []),
  ended: v.optional(v.array(v.string()), []),
  marks: v.optional(v.array(v.object({ origin: v.string(), incarnation: v.number(), sequence: v.number() })), []),
});
/** About what an entry takes in a part, without its branches and its answer. */
const entrySizeBytes = 200;
export type RegisterPart = v.InferOutput<typeof partForm>;

/** What a view of a register is made of: each gives the next one, and undefined at its end. */
export interface ViewSources {
  readonly entries: () => RegisterEntry | undefined;
  readonly ended: () => string | undefined;
  readonly marks: () => ({ readonly origin: string } & Order) | undefined;
  release(): void;
}

const sizeOf = (item: unknown): number =>
  entrySizeBytes +
  (typeof item === 'object' && item !== null && 'answer' in item ? JSON.stringify(item.answer).length : 0);

function upTo<T>(next: () => T | undefined, mostBytes: number): T[] {
  const items: T[] = [];
  for (let bytes = 0; bytes === 0 || bytes + entrySizeBytes <= mostBytes; ) {
    const item = next();
    if (item === undefined) break;
    items.push(item);
    bytes += sizeOf(item);
  }
  return items;
}

export const viewOf = (sources: ViewSources): StateView => ({
  next(sizeBytes) {
    for (const name of ['entries', 'ended', 'marks'] as const) {
      const items = upTo<unknown>(sources[name], sizeBytes);
      if (items.length > 0) return encode({ version: 2, [name]: items });
    }
    return undefined;
  },
  release: sources.release,
});

/** @throws UnreadableStateError */
export function readPart(part: Uint8Array): RegisterPart {
  const read = v.safeParse(partForm, decoded(part));
  if (read.success) return read.output;
  throw new UnreadableStateError(
    `expected a snapshot of a decision register, version 2 or older (${read.issues[0].message}); run the program that wrote it`,
  );
}
