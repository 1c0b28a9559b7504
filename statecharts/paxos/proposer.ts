/**
 * The proposer of one decision (Paxos Made Simple §2.2). It prepares a ballot, proposes a value at it, and knows the
 * chosen value once a quorum has accepted. A later ballot of another proposer sends it back to the start, after a pause
 * that is random and grows, because two that went on at once could hinder each other for ever (§2.4); one of them is
 * alone for long enough at last, and needs no leader to be elected for that.
 *
 * The first refusal ends a ballot, even where a quorum is still possible without that acceptor.
 */

import { setup } from 'xstate';
import { given } from '../actor/given.ts';
import { type Birth, between, defineActor, every, fixed, message, named, recordsOf, rulesOf } from '../actor.ts';
import type { Acceptors } from './acceptors.ts';
import { proposerName } from './addresses.ts';
import { answerSenders, answers, proposerRecords, proposerRequests } from './messages.ts';
import { agreementRoom } from './rooms.ts';
import {
  type ProposerContext,
  type ProposerEffect,
  type ProposerEvent,
  type ProposerMemory,
  type ProposerRules,
  proposerContext,
  proposerRules,
} from './rules/proposer.ts';

const { bind } = rulesOf<ProposerContext, ProposerEvent, ProposerEffect>();

/** How far a proposer has come; the tags of the chart. */
export const proposerPhases = ['idle', 'preparing', 'accepting', 'pausing', 'chosen'] as const;
export type ProposerPhase = (typeof proposerPhases)[number];

/** Pauses are drawn from 10 ms up to 20 ms after the first refusal, and up to 640 ms after the sixth and all later ones. */
const shortestPauseMs = 10;

/** How long those who propose wait, registers too. */
export const proposerDelays = {
  /** Whatever has not been answered is said again. */
  retryInterval: fixed(100),
  pause: ({ refusals }: { readonly refusals: number }) => between(shortestPauseMs, shortestPauseMs * 2 ** refusals),
};

const refused = {
  guard: { type: 'isOfBallot', params: message },
  target: '#pausing',
  actions: { type: 'stepBack', params: message },
  meta: { rule: 'Paxos Made Simple §2.2: abandon a ballot that is refused' },
} as const;

/** The proposer's chart. */
export const proposerChart = setup({
  types: {
    context: {} as ProposerContext,
    events: {} as ProposerEvent,
    emitted: {} as ProposerEffect,
    input: {} as ProposerContext,
    tags: {} as ProposerPhase,
    transitionMeta: {} as { rule: string },
  },
  delays: named(proposerDelays),
  ...bind(proposerRules),
}).createMachine({
  id: 'proposer',
  context: given,
  initial: 'idle',
  // What comes too late means nothing. Who proposes while a proposal is under way hears what comes of that.
  on: {
    promise: {},
    accepted: {},
    refused: {},
    propose: [{ guard: { type: 'isOfOthers', params: message }, actions: 'tellAcceptors' }, {}],
    withdraw: { target: '#idle' },
    differs: [
      {
        guard: { type: 'isOfOthers', params: message },
        target: '#idle',
        actions: { type: 'giveUp', params: message },
      },
      {},
    ],
  },
  states: {
    idle: {
      id: 'idle',
      tags: 'idle',
      always: { guard: 'isDecided', target: 'chosen' },
      on: {
        propose: { target: 'preparing', actions: { type: 'begin', params: message } },
        withdraw: {},
        differs: {},
      },
    },

    preparing: {
      tags: 'preparing',
      entry: 'prepare',
      ...every('retryInterval', 'prepareAgain', 'Paxos 1a'),
      on: {
        promise: {
          guard: { type: 'isOfBallot', params: message },
          actions: { type: 'hearPromise', params: message },
        },
        refused,
      },
      always: { guard: 'isPrepared', target: 'accepting', meta: { rule: 'Paxos 2a' } },
    },

    accepting: {
      tags: 'accepting',
      entry: 'propose',
      ...every('retryInterval', 'proposeAgain', 'Paxos 2a'),
      on: {
        accepted: {
          guard: { type: 'isOfBallot', params: message },
          actions: { type: 'hearAccepted', params: message },
        },
        refused,
      },
      always: {
        guard: 'isChosen',
        target: 'chosen',
        actions: 'conclude',
        meta: { rule: 'Paxos Made Simple §2.3: a quorum has accepted' },
      },
    },

    pausing: {
      id: 'pausing',
      tags: 'pausing',
      after: { pause: { target: 'preparing', meta: { rule: 'Paxos 1a' } } },
    },

    chosen: {
      tags: 'chosen',
      on: {
        propose: [{ guard: { type: 'isOfOthers', params: message }, actions: 'tellAcceptors' }, { actions: 'answer' }],
        withdraw: {},
        differs: {},
      },
    },
  },
});

/** What a proposer is begun with. */
export interface ProposerBegin {
  readonly acceptors: Acceptors;
}

const start: ProposerMemory = { round: 0, chosen: null };

/** What a new life of a proposer remembers. */
const records = recordsOf({
  version: 1,
  types: proposerRecords,
  start,
  step: (before: ProposerMemory, record): ProposerMemory =>
    record.type === 'round'
      ? { ...before, round: record.round }
      : { ...before, chosen: { acceptors: record.acceptors, value: record.value } },
});

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineProposer = (rules: ProposerRules = proposerRules) =>
  defineActor({
    name: proposerName,
    room: agreementRoom,
    chart: proposerChart.provide(bind(rules)),
    messages: answers,
    senders: answerSenders,
    requests: proposerRequests,
    records,
    input: (memory: ProposerMemory, { self, input }: Birth<ProposerBegin>) =>
      proposerContext(self, input.acceptors, memory),
    delays: proposerDelays,
    view: ({ context: { isDecided, proposal, acceptors } }) => ({ chosen: isDecided ? proposal : null, acceptors }),
  });

/** The proposer; the key of its address is the decision's, `agree/KEY`. */
export const proposer = defineProposer();
