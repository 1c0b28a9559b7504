/**
 * The acceptor of one decision (Paxos Made Simple §2.2): promises ballots, accepts values, and remembers both for ever. It
 * is born of the first message that names it.
 */

import { setup } from 'xstate';
import { given } from '../actor/given.ts';
import { type Birth, defineActor, message, recordsOf, rulesOf } from '../actor.ts';
import { acceptorName } from './addresses.ts';
import { acceptorMessages, acceptorRecords, acceptorSenders } from './messages.ts';
import { agreementRoom } from './rooms.ts';
import {
  type AcceptorContext,
  type AcceptorEffect,
  type AcceptorEvent,
  type AcceptorRules,
  acceptorRules,
  blankAcceptor,
} from './rules/acceptor.ts';

const { bind } = rulesOf<AcceptorContext, AcceptorEvent, AcceptorEffect>();

/** How far a decision has come here; the tags of the chart. */
export const acceptorPhases = ['unpromised', 'promised', 'accepted'] as const;
export type AcceptorPhase = (typeof acceptorPhases)[number];

const differs = {
  guard: { type: 'isOfOthers', params: message },
  actions: { type: 'tellAcceptors', params: message },
} as const;

const late = {
  actions: { type: 'refuse', params: message },
  meta: { rule: 'Paxos Made Simple §2.2: tell of the later ballot' },
} as const;

/** The acceptor's chart. */
export const acceptorChart = setup({
  types: {
    context: {} as AcceptorContext,
    events: {} as AcceptorEvent,
    emitted: {} as AcceptorEffect,
    input: {} as AcceptorContext,
    tags: {} as AcceptorPhase,
    transitionMeta: {} as { rule: string },
  },
  ...bind(acceptorRules),
}).createMachine({
  id: 'acceptor',
  context: given,
  initial: 'unpromised',
  on: {
    prepare: [
      differs,
      {
        guard: { type: 'isNewBallot', params: message },
        actions: { type: 'promise', params: message },
        meta: { rule: 'Paxos 1b' },
      },
      {
        guard: { type: 'isPromised', params: message },
        actions: { type: 'promiseAgain', params: message },
        meta: { rule: 'Paxos 1b' },
      },
      late,
    ],
    accept: [
      differs,
      {
        guard: { type: 'isAccepted', params: message },
        actions: { type: 'tellAccepted', params: message },
        meta: { rule: 'Paxos 2b' },
      },
      {
        guard: { type: 'isAcceptable', params: message },
        actions: { type: 'accept', params: message },
        meta: { rule: 'Paxos 2b' },
      },
      late,
    ],
    inquire: [
      differs,
      { actions: { type: 'tellAccepted', params: message }, meta: { rule: 'Paxos Made Simple §2.3: learners ask' } },
    ],
  },
  states: {
    unpromised: { tags: 'unpromised', always: { guard: 'hasPromised', target: 'promised' } },
    promised: { tags: 'promised', always: { guard: 'hasAccepted', target: 'accepted' } },
    accepted: { tags: 'accepted' },
  },
});

/** What a new life of an acceptor remembers. */
const records = recordsOf({
  version: 1,
  types: acceptorRecords,
  start: blankAcceptor,
  step: (_before: AcceptorContext, { acceptors, promised, accepted }): AcceptorContext => ({
    acceptors,
    promised,
    accepted,
  }),
});

/** What an acceptor is begun with: nothing, as its first message tells it all. */
export type AcceptorBegin = Readonly<Record<never, never>>;

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineAcceptor = (rules: AcceptorRules = acceptorRules) =>
  defineActor({
    name: acceptorName,
    room: agreementRoom,
    chart: acceptorChart.provide(bind(rules)),
    messages: acceptorMessages,
    senders: acceptorSenders,
    records,
    input: (recovered: AcceptorContext, _birth: Birth<AcceptorBegin>) => recovered,
    // Who asks for what was accepted before anything was proposed asks nobody.
    bornOfMessage: ({ type }): AcceptorBegin | undefined => (type === 'inquire' ? undefined : {}),
    bornOfRecords: (): AcceptorBegin => ({}),
    view: ({ context }) => context,
  });

/** The acceptor; the key of its address is the decision's, `agree/KEY`. */
export const acceptor = defineAcceptor();
