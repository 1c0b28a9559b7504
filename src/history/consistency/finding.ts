/** What a consistency model says of a history, and how views are asked one after the other. */

import type { Effort, SpentLimit } from '../effort.ts';
import type { SequentialModel } from '../model.ts';
import type { Operation, ProcessId } from '../operation.ts';
import { serialize } from './serialize.ts';
import type { View } from './view.ts';

/** Why there is no verdict. */
export type UndecidedReason =
  /** A limit was reached. */
  | SpentLimit
  /** Reads may have returned any of several writes of the same value, in more ways than are tried. */
  | 'ambiguous'
  /** No operation was answered, so nothing is proven. */
  | 'nothing-answered'
  /** Nothing was read after the last write, so nothing is known of where the replicas ended. */
  | 'never-quiet'
  /** The model is defined for memory, and the history calls something else. */
  | 'not-defined';

/** What a model says of a history. */
export type Finding =
  | { readonly verdict: 'satisfied' }
  | { readonly verdict: 'violation'; readonly process?: ProcessId | undefined }
  | { readonly verdict: 'undecided'; readonly reason: UndecidedReason };

/** Judges operations; `history` is in the order of invocation. */
export type Judge = (operations: readonly Operation[], model: SequentialModel<unknown>, effort: Effort) => Finding;

/** A view, and the process whose it is. */
export interface OwnedView {
  readonly process: ProcessId;
  readonly view: View | undefined;
}

/** Whether each view has a serialization. One that has none settles it, whatever is not decided of others. */
export function everyView(views: Iterable<OwnedView>, model: SequentialModel<unknown>, effort: Effort): Finding {
  let undecided: Finding | undefined;
  for (const { process, view } of views) {
    const result = serialize(view, model, effort);
    if (result.verdict === 'violation') return { verdict: 'violation', process };
    if (result.verdict === 'undecided') {
      undecided = result;
      if (result.reason !== 'memory') break;
    }
  }
  return undecided ?? { verdict: 'satisfied' };
}
