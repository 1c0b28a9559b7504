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
import { type KeyChange, type KeyValueQuestion, pageLimit } from './questions.ts';
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
  const ending = endingOf(signal);
  // Where a node is behind, a watch waits for it; but a revision that the leader does not know is of another store.
  const now = await persistently(clock, ending, () => revisionOf(executor, after));
  let told = now === undefined ? undefined : (after ?? now);
  while (told !== undefined) {
    const question: KeyValueQuestion = { type: 'changes', selection, after: told, limit: pageLimit };
    const found = await persistently(clock, ending, async () => {
      // Each change is told as of its revision, so whichever node is near may tell it.
      const answer = answerIn(
        await executor.query(question, { deadlineMs: waitMs, consistency: 'stale', isPatient: true }),
      );
      if (answer === null || !('type' in answer) || answer.type !== 'changes') throw strange();
      return answer;
    });
    if (found === undefined) return undefined;
    for (const update of byRevision(found.changes)) {
      if (ending.isOver) return undefined;
      yield update;
    }
    told = Math.max(told, found.after);
  }
  return undefined;
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

/** That a watch is over, now and as a promise. */
interface Ending {
  isOver: boolean;
  readonly over: Promise<undefined>;
}

function endingOf(signal: AbortSignal | undefined): Ending {
  let end = (): void => undefined;
  const over = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
  });
  const ending: Ending = { isOver: false, over };
  const note = (): void => {
    ending.isOver = true;
    end();
  };
  if (signal?.aborted === true) note();
  else signal?.addEventListener('abort', note, { once: true });
  return ending;
}

/** Asks until there is an answer, or an error that asking again does not mend; undefined once it is over. */
async function persistently<T>(clock: Clock, ending: Ending, ask: () => Promise<T>): Promise<T | undefined> {
  while (!ending.isOver) {
    try {
      return await Promise.race([ask(), ending.over]);
    } catch (error) {
      if (!(error instanceof NotHappenedError) || lasting.some((kind) => error instanceof kind)) throw error;
      await Promise.race([pause(clock, backOffMs), ending.over]);
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
