/** What services may know of a participant. */

import type { BranchId, Outcome } from '../messages.ts';
import { type ParticipantContext, type ParticipantPhase, participantPhases } from './context.ts';

export interface ParticipantView {
  readonly branch: BranchId;
  readonly resource: string;
  /** Undefined once the actor has ended. */
  readonly phase: ParticipantPhase | undefined;
  /** The decision, once known; of a branch that ended by itself, how it ended. */
  readonly outcome: Outcome | null;
}

export const participantView = (snapshot: {
  readonly context: ParticipantContext;
  hasTag(phase: ParticipantPhase): boolean;
}): ParticipantView => {
  const { branch, resource, outcome } = snapshot.context;
  return { branch, resource, phase: participantPhases.find((phase) => snapshot.hasTag(phase)), outcome };
};
