/**
 * The participant of one branch. Its resource is its memory: a prepared branch outlives the participant there, and is
 * found there by the next life. It asks its resource to prepare, votes, and from a yes on waits for a decision that is
 * not its own. While in doubt it asks the coordinator, and its peers as well once nothing more is to be expected of the
 * coordinator; an operation with an unknown answer is repeated until it is certain.
 *
 * Deviation: a participant that has finished answers its peers for a while only; after that, the coordinator alone does.
 */

import { given } from '../actor/given.ts';
import { type Birth, defineActor, message } from '../actor.ts';
import { participantName } from './addresses.ts';
import { participantMessages, participantRequests, participantSenders } from './messages.ts';
import { type ParticipantBegin, participantContext } from './participant/context.ts';
import { finished } from './participant/finished.ts';
import { finishing } from './participant/finishing.ts';
import { inDoubt } from './participant/in-doubt.ts';
import { deciding } from './participant/one-phase.ts';
import { type ParticipantRules, participantRules } from './participant/rules.ts';
import { unprepared } from './participant/unprepared.ts';
import { participantView } from './participant/view.ts';
import { bindParticipant, delays, participating } from './participant/vocabulary.ts';

/** The participant's chart. */
export const participantChart = participating.createMachine({
  id: 'participant',
  context: given,
  initial: 'born',
  // A request to give up comes too late once the vote is cast; an answer that is not waited for any more means nothing.
  on: { abort: {}, performed: {}, unreachable: {} },
  states: {
    born: {
      tags: 'working',
      on: { prepare: {}, decision: {}, inquiry: {}, 'commit-one-phase': {}, settle: {} },
      always: [
        { guard: 'learnedCommit', target: '#committing' },
        {
          guard: 'wasFound',
          target: '#inDoubt',
          actions: 'inquire',
          meta: { rule: 'Mohan et al. §2: recovery inquires' },
        },
        { guard: 'wasSummoned', target: 'summoned' },
        { target: '#working' },
      ],
    },

    // A life without memory does what it is told, and presumes nothing about the branch.
    summoned: {
      tags: 'finishing',
      on: {
        decision: { actions: { type: 'learn', params: message } },
        'commit-one-phase': { target: '#settling', actions: { type: 'adoptSettle', params: message } },
        settle: { target: '#settling', actions: { type: 'adoptSettle', params: message } },
        prepare: {},
        inquiry: {},
      },
      always: [
        { guard: 'learnedCommit', target: '#committing' },
        { guard: 'learnedAbort', target: '#rollingBack' },
      ],
    },

    unprepared,
    inDoubt,
    finishing,
    deciding,
    finished,
    gone: { type: 'final' },
  },
});

/** What a participant is defined by. */
export interface ParticipantOptions {
  /** Other rules than the true ones are for proofs that a fault would be found. */
  readonly rules?: ParticipantRules;
}

/** Defines the actor. */
export const defineParticipant = ({ rules = participantRules }: ParticipantOptions = {}) =>
  defineActor({
    name: participantName,
    chart: participantChart.provide(bindParticipant(rules)),
    messages: participantMessages,
    senders: participantSenders,
    requests: participantRequests,
    performs: true,
    hearsUnreachable: true,
    input: (_recovered: unknown, birth: Birth<ParticipantBegin>) => participantContext(birth),
    delays,
    view: participantView,
    bornOfMessage: (heard): ParticipantBegin | undefined => {
      switch (heard.type) {
        case 'decision':
          // An abort that no coordinator waits for is presumed: there is nothing to do without memory.
          return heard.acknowledge ? { type: 'summoned', branch: heard.branch, resource: heard.resource } : undefined;
        case 'commit-one-phase':
        case 'settle':
          return { type: 'summoned', branch: heard.branch, resource: heard.resource };
        default:
          return undefined;
      }
    },
  });

/** The participant; the key of its address is the transaction's id, a slash, and the branch. */
export const participant = defineParticipant();
