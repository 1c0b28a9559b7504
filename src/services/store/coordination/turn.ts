/**
 * The chart of one that waits for its turn in a queue of the store: it has a lease, takes a place with it, and waits until
 * nobody is before it. Whatever costs it the lease costs it the turn, before another one can have it.
 */

import type { Observable } from 'rxjs';
import { assign, fromObservable, fromPromise, setup } from 'xstate';
import type { Clock } from '../../../environment/clock.ts';
import { systemEnvironment } from '../../../environment/environment.ts';
import { messageOf } from '../../../environment/message.ts';
import type { KeyValueStore } from '../key-value/contract.ts';
import { keptLease } from './kept-lease.ts';
import { enqueue, type Place, prefixOf, type QueueKind, turnOf } from './queue.ts';

/** What one that waits for its turn is given. */
export interface TurnInput {
  readonly store: KeyValueStore;
  /** Of the lock, or of the election. */
  readonly name: string;
  /** Who waits, for others to see. */
  readonly holder: string;
  /** How long a turn outlives its holder at most, in milliseconds: 100 ms to 24 hours. Default 10,000. */
  readonly ttlMs?: number;
  /** What the lease is measured by; the system's by default. */
  readonly clock?: Clock;
}

/** How a turn ended. */
export interface TurnOutput {
  readonly reason: 'released' | 'lost';
  /** Why it was lost. */
  readonly message?: string;
}

/** What one that waits knows. */
export interface TurnContext {
  readonly input: TurnInput;
  readonly prefix: string;
  readonly lease: number;
  /**
   * Greater than that of everyone whose turn was before: what is guarded refuses whatever comes with a lesser one than it has
   * seen. 0 before there is a place.
   */
  readonly token: number;
  readonly message: string | undefined;
}

const defaultTtlMs = 10_000;
const clockOf = ({ clock = systemEnvironment().clock }: TurnInput): Clock => clock;

/** Makes the chart. @param tag of the state in which it is its turn */
export const turnChart = <Tag extends string>(kind: QueueKind, tag: Tag) =>
  setup({
    types: {
      context: {} as TurnContext,
      input: {} as TurnInput,
      output: {} as TurnOutput,
      events: {} as { readonly type: 'release' },
      tags: {} as Tag,
    },
    actors: {
      keepLease: fromObservable(
        ({ input: { store, ttlMs = defaultTtlMs, clock } }: { input: TurnInput }): Observable<number> =>
          keptLease(store, { ttlMs, ...(clock === undefined ? {} : { clock }) }),
      ),
      takePlace: fromPromise(
        ({ input: { input, prefix, lease }, signal }: { input: TurnContext; signal: AbortSignal }): Promise<Place> =>
          enqueue(input.store, { prefix, lease, holder: input.holder }, { clock: clockOf(input), signal }),
      ),
      waitForTurn: fromPromise(
        ({ input: { input, prefix, token }, signal }: { input: TurnContext; signal: AbortSignal }): Promise<void> =>
          turnOf(input.store, { prefix, token }, { clock: clockOf(input), signal }),
      ),
    },
    actions: {
      noteLease: assign({ lease: (_, { lease }: { readonly lease: number }) => lease }),
      notePlace: assign({ token: (_, { token }: { readonly token: number }) => token }),
      noteError: assign({ message: (_, { error }: { readonly error: unknown }) => messageOf(error) }),
    },
  }).createMachine({
    id: kind,
    context: ({ input }) => ({ input, prefix: prefixOf(kind, input.name), lease: 0, token: 0, message: undefined }),
    output: ({ context: { message } }) => ({
      reason: message === undefined ? 'released' : 'lost',
      ...(message === undefined ? {} : { message }),
    }),
    initial: 'present',
    states: {
      present: {
        invoke: {
          src: 'keepLease',
          input: ({ context }) => context.input,
          onSnapshot: {
            guard: ({ event, context }) => event.snapshot.context !== undefined && context.lease === 0,
            target: '.queueing',
            actions: { type: 'noteLease', params: ({ event }) => ({ lease: event.snapshot.context ?? 0 }) },
          },
          onError: { target: 'lost', actions: { type: 'noteError', params: ({ event }) => event } },
        },
        on: { release: 'released' },
        initial: 'leasing',
        states: {
          leasing: {},
          queueing: {
            invoke: {
              src: 'takePlace',
              input: ({ context }) => context,
              onDone: { target: 'waiting', actions: { type: 'notePlace', params: ({ event }) => event.output } },
              onError: { target: '#lost', actions: { type: 'noteError', params: ({ event }) => event } },
            },
          },
          waiting: {
            invoke: {
              src: 'waitForTurn',
              input: ({ context }) => context,
              onDone: 'first',
              onError: { target: '#lost', actions: { type: 'noteError', params: ({ event }) => event } },
            },
          },
          first: { tags: [tag] },
        },
      },
      released: { type: 'final' },
      lost: { id: 'lost', type: 'final' },
    },
  });
