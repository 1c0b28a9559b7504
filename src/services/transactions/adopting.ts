/** Giving a branch that is found prepared, or was another node's, a participant on this node. */

import {
  type BranchId,
  coordinatorAddress,
  type DecisionPlace,
  type Outcome,
  type ParticipantTimes,
  participantAddress,
  participantKey,
  type TwoPhaseCommit,
} from '../../../statecharts/two-phase-commit.ts';
import type { Node } from '../../host/node.ts';

export interface AdoptingParts {
  readonly node: Node;
  readonly protocol: TwoPhaseCommit;
  readonly participantTimes: ParticipantTimes;
}

/**
 * Starts the participant of a branch, unless one lives here. It asks this node's coordinator for the decision.
 *
 * @param outcome the decision, where it is known
 * @returns whether it was started
 */
export function adoptBranch(
  { node, protocol, participantTimes }: AdoptingParts,
  branch: BranchId,
  resource: string,
  place: DecisionPlace,
  outcome?: Outcome,
): boolean {
  if (node.isAlive(participantAddress(node.id, branch))) return false;
  node.launch(protocol.participant, {
    key: participantKey(branch),
    input: {
      type: 'found',
      branch,
      resource,
      place,
      receipt: null,
      ...(outcome === undefined ? {} : { outcome }),
      coordinator: coordinatorAddress({ manager: node.id, transaction: branch.transaction }),
      times: participantTimes,
    },
  });
  return true;
}
