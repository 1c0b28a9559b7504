/**
 * A queue in the store: who has come first is first. Each place is a key with a lease, so that one that is gone makes room,
 * and its version says who came before; after Hunt, Konar, Junqueira and Reed, "ZooKeeper: Wait-free Coordination for
 * Internet-scale Systems" (2010), §2.4: each waits for the one before it alone, so that not all wake up together.
 */

import { distinctUntilChanged, Observable } from 'rxjs';
import { type Clock, pause } from '../../../environment/clock.ts';
import {
  NotCaughtUpError,
  OutcomeUnknownError,
  OverloadedError,
  PreconditionFailedError,
  RevisionForgottenError,
  SessionsFullError,
  UnavailableError,
} from '../errors.ts';
import type { KeyValueStore } from '../key-value/contract.ts';

/** What queues are for; each kind has names of its own. */
export type QueueKind = 'lock' | 'election';

/** Where the places of a queue are. */
export const prefixOf = (kind: QueueKind, name: string): string => `${kind}/${encodeURIComponent(name)}/`;

/** A place in a queue. */
export interface Place {
  readonly key: string;
  /** Greater than that of every place taken before: a fencing token. */
  readonly token: number;
}

/** By what, and for how long, one that waits asks again. */
export interface Patience {
  readonly clock: Clock;
  /** Aborted once it is over. */
  readonly signal: AbortSignal;
}

/** Before what the store cannot do now is tried again, in milliseconds. */
const againMs = 200;
/** What asking again may mend. Meanwhile the lease is kept, or is lost: that alone costs a place. */
const passing = [
  UnavailableError,
  OverloadedError,
  NotCaughtUpError,
  SessionsFullError,
  RevisionForgottenError,
  OutcomeUnknownError,
] as const;
export const isPassing = (error: unknown): boolean => passing.some((kind) => error instanceof kind);

/**
 * Takes the last place, once for each lease. What the store cannot do now is tried again; once `signal` is aborted, it is
 * thrown.
 *
 * @throws LeaseEndedError and what else `put` throws; an outcome that is unknown is found out
 */
export async function enqueue(
  store: KeyValueStore,
  { prefix, lease, holder }: { readonly prefix: string; readonly lease: number; readonly holder: string },
  { clock, signal }: Patience,
): Promise<Place> {
  const key = `${prefix}${lease}`;
  for (;;) {
    try {
      const value = new TextEncoder().encode(holder);
      const { version } = await store.put(key, value, { lease, condition: { type: 'absent' } });
      return { key, token: version };
    } catch (error) {
      // The key names the lease, which is ours: what stands there was put by an attempt before.
      if (error instanceof PreconditionFailedError && error.actualVersion !== undefined) {
        return { key, token: error.actualVersion };
      }
      if (!isPassing(error) || signal.aborted) throw error;
      await pause(clock, againMs);
    }
  }
}

/**
 * Waits until nobody is before a place; returns early when `signal` is aborted. What the store cannot do now is tried again.
 * Throws what else reading and watching do.
 */
export async function turnOf(
  store: KeyValueStore,
  { prefix, token }: { readonly prefix: string; readonly token: number },
  { clock, signal }: Patience,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { before, revision } = await placeBefore(store, prefix, token);
      if (before === undefined) return;
      for await (const { changes } of store.updates({ key: before }, { after: revision, signal })) {
        if (changes.some(({ value }) => value === null)) break;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      await pause(clock, againMs);
    }
  }
}

/** The last place before `token`, as of a revision. */
async function placeBefore(
  store: KeyValueStore,
  prefix: string,
  token: number,
): Promise<{ readonly before: string | undefined; readonly revision: number }> {
  const revision = await store.revision();
  let before: { key: string; version: number } | undefined;
  for await (const entry of store.entries({ prefix }, { revision, withValues: false, limit: 1_000 })) {
    if (entry.version < token && entry.version > (before?.version ?? 0)) before = entry;
  }
  return { before: before?.key, revision };
}

/** The first in a queue. */
export interface First {
  readonly holder: string;
  readonly token: number;
}

/**
 * The first one of a queue, whenever that is another one; undefined while it is empty. Where the store forgets what changed
 * before it was told, the queue is read anew. Errors with what else reading and watching throw.
 */
export const firstOf = (store: KeyValueStore, prefix: string): Observable<First | undefined> =>
  new Observable<First | undefined>((subscriber) => {
    const ending = new AbortController();
    const { signal } = ending;
    const follow = async (): Promise<void> => {
      const places = new Map<string, First>();
      const tell = (): void => subscriber.next([...places.values()].sort((a, b) => a.token - b.token)[0]);
      const revision = await store.revision();
      for await (const { key, value, version } of store.entries({ prefix }, { revision })) {
        places.set(key, { holder: textOf(value), token: version });
      }
      tell();
      for await (const { changes } of store.updates({ prefix }, { after: revision, signal })) {
        for (const { key, value, revision: token } of changes) {
          if (value === null) places.delete(key);
          else places.set(key, { holder: textOf(value), token });
        }
        tell();
      }
    };
    const followOn = async (): Promise<void> => {
      while (!signal.aborted) {
        await follow().catch((error: unknown) => {
          if (!(error instanceof RevisionForgottenError)) throw error;
        });
      }
    };
    followOn().then(
      () => subscriber.complete(),
      (error: unknown) => subscriber.error(error),
    );
    return () => ending.abort();
  }).pipe(distinctUntilChanged((one, other) => one?.token === other?.token));

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const textOf = (value: Uint8Array | null | undefined): string => utf8.decode(value ?? new Uint8Array());
