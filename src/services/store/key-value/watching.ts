/**
 * Follows the changes of a store by asking for those after the last revision that was told: so no node keeps anything for a
 * watch but a question that waits, a watch goes on at any node, and one that is slow asks seldom.
 */

import { Observable } from 'rxjs';
import { type Clock, pause } from '../../../environment/clock.ts';
import {
  KeyLimitError,
  MalformedRequestError,
  NotHappenedError,
  RevisionAheadError,
  RevisionForgottenError,
  StoreClosedError,
  StoreFailedError,
} from '../errors.ts';
import type { Executor, QueryOptions } from '../requests/requester.ts';
import { answerIn, strange } from './answers.ts';
import type { Update, WatchOptions } from './contract.ts';
import { createEnding, type Ending } from './ending.ts';
import { type KeyChange, type KeyValueAnswer, type KeyValueQuestion, pageLimit } from './questions.ts';
import { assertSelection, type Selection } from './selection.ts';

/** How long a question waits for a change before it is asked anew, in milliseconds: a dead node is noticed by then. */
const waitMs = 10_000;
/** Before a question is asked again that no node could answer. */
const backOffMs = 200;

/** See `KeyValueStore.updates`. */
export async function* updatesOf(
  executor: Executor,
  clock: Clock,
  selection: Selection,
  { after, signal }: WatchOptions & { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Update, undefined> {
  assertSelection(selection);
  const ending = createEnding(signal);
  try {
    // Where a node is behind, a watch waits for it; but a revision that the leader does not know is of another store.
    const now = await persistently(clock, ending, () => revisionOf(executor, after));
    let told = now === undefined ? undefined : (after ?? now);
    while (told !== undefined) {
      const from = told;
      const found = await persistently(clock, ending, () => changesAfter(executor, selection, from));
      if (found === undefined) return undefined;
      for (const update of byRevision(found.changes)) {
        if (ending.isOver) return undefined;
        yield update;
      }
      told = Math.max(told, found.after);
    }
    return undefined;
  } finally {
    ending.release();
  }
}

async function changesAfter(
  executor: Executor,
  selection: Selection,
  after: number,
): Promise<Extract<KeyValueAnswer, { type: 'changes' }>> {
  const question: KeyValueQuestion = { type: 'changes', selection, after, limit: pageLimit };
  // Each change is told as of its revision, so whichever node is near may tell it.
  const answer = answerIn(
    await executor.query(question, { deadlineMs: waitMs, consistency: 'stale', isPatient: true }),
  );
  if (answer === null || !('type' in answer) || answer.type !== 'changes') throw strange();
  return answer;
}

/** The same as an observable. */
export const watchOf = (executor: Executor, clock: Clock, selection: Selection, options: WatchOptions = {}) =>
  new Observable<Update>((subscriber) => {
    const ending = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const update of updatesOf(executor, clock, selection, { ...options, signal: ending.signal })) {
        subscriber.next(update);
      }
    };
    follow().then(
      () => subscriber.complete(),
      (error: unknown) => subscriber.error(error),
    );
    return () => ending.abort();
  });

/** See `KeyValueStore.revision`. */
export async function revisionOf(
  executor: Executor,
  revision: number | undefined,
  options: QueryOptions = {},
): Promise<number> {
  const question: KeyValueQuestion = { type: 'revision', ...(revision === undefined ? {} : { revision }) };
  const answer = answerIn(await executor.query(question, options));
  if (answer === null || !('type' in answer) || answer.type !== 'revision') throw strange();
  return answer.revision;
}

/** Asks until there is an answer, or an error that asking again does not mend; undefined once it is over. */
async function persistently<T>(clock: Clock, ending: Ending, ask: () => Promise<T>): Promise<T | undefined> {
  while (!ending.isOver) {
    try {
      return await ending.orOver(ask());
    } catch (error) {
      if (!(error instanceof NotHappenedError) || lasting.some((kind) => error instanceof kind)) throw error;
      await ending.orOver(pause(clock, backOffMs));
    }
  }
  return undefined;
}

const lasting = [
  RevisionForgottenError,
  RevisionAheadError,
  MalformedRequestError,
  KeyLimitError,
  StoreClosedError,
  StoreFailedError,
] as const;

function* byRevision(changes: readonly KeyChange[]): Generator<Update> {
  let update: { revision: number; changes: KeyChange[] } | undefined;
  for (const change of changes) {
    if (update !== undefined && update.revision !== change.revision) {
      yield update;
      update = undefined;
    }
    update ??= { revision: change.revision, changes: [] };
    update.changes.push(change);
  }
  if (update !== undefined) yield update;
}
