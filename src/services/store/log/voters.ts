/** Which nodes replicate a store: those with which its log began, whatever a later start is told. */

import { nodeOf, QuorateError } from '../../../../statecharts/actor.ts';
import { sameVoters } from '../../../../statecharts/raft.ts';
import type { Node } from '../../../host/node.ts';
import { raftAddress } from './raft.ts';

/** The peers given are not those that the node's log was begun with. */
export class VotersMismatchError extends QuorateError {
  readonly code = 'VOTERS_MISMATCH';
}

/**
 * Compares the voters that a store was started with to those of its log: the former bootstrap only, afterwards the log
 * knows who votes.
 *
 * @throws VotersMismatchError
 */
export function checkVoters(node: Node, key: string, voters: readonly string[]): void {
  const known = node.peek(raftAddress(node.id, key))?.state.snapshot.context?.configuration;
  if (
    known === undefined ||
    sameVoters(
      voters.map((voter) => raftAddress(voter, key)),
      known,
    )
  )
    return;
  const expected = known.voters.map(nodeOf).join(', ');
  throw new VotersMismatchError(
    `expected the nodes ${expected}, with which the log of '${node.id}' began, got ${[...voters].sort().join(', ')}; give the same nodes again, wherever they live now`,
  );
}
