/**
 * Follows the changes of a store by asking for those after the last revision that was told: so no node keeps anything for
 * watches but a question that waits, a watch goes on at any node, and one that is slow asks seldom.
 */

import { Observable } from 'rxjs';
import { type Clock, pause } from '../../../environment/clock.ts';
import {
  ForbiddenError,
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
import type { KeyValueQuestion } from './questions.ts';
import { assertSelection, type Selection } from './selection.ts';
import { SharedQuestions } from './shared-questions.ts';

/** Before a question is asked again that no node could answer. */
const backOffMs = 200;

/** What the watches of one client ask by. */
export interface Watching {
  readonly executor: Executor;
  readonly clock: Clock;
  readonly questions: SharedQuestions;
}

/** Makes what all watches of a client share. */
export const createWatching = (executor: Executor, clock: Clock): Watching => ({
  executor,
  clock,
  questions: new SharedQuestions(executor),
});

/** See `KeyValueStore.updates`. */
export async function* updatesOf(
  { executor, clock, questions }: Watching,
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
      const found = await persistently(clock, ending, () => questions.happened(selection, from));
      if (found === undefined) return undefined;
      for (const update of found.updates) {
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

/** The same as an observable. */
export const watchOf = (watching: Watching, selection: Selection, options: WatchOptions = {}) =>
  new Observable<Update>((subscriber) => {
    const ending = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const update of updatesOf(watching, selection, { ...options, signal: ending.signal })) {
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
  ForbiddenError,
  RevisionForgottenError,
  RevisionAheadError,
  MalformedRequestError,
  KeyLimitError,
  StoreClosedError,
  StoreFailedError,
] as const;
