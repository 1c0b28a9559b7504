/**
 * The vocabulary of the coordinator's chart: every rule under the name by which the chart calls it, and every delay.
 */

import { setup } from 'xstate';
import { between, fixed, named, type Performed, rulesOf } from '../../actor.ts';
import type { CoordinatorContext, CoordinatorEffect, CoordinatorEvent } from './context.ts';
import type { CoordinatorRules, RegisterAnswer } from './rules.ts';

const retrying = ({ times: { retryIntervalMs } }: CoordinatorContext) =>
  between(retryIntervalMs, retryIntervalMs * 1.5);

export const delays = {
  transactionTimeout: ({ times }: CoordinatorContext) => fixed(times.transactionTimeoutMs),
  voteTimeout: ({ times }: CoordinatorContext) => fixed(times.voteTimeoutMs),
  voteRetryInterval: retrying,
  decisionRetryInterval: retrying,
  settleRetryInterval: retrying,
  registerRetryInterval: retrying,
  retention: ({ times }: CoordinatorContext) => fixed(times.retentionMs),
};

/** The params of guards over the register's answer to `step`. */
export const to =
  (step: RegisterAnswer['step']) =>
  ({ event }: { event: Performed }): RegisterAnswer => ({ step, ...event });

const { act, when } = rulesOf<CoordinatorContext, CoordinatorEvent, CoordinatorEffect>();

/** The names of the chart, bound to `rules`. */
export const coordinatorVocabulary = (rules: CoordinatorRules) =>
  setup({
    types: {
      context: {} as CoordinatorContext,
      events: {} as CoordinatorEvent,
      emitted: {} as CoordinatorEffect,
      input: {} as CoordinatorContext,
      transitionMeta: {} as { rule: string },
    },
    delays: named(delays),
    actions: {
      enlist: act(rules.enlist),
      choosePlace: act(rules.choosePlace),
      askForVotes: act(rules.askForVotes),
      countVote: act(rules.countVote),
      giveUp: act(rules.giveUp),
      acceptRefusal: act(rules.acceptRefusal),
      intendCommit: act(rules.intendCommit),
      decideCommit: act(rules.decideCommit),
      decideAbort: act(rules.decideAbort),
      adoptSettlement: act(rules.adoptSettlement),
      adoptRuling: act(rules.adoptRuling),
      announce: act(rules.announce),
      repeatVerdict: act(rules.repeatVerdict),
      countAcknowledgement: act(rules.countAcknowledgement),
      end: act(rules.end),
      answer: act(rules.answer),
      answerVote: act(rules.answerVote),
      presume: act(rules.presume),
      remember: act(rules.remember),
      answerAskers: act(rules.answerAskers),
      answerAskersFromRegister: act(rules.answerAskersFromRegister),
      delegate: act(rules.delegate),
      settle: act(rules.settle),
      register: act(rules.register),
      rule: act(rules.rule),
      claim: act(rules.claim),
      raiseEpoch: act(rules.raiseEpoch),
      beginTakeOver: act(rules.beginTakeOver),
      adoptClaim: act(rules.adoptClaim),
      readDecision: act(rules.readDecision),
      endInRegister: act(rules.endInRegister),
      reportFenced: act(rules.reportFenced),
    },
    guards: {
      hasUnfinishedCommit: when((context) => rules.wasRecovered(context) && rules.hasBranches(context)),
      wasRecovered: when(rules.wasRecovered),
      wasInquired: when(rules.wasInquired),
      takesOver: when(rules.takesOver),
      keepsRegister: when(rules.keepsRegister),
      isCommitted: when(rules.isCommitted),
      isAborted: when(rules.isAborted),
      intendsAbort: when(rules.intendsAbort),
      mustAbortInRegister: when((context) => rules.intendsAbort(context) && rules.isRegistered(context)),
      mustEndInRegister: when((context) => rules.allAcknowledged(context) && rules.isRegistered(context)),
      isUnsupported: when(rules.isUnsupported),
      hasDecider: when(rules.hasDecider),
      allAgreed: when(rules.allAgreed),
      allAcknowledged: when(rules.allAcknowledged),
      cannotVote: when(rules.cannotVote),
      mayPresume: when(rules.mayPresume),
      asksForBranch: when(rules.asksForBranch),
      asksForRegister: when(rules.asksForRegister),
      isDone: when(rules.isDone),
      isRefused: when(rules.isRefused),
      isAnswer: when(rules.isAnswer),
      isEntry: when(rules.isEntry),
      isDecided: when(rules.isDecided),
      saysCommitted: when(rules.saysCommitted),
    },
  });
