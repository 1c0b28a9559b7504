/** The vocabulary of the participant's chart: every rule under its name, and every delay. */

import { setup } from 'xstate';
import { askingUntilAnswered, between, fixed, named, type Performed, rulesOf } from '../../actor.ts';
import type { ParticipantContext, ParticipantEffect, ParticipantEvent, ParticipantPhase } from './context.ts';
import { type BranchAnswer, participantRules } from './rules.ts';

export const delays = {
  idleTimeout: ({ times }: ParticipantContext) => fixed(times.idleTimeoutMs),
  inquiryInterval: ({ times }: ParticipantContext) => between(times.inquiryIntervalMs, times.inquiryIntervalMs * 1.5),
  peerInquiryDelay: ({ times }: ParticipantContext) => fixed(times.peerInquiryDelayMs),
  resourceRetryInterval: ({ times }: ParticipantContext) => between(times.retryIntervalMs, times.retryIntervalMs * 1.5),
  linger: ({ times }: ParticipantContext) => fixed(times.lingerMs),
};

/** The params of guards over the resource's answer to `operation`. */
export const to =
  (operation: BranchAnswer['operation']) =>
  ({ event }: { event: Performed }): BranchAnswer => ({ operation, ...event });

/** Binds the rules of a participant to the names by which its chart calls them. */
export const { bind: bindParticipant } = rulesOf<ParticipantContext, ParticipantEvent, ParticipantEffect>();

export const participating = setup({
  types: {
    context: {} as ParticipantContext,
    events: {} as ParticipantEvent,
    emitted: {} as ParticipantEffect,
    input: {} as ParticipantContext,
    tags: {} as ParticipantPhase,
    transitionMeta: {} as { rule: string },
  },
  delays: named(delays),
  ...bindParticipant(participantRules),
});

/** A compound state that asks the resource until `operation` is answered for certain. */
export const askingResource = <const Ask extends string, const Answers extends readonly object[]>(
  ask: Ask,
  operation: BranchAnswer['operation'],
  answers: Answers,
) =>
  askingUntilAnswered({
    ask,
    pause: 'resourceRetryInterval',
    answer: 'performed',
    answers,
    unanswered: { type: 'isAnswer', params: to(operation) },
  });
