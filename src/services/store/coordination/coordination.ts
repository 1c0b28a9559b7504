/** Locks and elections over a key-value store, as XState actors to invoke from the machine of an application. */

import type { Observable } from 'rxjs';
import type { KeyValueStore } from '../key-value/contract.ts';
import { type First, firstOf, prefixOf } from './queue.ts';
import { turnChart } from './turn.ts';

/**
 * A lock: one at a time has the tag `held`, and a fencing token in its context that is greater than that of every holder
 * before. Those who wait have it in the order in which they came. It ends as `released` after the event `release`, or when it
 * is stopped, and as `lost` when its lease cannot be kept.
 *
 * A lease bounds for how long a holder that is gone holds up the others, and no lease can keep one that was paused from going
 * on afterwards: what is guarded should refuse a token that is less than one it has seen.
 *
 * @example
 * const machine = setup({ actors: { lock } }).createMachine({
 *   invoke: {
 *     src: 'lock',
 *     input: { store: client, name: 'reports', holder: 'worker-1' },
 *     onSnapshot: { guard: ({ event }) => event.snapshot.hasTag('held'), target: '.working' },
 *     onDone: '.idle',
 *   },
 *   // ...
 * });
 */
export const lock = turnChart('lock', 'held');

/** An election: one at a time has the tag `leading`, the first that came and is there. All else is as with a lock. */
export const election = turnChart('election', 'leading');

/** Who leads by an election, whenever that changes; undefined while nobody does. Errors with what `KeyValueStore.watch` does. */
export const leaderOf = (store: KeyValueStore, name: string): Observable<First | undefined> =>
  firstOf(store, prefixOf('election', name));

/** Who holds a lock. As `leaderOf`. */
export const holderOf = (store: KeyValueStore, name: string): Observable<First | undefined> =>
  firstOf(store, prefixOf('lock', name));
