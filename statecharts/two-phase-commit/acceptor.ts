/**
 * The acceptor of one transaction on one node, after Gray & Lamport, Consensus on Transaction Commit (2006): it holds an
 * instance of Paxos for every branch, accepts at ballot 0 what the branch's participant votes and at later ballots what a
 * leader proposes, and never goes back behind a promise. A majority of the acceptors remembers the outcome whichever node dies.
 *
 * Deviations: the instances of a transaction share their ballots, so that one promise and one message are for all of
 * them. The set of branches is no instance of its own, that of a registrar (§6.2): one coordinator alone fixes it, before
 * it asks for the first vote, and it travels with every vote. Votes of no are for the coordinator (`acceptors.ts` there).
 */

import { given } from '../actor/given.ts';
import { type Birth, defineActor, message } from '../actor.ts';
import {
  type AcceptorBegin,
  type AcceptorTimes,
  acceptorContext,
  acceptorRecords,
  defaultAcceptorTimes,
} from './acceptor/context.ts';
import { type AcceptorRules, acceptorRules } from './acceptor/rules.ts';
import { accepting, bindAcceptor, delays } from './acceptor/vocabulary.ts';
import { acceptorName } from './addresses.ts';
import { acceptorMessages, acceptorSenders } from './messages.ts';

/** The acceptor's chart. */
export const acceptorChart = accepting.createMachine({
  id: 'acceptor',
  context: given,
  initial: 'born',
  states: {
    born: {
      tags: 'open',
      on: { 'phase-1a': {}, 'phase-2a': {}, end: {} },
      always: [{ guard: 'hasEnded', target: 'ended' }, { target: 'open' }],
    },

    open: {
      tags: 'open',
      on: {
        'phase-1a': [
          { guard: { type: 'namesOthers', params: message } },
          { guard: { type: 'isLate', params: message }, actions: { type: 'refuse', params: message } },
          { actions: { type: 'promise', params: message }, meta: { rule: 'Gray & Lamport §4.1: phase 1b' } },
        ],
        'phase-2a': [
          { guard: { type: 'namesOthers', params: message } },
          { guard: { type: 'isLate', params: message }, actions: { type: 'refuse', params: message } },
          {
            guard: { type: 'isVote', params: message },
            actions: { type: 'acceptVote', params: message },
            meta: { rule: 'Gray & Lamport §4.2: phase 2b of ballot 0' },
          },
          { actions: { type: 'accept', params: message }, meta: { rule: 'Gray & Lamport §4.1: phase 2b' } },
        ],
        end: { target: 'ended', actions: { type: 'remember', params: message } },
      },
      initial: 'waiting',
      states: {
        waiting: {
          after: {
            reminderInterval: [
              { guard: 'isRelied', target: 'waiting', reenter: true, actions: 'remind' },
              { target: '#gone' },
            ],
          },
        },
      },
    },

    ended: {
      tags: 'ended',
      on: {
        'phase-1a': { actions: { type: 'recall', params: message } },
        'phase-2a': { actions: { type: 'recall', params: message } },
        end: {},
      },
      after: { retention: 'gone' },
    },

    gone: { id: 'gone', type: 'final' },
  },
});

/** What an acceptor is defined by. */
export interface AcceptorOptions {
  /** Other rules than the true ones are for proofs that a fault would be found. */
  readonly rules?: AcceptorRules;
  readonly times?: Partial<AcceptorTimes>;
}

/** Defines the actor. */
export const defineAcceptor = ({ rules = acceptorRules, times }: AcceptorOptions = {}) =>
  defineActor({
    name: acceptorName,
    chart: acceptorChart.provide(bindAcceptor(rules)),
    messages: acceptorMessages,
    senders: acceptorSenders,
    records: acceptorRecords,
    input: (recovered: Parameters<typeof acceptorContext>[0], birth: Birth<AcceptorBegin>) =>
      acceptorContext(recovered, birth, { ...defaultAcceptorTimes, ...times }),
    delays,
    bornOfMessage: (heard): AcceptorBegin | undefined =>
      heard.type === 'end' ? undefined : { type: 'addressed', manager: heard.manager, place: heard.place },
    bornOfRecords: (): AcceptorBegin => ({ type: 'recovered' }),
  });

/** The acceptor; the key of its address is the transaction's id. */
export const acceptor = defineAcceptor();
