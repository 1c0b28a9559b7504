/**
 * The participant of one branch. Its resource is its memory: a prepared branch outlives the participant there, and is
 * found there by the next life. It asks its resource to prepare, votes, and from a yes on waits for a decision that is
 * not its own. While in doubt it asks the coordinator, and its peers as well once nothing more is to be expected of the
 * coordinator; an operation with an unknown answer is repeated until it is certain.
 *
 * Deviation: a participant that has finished answers its peers for a while only; after that, the coordinator alone does.
 */

import { type Birth, defineActor, message } from '../actor.ts';
import { participantName } from './addresses.ts';
import { participantMessages, participantRequests, participantSenders } from './messages.ts';
import { type ParticipantBegin, participantContext } from './participant/context.ts';
import { type ParticipantRules, participantRules } from './participant/rules.ts';
import { bindParticipant, delays, participating, to } from './participant/vocabulary.ts';

/** The participant's chart. */
export const participantChart = participating.createMachine({
  id: 'participant',
  context: ({ input }) => input,
  initial: 'born',
  // A request to give up comes too late once the vote is cast; an answer that nobody waits for any more means nothing.
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

    unprepared: {
      tags: 'working',
      initial: 'working',
      on: {
        abort: {
          target: '#rollingBack',
          actions: { type: 'voteNo', params: ({ event }) => ({ reason: event.reason }) },
        },
        decision: {
          guard: { type: 'saysAborted', params: message },
          target: '#rollingBack',
          actions: { type: 'learn', params: message },
        },
        // The peer is answered when it asks again and the branch is gone for good.
        inquiry: {
          target: '#rollingBack',
          actions: { type: 'voteNo', params: { reason: 'a peer is in doubt' } },
          meta: { rule: 'Bernstein et al. §7.4: who has not voted yes may abort' },
        },
      },
      states: {
        working: {
          id: 'working',
          on: {
            prepare: { target: 'preparing', actions: { type: 'adoptPrepare', params: message } },
            'commit-one-phase': {
              target: '#committingOnePhase',
              actions: { type: 'adoptOnePhase', params: message },
              meta: { rule: 'Gray & Reuter ch. 11: the last resource commits in one phase' },
            },
            settle: { target: '#settling', actions: { type: 'adoptSettle', params: message } },
          },
          after: {
            idleTimeout: {
              target: '#rollingBack',
              actions: { type: 'voteNo', params: { reason: 'the coordinator is silent' } },
              meta: { rule: 'Gray & Reuter §10.4: unilateral abort' },
            },
          },
        },
        preparing: {
          entry: 'prepare',
          on: {
            prepare: {},
            'commit-one-phase': {},
            settle: {},
            performed: [
              {
                guard: { type: 'isPrepared', params: message },
                target: '#inDoubt',
                actions: { type: 'voteYes', params: message },
                meta: { rule: 'Gray & Reuter §10.4: a yes is durable' },
              },
              {
                guard: { type: 'isReadOnly', params: message },
                target: '#readOnly',
                actions: ['voteReadOnly', 'finishReadOnly'],
                meta: { rule: 'Mohan et al. §3: read-only' },
              },
              {
                guard: { type: 'isRefused', params: to('prepare') },
                target: '#finished',
                actions: { type: 'finishRefused', params: message },
              },
              {
                guard: { type: 'isAnswer', params: to('prepare') },
                target: '#rollingBack',
                actions: { type: 'voteNo', params: { reason: 'whether it is prepared is unknown' } },
                meta: { rule: 'Gray & Reuter §10.4: unilateral abort' },
              },
            ],
          },
        },
      },
    },

    // Between its yes and the decision, a participant neither commits nor aborts, however long it takes.
    inDoubt: {
      id: 'inDoubt',
      tags: 'in-doubt',
      on: {
        prepare: { guard: 'mayVoteAgain', actions: 'voteAgain' },
        decision: { actions: { type: 'learn', params: message } },
        inquiry: {},
        'commit-one-phase': {},
        settle: {},
      },
      always: [
        { guard: 'learnedCommit', target: '#committing', meta: { rule: 'Gray & Reuter §10.4: phase two' } },
        { guard: 'learnedAbort', target: '#rollingBack', meta: { rule: 'Gray & Reuter §10.4: phase two' } },
      ],
      initial: 'relying',
      states: {
        // A coordinator that lives may be waiting for a slower vote, and a peer that is asked before its vote gives up.
        relying: {
          initial: 'waiting',
          on: {
            unreachable: {
              guard: { type: 'concernsCoordinator', params: message },
              target: 'cooperating',
              actions: 'inquireEverywhere',
            },
          },
          after: { peerInquiryDelay: { target: 'cooperating', actions: 'inquireEverywhere' } },
          states: {
            waiting: {
              after: {
                inquiryInterval: {
                  target: 'waiting',
                  reenter: true,
                  actions: 'inquire',
                  meta: { rule: 'Gray & Reuter §10.4: in doubt, ask the coordinator' },
                },
              },
            },
          },
        },
        cooperating: {
          after: {
            inquiryInterval: {
              target: 'cooperating',
              reenter: true,
              actions: 'inquireEverywhere',
              meta: { rule: 'Bernstein et al. §7.4: cooperative termination' },
            },
          },
        },
      },
    },

    finishing: {
      tags: 'finishing',
      on: {
        decision: { actions: { type: 'learn', params: message } },
        inquiry: { actions: { type: 'answerPeer', params: message } },
        prepare: {},
        'commit-one-phase': {},
        settle: {},
      },
      initial: 'committing',
      states: {
        committing: {
          id: 'committing',
          initial: 'asking',
          on: {
            performed: [
              { guard: { type: 'isDone', params: to('commit') }, target: '#finished', actions: 'finishCommitted' },
              { guard: { type: 'isRefused', params: to('commit') }, target: '#finished', actions: 'finishAborted' },
              { guard: { type: 'isAnswer', params: to('commit') }, target: '.waiting' },
            ],
          },
          states: {
            asking: { entry: 'commit' },
            waiting: { after: { resourceRetryInterval: 'asking' } },
          },
        },
        rollingBack: {
          id: 'rollingBack',
          initial: 'asking',
          on: {
            performed: [
              { guard: { type: 'isDone', params: to('rollback') }, target: '#finished', actions: 'finishAborted' },
              {
                guard: { type: 'isRefused', params: to('rollback') },
                target: '#finished',
                actions: 'finishAgainstAbort',
              },
              { guard: { type: 'isAnswer', params: to('rollback') }, target: '.waiting' },
            ],
          },
          states: {
            asking: { entry: 'rollback' },
            waiting: { after: { resourceRetryInterval: 'asking' } },
          },
        },
      },
    },

    // The commit of this branch is the decision; what became of it is found out, never guessed.
    deciding: {
      tags: 'deciding',
      on: { prepare: {}, decision: {}, inquiry: {}, 'commit-one-phase': {}, settle: {} },
      initial: 'committingOnePhase',
      states: {
        committingOnePhase: {
          id: 'committingOnePhase',
          entry: 'commitOnePhase',
          on: {
            performed: [
              {
                guard: { type: 'isDone', params: to('commit-one-phase') },
                target: '#finished',
                actions: 'finishCommitted',
              },
              {
                guard: { type: 'isRefused', params: to('commit-one-phase') },
                target: '#finished',
                actions: { type: 'finishOnePhaseRefused', params: message },
              },
              { guard: { type: 'isAnswer', params: to('commit-one-phase') }, target: 'settling' },
            ],
          },
        },
        settling: {
          id: 'settling',
          initial: 'asking',
          on: {
            performed: [
              {
                guard: { type: 'isSettled', params: message },
                target: '#finished',
                actions: { type: 'finishSettled', params: message },
              },
              { guard: { type: 'isAnswer', params: to('outcome-of') }, target: '.waiting' },
            ],
          },
          states: {
            asking: { entry: 'findOutcome' },
            waiting: { after: { resourceRetryInterval: 'asking' } },
          },
        },
      },
    },

    // It still answers whoever missed what it said.
    finished: {
      tags: 'finished',
      initial: 'ended',
      after: { linger: 'gone' },
      states: {
        readOnly: {
          id: 'readOnly',
          on: {
            prepare: { actions: 'voteReadOnly' },
            decision: { actions: { type: 'acknowledgeReadOnly', params: message } },
            inquiry: {},
            'commit-one-phase': {},
            settle: {},
          },
        },
        ended: {
          id: 'finished',
          on: {
            prepare: { actions: 'voteNoAgain' },
            decision: { actions: { type: 'acknowledgeAgain', params: message } },
            inquiry: { actions: { type: 'answerPeer', params: message } },
            'commit-one-phase': { actions: { type: 'reportSettled', params: message } },
            settle: { actions: { type: 'reportSettled', params: message } },
          },
        },
      },
    },

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
    roles: ['working', 'in-doubt', 'finishing', 'deciding', 'finished'],
    messages: participantMessages,
    senders: participantSenders,
    requests: participantRequests,
    performs: true,
    hearsUnreachable: true,
    input: (_recovered: unknown, birth: Birth<ParticipantBegin>) => participantContext(birth),
    delays,
    bornOfMessage: (heard): ParticipantBegin | undefined => {
      switch (heard.type) {
        case 'decision':
          // An abort that nobody waits for is presumed: there is nothing to do without memory.
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
