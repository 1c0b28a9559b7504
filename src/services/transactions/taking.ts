/**
 * Takes up branches that are found prepared: each gets a participant, which asks for the decision where it is made. By
 * presumed abort a transaction of which nothing is known was aborted.
 */

import { type BranchId, type DecisionPlace, participantAddress } from '../../../statecharts/two-phase-commit.ts';
import { type AdoptingParts, adoptBranch } from './adopting.ts';
import type { Places } from './decisions.ts';
import { partsOfTransactionId } from './ids.ts';
import type { Memory } from './memory.ts';
import type { Participating } from './work.ts';

export interface TakingParts extends AdoptingParts {
  readonly resources: Readonly<Record<string, Participating>>;
  readonly places: Places;
  readonly memory: Pick<Memory, 'isCommitted' | 'lastResourceIn'>;
  /** Whether the transaction is open in this life of the manager, so that its own actors see to it. */
  isOpen(transaction: string): boolean;
}

/** Takes up a branch at a resource. @returns whether it was taken up, or why it cannot be */
export type Taking = (resource: string, branch: BranchId) => boolean | string;

/** Makes what takes up the branches of a manager. */
export function createTaking(parts: TakingParts): Taking {
  const { node, resources, memory } = parts;

  /** @returns where the decision of a prepared branch is made, or why that cannot be said */
  const placeOf = ({ transaction, branch }: BranchId): DecisionPlace | string => {
    const id = partsOfTransactionId(transaction);
    switch (id?.kind) {
      case 'register':
      case 'acceptors':
        return parts.places.of(transaction);
      case 'last': {
        const decider = memory.lastResourceIn(id.incarnation);
        if (decider === undefined) {
          return `which resource decided ${transaction} is not known any more; end its branch here as the others ended`;
        }
        if (resources[decider] === undefined) {
          return `transaction ${transaction} was decided by '${decider}', which this node does not have; give it back`;
        }
        if (decider === branch) return `transaction ${transaction} is prepared at '${decider}', which was to decide it`;
        // What was decided in the journal, because the last resource took no part, is known to its coordinator.
        const address = participantAddress(node.id, { transaction, branch: decider });
        return { type: 'branch', branch: decider, resource: decider, address };
      }
      default:
        return { type: 'journal' };
    }
  };
  return (name, branch) => {
    if (parts.isOpen(branch.transaction) || node.isAlive(participantAddress(node.id, branch))) return false;
    if (memory.isCommitted(branch.transaction)) {
      return adoptBranch(parts, branch, name, { type: 'journal' }, 'committed');
    }
    const place = placeOf(branch);
    return typeof place === 'string' ? place : adoptBranch(parts, branch, name, place);
  };
}
