/**
 * The outbox: what keeps "write it down before you answer" true. It releases an actor's effects in the order in which
 * they were emitted, and nothing that follows a `persist` before that record is durable. Pure: every driver keeps one
 * per actor and does what it says.
 */

import type { Deliver, Effect, Perform, Persist, Send } from '../../statecharts/actor.ts';

/** An effect that may be carried out now. */
export type Released = Send | Perform | Deliver;

/** Effects that wait for a batch of records. */
interface Waiting {
  readonly batch: number;
  readonly effects: readonly Released[];
}

/** Batches are numbered from 1 in the order in which they were written; one is pending until it is durable. */
export interface Outbox {
  readonly lastBatch: number;
  /** The youngest batch that is durable. */
  readonly durableBatch: number;
  readonly waiting: readonly Waiting[];
}

export const emptyOutbox: Outbox = { lastBatch: 0, durableBatch: 0, waiting: [] };

export interface Offered {
  readonly outbox: Outbox;
  /** To carry out now, in order. */
  readonly released: readonly Released[];
  /** To write now, as one atomic write; its number is `outbox.lastBatch`. Empty when the step wrote nothing. */
  readonly records: readonly Persist[];
}

/** Takes in the effects of one step, in the order in which they were emitted. */
export function offer(outbox: Outbox, effects: readonly Effect[]): Offered {
  if (effects.length === 0) return { outbox, released: [], records: [] };
  const released: Released[] = [];
  const records: Persist[] = [];
  const waiting: Waiting[] = [];
  let batch = outbox.lastBatch;
  let held: Released[] = [];
  for (const effect of effects) {
    if (effect.type === 'persist') {
      records.push(effect);
      if (batch > outbox.lastBatch) continue;
      if (held.length > 0) waiting.push({ batch, effects: held });
      held = [];
      batch += 1;
    } else if (batch === outbox.durableBatch || (effect.type !== 'perform' && effect.ahead === true)) {
      released.push(effect);
    } else {
      held.push(effect);
    }
  }
  if (held.length > 0) waiting.push({ batch, effects: held });
  if (records.length === 0 && waiting.length === 0) return { outbox, released, records };
  return { outbox: { ...outbox, lastBatch: batch, waiting: [...outbox.waiting, ...waiting] }, released, records };
}

/** Takes note that `batch` and all before it are durable. */
export function flushed(
  outbox: Outbox,
  batch: number,
): { readonly outbox: Outbox; readonly released: readonly Released[] } {
  const due = outbox.waiting.filter((it) => it.batch <= batch);
  return {
    outbox: {
      ...outbox,
      durableBatch: Math.max(outbox.durableBatch, batch),
      waiting: due.length === 0 ? outbox.waiting : outbox.waiting.slice(due.length),
    },
    released: due.length === 1 && due[0] !== undefined ? due[0].effects : due.flatMap((it) => it.effects),
  };
}
