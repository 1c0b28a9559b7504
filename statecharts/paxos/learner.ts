/**
 * The learner of one decision (Paxos Made Simple §2.3): asks the acceptors which values they have accepted, until a
 * quorum has told it of one ballot. It disturbs nobody, writes nothing down, and ends when it knows: what is chosen can be
 * learned again at any time. Where proposers have stopped half-way nothing may be chosen, and it goes on asking; only a
 * proposer brings such a decision to its end.
 */

import { setup } from 'xstate';
import { given } from '../actor/given.ts';
import { type Birth, defineActor, fixed, message, named, repeating, rulesOf } from '../actor.ts';
import type { Acceptors } from './acceptors.ts';
import { learnerName } from './addresses.ts';
import { learnerMessages, learnerRequests, learnerSenders } from './messages.ts';
import { learningRoom } from './rooms.ts';
import {
  type LearnerContext,
  type LearnerEffect,
  type LearnerEvent,
  type LearnerRules,
  learnerRules,
} from './rules/learner.ts';

const { bind } = rulesOf<LearnerContext, LearnerEvent, LearnerEffect>();

export const learnerDelays = { retryInterval: fixed(100) };

/** The learner's chart. */
export const learnerChart = setup({
  types: {
    context: {} as LearnerContext,
    events: {} as LearnerEvent,
    emitted: {} as LearnerEffect,
    input: {} as LearnerContext,
    tags: {} as 'asking',
    transitionMeta: {} as { rule: string },
  },
  delays: named(learnerDelays),
  ...bind(learnerRules),
}).createMachine({
  id: 'learner',
  context: given,
  initial: 'learning',
  states: {
    learning: {
      tags: 'asking',
      initial: 'asking',
      on: {
        withdraw: 'gone',
        accepted: { actions: { type: 'hear', params: message }, meta: { rule: 'Paxos Made Simple §2.3' } },
        differs: [
          {
            guard: { type: 'isOfOthers', params: message },
            target: 'gone',
            actions: { type: 'tellAcceptors', params: message },
          },
          {},
        ],
      },
      always: {
        guard: 'hasLearned',
        target: 'gone',
        actions: 'tell',
        meta: { rule: 'Paxos Made Simple §2.3: a quorum has accepted' },
      },
      states: { asking: repeating('asking', 'inquire', 'retryInterval') },
    },
    gone: { type: 'final' },
  },
});

/** What a learner is begun with. */
export interface LearnerBegin {
  readonly acceptors: Acceptors;
}

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineLearner = (rules: LearnerRules = learnerRules) =>
  defineActor({
    name: learnerName,
    room: learningRoom,
    chart: learnerChart.provide(bind(rules)),
    messages: learnerMessages,
    senders: learnerSenders,
    requests: learnerRequests,
    input: (_recovered: unknown, { input: { acceptors } }: Birth<LearnerBegin>) => ({ acceptors, heard: [] }),
    delays: learnerDelays,
  });

/** The learner; the key of its address is the decision's, `agree/KEY`. */
export const learner = defineLearner();
