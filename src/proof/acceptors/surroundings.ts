/**
 * What may happen to acceptors of a model, and to those who propose to them. The network is a set that only grows, from which
 * everything may arrive at any time and again: so every delay, repetition and loss is covered, what is said again costs
 * nothing, and `retryInterval` need not fire.
 */

import type { Model } from '../../checker.ts';
import type { BoundsOf } from '../bounds.ts';
import type { acceptorBounds } from './bounds.ts';

/** What is bounded of it. */
export interface SurroundingBounds extends BoundsOf<typeof acceptorBounds> {
  readonly crashing: readonly string[] | undefined;
}

/** The parts of a model that say so. */
export function surroundingsOf({
  acceptors,
  ballots,
  crashes,
  crashing,
  flushes,
}: SurroundingBounds): Pick<
  Model,
  'network' | 'deliveries' | 'timers' | 'flush' | 'localMessages' | 'crashes' | 'boundary'
> {
  return {
    network: { kind: 'duplicating' },
    deliveries: 'changing',
    timers: { retryInterval: 0, pause: ballots },
    flush: flushes ? 'step' : 'at-once',
    localMessages: 'at-once',
    crashes: { times: crashes, ...(crashing === undefined ? {} : { nodes: crashing }) },
    // While a record is being written, repeated questions only add to what waits for it.
    boundary: ({ actors }) => !flushes || actors.every(({ heldEffects }) => heldEffects <= acceptors),
  };
}
