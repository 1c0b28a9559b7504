/**
 * The register of a key (Rystsov, CASPaxos, 2018, §2.2): changes its value by a function, over the acceptors of Paxos, with
 * neither a log nor a leader. Registers of the same key on several nodes may change it at once; each is a proposer, and
 * ballots order their changes. A change prepares a ballot, hands the value that it learns to the application, and has the
 * new value accepted.
 *
 * A refusal before the new value has left does no harm: the change begins again, after a pause that is random and grows, so
 * that two registers do not hinder each other for ever. Afterwards it is a conflict, which is told and never repeated here:
 * the change may have happened, and again it would happen twice. The next change pauses before it begins.
 *
 * There is no deletion: acceptors that forgot the ballots of a key could let a change of the time before come back.
 */

import { setup } from 'xstate';
import { given } from '../actor/given.ts';
import { type Birth, defineActor, every, message, named, recordsOf, rulesOf } from '../actor.ts';
import type { Acceptors } from './acceptors.ts';
import { registerName } from './addresses.ts';
import { answerSenders, answers, registerRecords, registerRequests } from './messages.ts';
import { proposerDelays } from './proposer.ts';
import { agreementRoom } from './rooms.ts';
import {
  type RegisterContext,
  type RegisterEffect,
  type RegisterEvent,
  type RegisterRules,
  registerContext,
  registerRules,
} from './rules/register.ts';

const { bind } = rulesOf<RegisterContext, RegisterEvent, RegisterEffect>();

/** How far a change has come; the tags of the chart. */
export const registerPhases = ['idle', 'preparing', 'computing', 'accepting', 'pausing'] as const;
export type RegisterPhase = (typeof registerPhases)[number];

const differs = {
  guard: { type: 'isOfOthers', params: message },
  target: '#free',
  actions: { type: 'giveUp', params: message },
} as const;

/** The register's chart. */
export const registerChart = setup({
  types: {
    context: {} as RegisterContext,
    events: {} as RegisterEvent,
    emitted: {} as RegisterEffect,
    input: {} as RegisterContext,
    tags: {} as RegisterPhase,
    transitionMeta: {} as { rule: string },
  },
  delays: named(proposerDelays),
  ...bind(registerRules),
}).createMachine({
  id: 'register',
  context: given,
  initial: 'idle',
  // What comes too late means nothing. There is one change at a time: another one takes its place, as if it were given up.
  on: {
    promise: {},
    accepted: {},
    refused: {},
    change: [
      { guard: 'wasRefused', target: '#pausing', actions: { type: 'begin', params: message } },
      { target: '#preparing', actions: { type: 'begin', params: message } },
    ],
    replace: {},
    differs: [differs, {}],
    abandon: [{ guard: { type: 'isOfChange', params: message }, target: '#free' }, {}],
  },
  states: {
    idle: {
      id: 'free',
      tags: 'idle',
      on: {
        abandon: {},
        differs: {},
      },
    },

    preparing: {
      id: 'preparing',
      tags: 'preparing',
      entry: 'prepare',
      ...every('retryInterval', 'prepareAgain', 'Paxos 1a'),
      on: {
        promise: {
          guard: { type: 'isOfBallot', params: message },
          actions: { type: 'hearPromise', params: message },
        },
        refused: {
          guard: { type: 'isOfBallot', params: message },
          target: 'pausing',
          actions: { type: 'stepBack', params: message },
          meta: { rule: 'Paxos Made Simple §2.2: abandon a ballot that is refused' },
        },
      },
      always: { guard: 'isPrepared', target: 'computing', meta: { rule: 'CASPaxos §2.2: the current value' } },
    },

    // A refusal is left to phase 2, because the application may have answered already.
    computing: {
      tags: 'computing',
      entry: 'tellCurrent',
      on: {
        replace: {
          guard: { type: 'isOfChange', params: message },
          target: 'accepting',
          actions: { type: 'replace', params: message },
          meta: { rule: 'Paxos 2a' },
        },
      },
    },

    accepting: {
      tags: 'accepting',
      ...every('retryInterval', 'replaceAgain', 'Paxos 2a'),
      on: {
        accepted: {
          guard: { type: 'isOfBallot', params: message },
          actions: { type: 'hearAccepted', params: message },
        },
        refused: {
          guard: { type: 'isOfBallot', params: message },
          target: 'idle',
          actions: { type: 'tellConflict', params: message },
          meta: { rule: 'CASPaxos §2.2: a conflict in phase 2' },
        },
        // A quorum that has promised is of one mind, and may still accept.
        differs: {},
      },
      always: {
        guard: 'isChosen',
        target: 'idle',
        actions: 'conclude',
        meta: { rule: 'CASPaxos §2.2: a quorum has accepted' },
      },
    },

    pausing: {
      id: 'pausing',
      tags: 'pausing',
      after: { pause: { target: 'preparing', meta: { rule: 'Paxos 1a' } } },
    },
  },
});

/** What a register is begun with. */
export interface RegisterBegin {
  readonly acceptors: Acceptors;
}

/** What a new life of a register remembers. */
const records = recordsOf({
  version: 1,
  types: registerRecords,
  start: { round: 0 },
  step: (_before: { readonly round: number }, { round }) => ({ round }),
});

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineRegister = (rules: RegisterRules = registerRules) =>
  defineActor({
    name: registerName,
    room: agreementRoom,
    chart: registerChart.provide(bind(rules)),
    messages: answers,
    senders: answerSenders,
    requests: registerRequests,
    records,
    input: ({ round }: { readonly round: number }, { self, input }: Birth<RegisterBegin>) =>
      registerContext(self, input.acceptors, round),
    delays: proposerDelays,
  });

/** The register; the key of its address is `register/KEY`. */
export const register = defineRegister();
