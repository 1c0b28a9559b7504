/** Which nodes replicate a store: those with which its log began, whatever a later start is told. */

import { QuorateError } from '../../../../../statecharts/actor.ts';
import type { ReplicatedStore } from '../../replicated-store.ts';

/** The peers given are not those that the node's log was begun with. */
export class VotersMismatchError extends QuorateError {
  readonly code = 'VOTERS_MISMATCH';
}

/**
 * Compares the voters that a store was started with to those of its log: the former bootstrap only, afterwards the log
 * knows who votes.
 *
 * @param store one that has just been started
 * @throws VotersMismatchError
 */
export function checkVoters({ membership }: Pick<ReplicatedStore, 'membership'>, voters: readonly string[]): void {
  const known = membership.members().voters;
  const given = voters.toSorted();
  if (known.join() === given.join()) return;
  throw new VotersMismatchError(
    `expected the nodes ${known.join(', ')}, with which the log began, got ${given.join(', ')}; give the same nodes again, wherever they live now`,
  );
}
