/** The protocol as a whole: its definitions, each of which knows the others by their names. */

import { type AcceptorOptions, type acceptor, defineAcceptor } from './acceptor.ts';
import { type CoordinatorOptions, type coordinator, defineCoordinator } from './coordinator.ts';
import { defineParticipant, type ParticipantOptions, type participant } from './participant.ts';

/** The definitions of one form of the protocol. */
export interface TwoPhaseCommit {
  readonly coordinator: typeof coordinator;
  readonly participant: typeof participant;
  /** Lives where acceptors keep the decision. */
  readonly acceptor: typeof acceptor;
}

/** Defines the actors. */
export const defineTwoPhaseCommit = (
  options: {
    readonly coordinator?: CoordinatorOptions;
    readonly participant?: ParticipantOptions;
    readonly acceptor?: AcceptorOptions;
  } = {},
): TwoPhaseCommit => ({
  coordinator: defineCoordinator(options.coordinator),
  participant: defineParticipant(options.participant),
  acceptor: defineAcceptor(options.acceptor),
});
