/** Where coordinators, participants and acceptors live. */

import { type Address, addressOf } from '../actor.ts';

/** The names of the definitions, by which each knows the other. */
export const coordinatorName = '2pc.coordinator';
export const participantName = '2pc.participant';
export const acceptorName = '2pc.acceptor';

/** Where the coordinator of a transaction lives unless another one has taken over. */
export const coordinatorAddress = (branch: { readonly manager: string; readonly transaction: string }): Address =>
  addressOf(branch.manager, coordinatorName, branch.transaction);

/** What tells branches apart. */
interface BranchKey {
  readonly transaction: string;
  readonly branch: string;
}

/** The key of the participant of a branch. */
export const participantKey = (branch: BranchKey): string => `${branch.transaction}/${branch.branch}`;

/** Where the participant of a branch lives on `node`. */
export const participantAddress = (node: string, branch: BranchKey): Address =>
  addressOf(node, participantName, participantKey(branch));

/** Where the acceptor of a transaction lives on `node`. */
export const acceptorAddress = (node: string, transaction: string): Address =>
  addressOf(node, acceptorName, transaction);
