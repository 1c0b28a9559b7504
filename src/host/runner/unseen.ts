/** States that wait to be shown until the records that came before them are durable. */

import type { ActorState } from '../../../statecharts/actor.ts';
import type { RoleCause } from '../role-change.ts';

/** A state to be shown, and what made it play another role than the one that was shown before it, if it does. */
export interface Shown {
  readonly state: ActorState;
  readonly cause: RoleCause | undefined;
}

/** A state that waits to be shown until a batch of records is durable. */
export interface Unseen extends Shown {
  readonly batch: number;
}

/** The state after the latest batch waits, in the place of earlier ones after that batch. */
export const withLatest = (
  unseen: readonly Unseen[],
  batch: number,
  state: ActorState,
  cause: RoleCause | undefined,
): readonly Unseen[] => {
  const earlier = unseen.filter((it) => it.batch !== batch);
  return [...earlier, { batch, state, cause: cause ?? unseen.at(-1)?.cause }];
};
