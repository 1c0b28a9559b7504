/**
 * The vocabulary of the participant's chart: every rule under the name by which the chart calls it, and every delay.
 */

import { setup } from 'xstate';
import { between, fixed, named, type Performed, rulesOf } from '../../actor.ts';
import type { ParticipantContext, ParticipantEffect, ParticipantEvent } from './context.ts';
import type { BranchAnswer, ParticipantRules } from './rules.ts';

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

const { act, when } = rulesOf<ParticipantContext, ParticipantEvent, ParticipantEffect>();

/** The names of the chart, bound to `rules`. */
export const participantVocabulary = (rules: ParticipantRules) =>
  setup({
    types: {
      context: {} as ParticipantContext,
      events: {} as ParticipantEvent,
      emitted: {} as ParticipantEffect,
      input: {} as ParticipantContext,
      transitionMeta: {} as { rule: string },
    },
    delays: named(delays),
    actions: {
      adoptPrepare: act(rules.adoptPrepare),
      prepare: act(rules.prepare),
      voteYes: act(rules.voteYes),
      voteAgain: act(rules.voteAgain),
      voteReadOnly: act(rules.voteReadOnly),
      finishReadOnly: act(rules.finishReadOnly),
      voteNo: act(rules.voteNo),
      voteNoAgain: act(rules.voteNoAgain),
      finishRefused: act(rules.finishRefused),
      inquire: act(rules.inquire),
      inquireEverywhere: act(rules.inquireEverywhere),
      learn: act(rules.learn),
      commit: act(rules.commit),
      rollback: act(rules.rollback),
      finishCommitted: act(rules.finishCommitted),
      finishAborted: act(rules.finishAborted),
      finishAgainstAbort: act(rules.finishAgainstAbort),
      acknowledgeAgain: act(rules.acknowledgeAgain),
      acknowledgeReadOnly: act(rules.acknowledgeReadOnly),
      answerPeer: act(rules.answerPeer),
      adoptOnePhase: act(rules.adoptOnePhase),
      adoptSettle: act(rules.adoptSettle),
      commitOnePhase: act(rules.commitOnePhase),
      findOutcome: act(rules.findOutcome),
      finishOnePhaseRefused: act(rules.finishOnePhaseRefused),
      finishSettled: act(rules.finishSettled),
      reportSettled: act(rules.reportSettled),
    },
    guards: {
      learnedCommit: when(rules.learnedCommit),
      learnedAbort: when(rules.learnedAbort),
      wasFound: when(rules.wasFound),
      wasSummoned: when(rules.wasSummoned),
      mayVoteAgain: when(rules.mayVoteAgain),
      concernsCoordinator: when(rules.concernsCoordinator),
      saysAborted: when(rules.saysAborted),
      isPrepared: when(rules.isPrepared),
      isReadOnly: when(rules.isReadOnly),
      isDone: when(rules.isDone),
      isRefused: when(rules.isRefused),
      isAnswer: when(rules.isAnswer),
      isSettled: when(rules.isSettled),
    },
  });
