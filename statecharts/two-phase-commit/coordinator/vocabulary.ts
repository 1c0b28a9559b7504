/** The vocabulary of the coordinator's chart: every rule under its name, and every delay. */

import { setup } from 'xstate';
import { askingUntilAnswered, between, fixed, message, named, type Performed, rulesOf } from '../../actor.ts';
import type { CoordinatorContext, CoordinatorEffect, CoordinatorEvent, CoordinatorPhase } from './context.ts';
import { coordinatorRules, type RegisterAnswer } from './rules.ts';

const retrying = ({ times: { retryIntervalMs } }: CoordinatorContext) =>
  between(retryIntervalMs, retryIntervalMs * 1.5);

export const delays = {
  transactionTimeout: ({ times }: CoordinatorContext) => fixed(times.transactionTimeoutMs),
  voteTimeout: ({ times }: CoordinatorContext) => fixed(times.voteTimeoutMs),
  voteRetryInterval: retrying,
  decisionRetryInterval: retrying,
  settleRetryInterval: retrying,
  registerRetryInterval: retrying,
  leadRetryInterval: retrying,
  /** Twice as long at most with each further ballot, up to 32 times. */
  leadPause: ({ times: { retryIntervalMs }, leadership: { round } }: CoordinatorContext) =>
    between(retryIntervalMs, retryIntervalMs * (1 + 2 ** Math.min(round, 5))),
  retention: ({ times }: CoordinatorContext) => fixed(times.retentionMs),
};

/** The params of guards over the register's answer to `step`. */
export const to =
  (step: RegisterAnswer['step']) =>
  ({ event }: { event: Performed }): RegisterAnswer => ({ step, ...event });

/** Binds the rules of a coordinator to the names by which its chart calls them. */
export const { bind: bindCoordinator } = rulesOf<CoordinatorContext, CoordinatorEvent, CoordinatorEffect>();

export const coordinating = setup({
  types: {
    context: {} as CoordinatorContext,
    events: {} as CoordinatorEvent,
    emitted: {} as CoordinatorEffect,
    input: {} as CoordinatorContext,
    tags: {} as CoordinatorPhase,
    transitionMeta: {} as { rule: string },
  },
  delays: named(delays),
  ...bindCoordinator(coordinatorRules),
});

/** A compound state that asks the register until it has answered `step`. */
export const askingRegister = <const Ask extends string, const Answers extends readonly object[]>(
  ask: Ask,
  step: RegisterAnswer['step'],
  answers: Answers,
) =>
  askingUntilAnswered({
    ask,
    pause: 'registerRetryInterval',
    answer: 'performed',
    answers,
    unanswered: { type: 'isAnswer', params: to(step) },
  });

/** The application asks to abort while nothing is decided. */
export const changedMind = {
  target: 'givingUp',
  actions: {
    type: 'giveUp',
    params: ({ event }: { event: { readonly reason: string } }): { code: 'requested'; detail: string } => ({
      code: 'requested',
      detail: event.reason,
    }),
  },
} as const;

/** A participant that cannot be reached before it has voted. */
export const absent = {
  guard: { type: 'cannotVote', params: message },
  target: 'givingUp',
  actions: {
    type: 'giveUp',
    params: ({
      event,
    }: {
      event: { readonly address?: string; readonly node: string };
    }): {
      code: 'absent';
      detail: string;
    } => ({ code: 'absent', detail: event.address ?? event.node }),
  },
} as const;

/** Patience with the votes has ended. */
export const voteMissing = {
  target: 'givingUp',
  actions: { type: 'giveUp', params: { code: 'vote-timeout', detail: 'a vote is missing' } },
} as const;

/** What acceptors say means nothing where no acceptors are asked, or any more. */
export const fromAcceptors = { 'phase-1b': {}, 'phase-2b': {}, outvoted: {}, remembered: {} } as const;
