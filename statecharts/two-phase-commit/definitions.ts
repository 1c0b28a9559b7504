/** The protocol as a whole: its two definitions, each of which knows the other by its name. */

import { type CoordinatorOptions, type coordinator, defineCoordinator } from './coordinator.ts';
import { defineParticipant, type ParticipantOptions, type participant } from './participant.ts';

/** The definitions of one form of the protocol. */
export interface TwoPhaseCommit {
  readonly coordinator: typeof coordinator;
  readonly participant: typeof participant;
}

/** Defines both actors. */
export const defineTwoPhaseCommit = (
  options: { readonly coordinator?: CoordinatorOptions; readonly participant?: ParticipantOptions } = {},
): TwoPhaseCommit => ({
  coordinator: defineCoordinator(options.coordinator),
  participant: defineParticipant(options.participant),
});
