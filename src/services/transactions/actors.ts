/**
 * The actors of a manager's transactions: their protocol, what the times of the manager mean for them, and how those of
 * earlier lives come back.
 */

import { partsOf } from '../../../statecharts/actor.ts';
import {
  type CoordinatorOutput,
  type CoordinatorTimes,
  coordinatorName,
  defaultParticipantTimes,
  defineTwoPhaseCommit,
  type ParticipantTimes,
  type TwoPhaseCommit,
} from '../../../statecharts/two-phase-commit.ts';
import type { Node } from '../../host/node.ts';
import { coordinatorsOn } from './listing.ts';
import type { Memory } from './memory.ts';
import type { TransactionTimes } from './options.ts';

/** The protocol as managers run it. Back with its manager, and not before: what earlier lives committed is remembered first. */
export const managedCommit = defineTwoPhaseCommit({ coordinator: { revivedBy: 'application' } });

/**
 * The definitions of a manager's transactions. Its node knows them from when the manager is made; one that is to know them
 * earlier, because other nodes have something to say to them, is made with `createNode({ ..., definitions: transactionDefinitions })`.
 */
export const transactionDefinitions = [
  managedCommit.coordinator,
  managedCommit.participant,
  managedCommit.acceptor,
] as const;

/** How long coordinators and participants answer once everything is over; what lasts is in the manager's memory. */
const lingerMs = 20;
const marginMs = 1_000;

/** For the coordinator of a transaction whose function has `timeoutMs`. */
export const coordinatorTimesOf = (times: TransactionTimes, timeoutMs: number): CoordinatorTimes => ({
  transactionTimeoutMs: timeoutMs,
  voteTimeoutMs: times.voteTimeoutMs,
  retryIntervalMs: times.retryIntervalMs,
  resourceDeadlineMs: times.resourceDeadlineMs,
  retentionMs: lingerMs,
});

/** For the participants of a transaction whose function has `timeoutMs`. */
export const participantTimesOf = (times: TransactionTimes, timeoutMs: number): ParticipantTimes => ({
  ...defaultParticipantTimes,
  // A branch outlives every wait of its coordinator: for the function, the register, and the votes.
  idleTimeoutMs: timeoutMs + 2 * times.voteTimeoutMs + marginMs,
  inquiryIntervalMs: times.inquiryIntervalMs,
  peerInquiryDelayMs: times.voteTimeoutMs + marginMs,
  retryIntervalMs: times.retryIntervalMs,
  resourceDeadlineMs: times.resourceDeadlineMs,
  lingerMs,
});

/** A branch that was found with another outcome than the decided one. */
export type Hazard = Extract<CoordinatorOutput, { type: 'hazard' }>;

/** Hears of hazards alone, from a coordinator whose caller is gone. */
export const hearingHazards = (onHazard: (found: Hazard) => void) => ({
  delivered(output: CoordinatorOutput): void {
    if (output.type === 'hazard') onHazard(output);
  },
});

/** Brings back the coordinators of which the journal holds records, and remembers what they have committed. */
export function reviveCoordinators(
  node: Node,
  { coordinator }: TwoPhaseCommit,
  memory: Pick<Memory, 'committed'>,
  onHazard: (found: Hazard) => void,
): void {
  for (const address of node.journal.actors()) {
    const { name, key } = partsOf(address);
    if (name !== coordinatorName || node.isAlive(address)) continue;
    node.launch(coordinator, { key, input: { type: 'recovered' }, observer: hearingHazards(onHazard) });
  }
  // What earlier lives decided is remembered beyond the lives of its coordinators, too.
  for (const seen of coordinatorsOn(node)) {
    if (seen.begun === 'recovered' && seen.outcome === 'committed')
      memory.committed(seen.transaction, seen.idempotencyKey);
  }
}
