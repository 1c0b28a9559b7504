/**
 * The coordinator of one transaction: collects the votes, decides once, and sees the decision through. Presumed abort
 * (Mohan, Lindsay & Obermarck 1986) over Gray & Reuter's two-phase commit; with a decision register, a coordinator that
 * dies is replaced by another one under a higher epoch (Gray & Lamport 2006).
 *
 * Deviations: an abort is announced once and not acknowledged (participants ask), except with a register, where the one
 * whom they would ask may be dead; a new owner aborts what is undecided instead of collecting the votes again.
 */

import { type Birth, defineActor, message } from '../actor.ts';
import { coordinatorName } from './addresses.ts';
import {
  type CoordinatorBegin,
  type CoordinatorRecovered,
  coordinatorContext,
  coordinatorRecords,
} from './coordinator/context.ts';
import { type CoordinatorRules, coordinatorRules } from './coordinator/rules.ts';
import { bindCoordinator, coordinating, delays, to } from './coordinator/vocabulary.ts';
import { coordinatorMessages, coordinatorRequests, coordinatorSenders } from './messages.ts';

/** The coordinator's chart. */
export const coordinatorChart = coordinating.createMachine({
  id: 'coordinator',
  context: ({ input }) => input,
  initial: 'undecided',
  // What the application asks too late changes nothing; what a resource or the bus says too late means nothing.
  on: { enlist: {}, commit: {}, abort: {}, 'take-over': {}, unreachable: {}, performed: {} },
  states: {
    undecided: {
      tags: 'undecided',
      initial: 'born',
      // A participant in doubt gets no answer while there is none; votes after the last needed one change nothing.
      on: { inquiry: {}, vote: {}, acknowledgement: {}, settled: {} },
      states: {
        born: {
          always: [
            { guard: 'hasUnfinishedCommit', target: '#committing', actions: 'repeatVerdict' },
            { guard: 'wasRecovered', target: '#retained', actions: 'repeatVerdict' },
            { guard: 'wasInquired', target: '#presuming' },
            { guard: 'takesOver', target: 'claiming' },
            { target: 'active' },
          ],
        },
        active: {
          on: {
            enlist: { actions: { type: 'enlist', params: message } },
            vote: { actions: { type: 'countVote', params: message } },
            commit: [
              {
                guard: 'isUnsupported',
                target: 'resolving',
                actions: { type: 'giveUp', params: { code: 'unsupported', detail: 'more than one place to decide' } },
              },
              { guard: 'keepsRegister', target: 'registering', meta: { rule: 'Gray & Lamport §6: registration' } },
              { target: 'collecting', actions: 'choosePlace' },
            ],
            abort: {
              target: 'resolving',
              actions: { type: 'giveUp', params: ({ event }) => ({ code: 'requested', detail: event.reason }) },
            },
          },
          always: { guard: 'intendsAbort', target: 'resolving' },
          after: {
            transactionTimeout: {
              target: 'resolving',
              actions: { type: 'giveUp', params: { code: 'transaction-timeout', detail: 'nobody asked to commit' } },
            },
          },
        },
        registering: {
          initial: 'asking',
          on: {
            performed: [
              { guard: { type: 'isDone', params: to('register-transaction') }, target: 'collecting' },
              {
                guard: { type: 'isRefused', params: to('register-transaction') },
                target: 'resolving',
                actions: { type: 'acceptRefusal', params: message },
              },
              { guard: { type: 'isAnswer', params: to('register-transaction') }, target: '.waiting' },
            ],
            abort: {
              target: 'resolving',
              actions: { type: 'giveUp', params: ({ event }) => ({ code: 'requested', detail: event.reason }) },
            },
          },
          after: {
            voteTimeout: {
              target: 'resolving',
              actions: { type: 'giveUp', params: { code: 'vote-timeout', detail: 'the register did not answer' } },
            },
          },
          states: {
            asking: { entry: 'register' },
            waiting: { after: { registerRetryInterval: 'asking' } },
          },
        },
        collecting: {
          initial: 'asking',
          on: {
            vote: { actions: { type: 'countVote', params: message } },
            unreachable: {
              guard: { type: 'cannotVote', params: message },
              target: 'resolving',
              actions: {
                type: 'giveUp',
                params: ({ event }) => ({ code: 'absent', detail: event.address ?? event.node }),
              },
            },
            abort: {
              target: 'resolving',
              actions: { type: 'giveUp', params: ({ event }) => ({ code: 'requested', detail: event.reason }) },
            },
          },
          always: [
            { guard: 'intendsAbort', target: 'resolving', meta: { rule: 'Gray & Reuter §10.4: one no aborts' } },
            {
              guard: 'allAgreed',
              target: 'resolving',
              actions: 'intendCommit',
              meta: { rule: 'Gray & Reuter §10.4: all yes commits' },
            },
          ],
          after: {
            voteTimeout: {
              target: 'resolving',
              actions: { type: 'giveUp', params: { code: 'vote-timeout', detail: 'a vote is missing' } },
              meta: { rule: 'Gray & Reuter §10.4: silence aborts' },
            },
          },
          states: {
            asking: { entry: 'askForVotes', after: { voteRetryInterval: { target: 'asking', reenter: true } } },
          },
        },
        resolving: {
          always: [
            { guard: 'isCommitted', target: '#committing' },
            { guard: 'isAborted', target: '#aborting' },
            {
              guard: 'mustAbortInRegister',
              target: 'ruling',
              meta: { rule: 'Gray & Lamport §4: commit and abort are chosen alike' },
            },
            {
              guard: 'intendsAbort',
              target: '#aborting',
              actions: 'decideAbort',
              meta: { rule: 'Mohan et al. §3: presumed abort' },
            },
            {
              guard: 'keepsRegister',
              target: 'ruling',
              meta: { rule: 'Gray & Lamport §4: commit and abort are chosen alike' },
            },
            {
              guard: 'hasDecider',
              target: 'delegating',
              meta: { rule: 'Gray & Reuter ch. 11: the last resource commits in one phase' },
            },
            { target: '#committing', actions: 'decideCommit', meta: { rule: 'Gray & Reuter §10.4: commit point' } },
          ],
        },
        delegating: {
          entry: 'delegate',
          on: {
            settled: [
              {
                guard: { type: 'saysCommitted', params: message },
                target: '#committing',
                actions: { type: 'adoptSettlement', params: message },
              },
              { target: '#aborting', actions: { type: 'adoptSettlement', params: message } },
            ],
          },
          after: { settleRetryInterval: { target: 'delegating', reenter: true } },
        },
        claiming: {
          id: 'claiming',
          initial: 'asking',
          on: {
            performed: [
              {
                guard: { type: 'isRefused', params: to('claim-transaction') },
                target: 'fenced',
                actions: { type: 'reportFenced', params: message },
              },
              {
                guard: { type: 'isEntry', params: to('claim-transaction') },
                target: 'resolving',
                actions: { type: 'adoptClaim', params: message },
                meta: { rule: 'Gray & Lamport §4: a new leader' },
              },
              { guard: { type: 'isAnswer', params: to('claim-transaction') }, target: '.waiting' },
            ],
          },
          states: {
            asking: { entry: 'claim' },
            waiting: { after: { registerRetryInterval: 'asking' } },
          },
        },
        ruling: {
          initial: 'asking',
          on: {
            performed: [
              {
                guard: { type: 'isDecided', params: to('decide-transaction') },
                target: 'resolving',
                actions: { type: 'adoptRuling', params: message },
                meta: { rule: 'Gray & Lamport §4: consensus on the outcome' },
              },
              {
                guard: { type: 'isRefused', params: to('decide-transaction') },
                target: 'fenced',
                actions: { type: 'reportFenced', params: message },
              },
              { guard: { type: 'isAnswer', params: to('decide-transaction') }, target: '.waiting' },
            ],
          },
          states: {
            asking: { entry: 'rule' },
            waiting: { after: { registerRetryInterval: 'asking' } },
          },
        },
        // Another owner finishes the transaction; this one only learns for its caller how.
        fenced: {
          initial: 'asking',
          on: {
            'take-over': { target: 'claiming', actions: { type: 'raiseEpoch', params: message } },
            performed: [
              {
                guard: { type: 'isDecided', params: to('read-decision') },
                target: '#finished',
                actions: { type: 'adoptRuling', params: message },
              },
              { guard: { type: 'isAnswer', params: to('read-decision') }, target: '.waiting' },
            ],
          },
          states: {
            asking: { entry: 'readDecision' },
            waiting: { after: { registerRetryInterval: 'asking' } },
          },
        },
      },
    },

    decided: {
      tags: 'decided',
      initial: 'retained',
      on: {
        inquiry: { actions: { type: 'answer', params: message } },
        vote: { actions: { type: 'answerVote', params: message } },
        acknowledgement: { actions: { type: 'countAcknowledgement', params: message } },
        settled: {},
      },
      states: {
        committing: {
          id: 'committing',
          initial: 'telling',
          always: [
            { guard: 'mustEndInRegister', target: 'ending' },
            { guard: 'allAcknowledged', target: 'retained', actions: 'end', meta: { rule: 'Mohan et al. §2: end' } },
          ],
          states: {
            telling: { entry: 'announce', after: { decisionRetryInterval: { target: 'telling', reenter: true } } },
          },
        },
        aborting: {
          id: 'aborting',
          initial: 'telling',
          always: [
            { guard: 'mustEndInRegister', target: 'ending' },
            { guard: 'allAcknowledged', target: 'retained', actions: 'end' },
          ],
          states: {
            telling: { entry: 'announce', after: { decisionRetryInterval: { target: 'telling', reenter: true } } },
          },
        },
        ending: {
          initial: 'asking',
          on: {
            performed: [
              { guard: { type: 'isDone', params: to('end-transaction') }, target: 'retained', actions: 'end' },
              { guard: { type: 'isRefused', params: to('end-transaction') }, target: 'retained', actions: 'end' },
              { guard: { type: 'isAnswer', params: to('end-transaction') }, target: '.waiting' },
            ],
          },
          states: {
            asking: { entry: 'endInRegister' },
            waiting: { after: { registerRetryInterval: 'asking' } },
          },
        },
        retained: { id: 'retained', after: { retention: '#finished' } },
      },
    },

    // Without a record, the answer depends on where the decision was to be made, which the one who asks knows.
    presuming: {
      id: 'presuming',
      tags: 'presuming',
      initial: 'listening',
      on: {
        inquiry: { actions: { type: 'remember', params: message } },
        // Who asked is answered when it asks again.
        'take-over': {
          guard: 'keepsRegister',
          target: '#claiming',
          actions: { type: 'beginTakeOver', params: message },
        },
        vote: {},
        acknowledgement: {},
        settled: {},
      },
      states: {
        listening: {
          on: {
            inquiry: [
              {
                guard: { type: 'mayPresume', params: message },
                target: '#finished',
                actions: { type: 'presume', params: message },
                meta: { rule: 'Mohan et al. §3: presumed abort' },
              },
              {
                guard: { type: 'asksForBranch', params: message },
                target: 'settling',
                actions: { type: 'remember', params: message },
              },
              {
                guard: { type: 'asksForRegister', params: message },
                target: 'reading',
                actions: { type: 'remember', params: message },
              },
              { target: '#finished' },
            ],
          },
        },
        settling: {
          entry: 'settle',
          on: { settled: { target: '#finished', actions: { type: 'answerAskers', params: message } } },
          after: { settleRetryInterval: { target: 'settling', reenter: true } },
        },
        reading: {
          entry: 'readDecision',
          on: {
            performed: [
              {
                guard: { type: 'isDecided', params: to('read-decision') },
                target: '#finished',
                actions: { type: 'answerAskersFromRegister', params: message },
              },
              { guard: { type: 'isAnswer', params: to('read-decision') }, target: '#finished' },
            ],
          },
        },
      },
    },

    finished: { id: 'finished', type: 'final' },
  },
});

/** What a coordinator is defined by. */
export interface CoordinatorOptions {
  /** Other rules than the true ones are for proofs that a fault would be found. */
  readonly rules?: CoordinatorRules;
  /**
   * What brings coordinators back of which the journal holds records: their node, as soon as it knows the definition, or
   * the application that started them. Default `node`.
   */
  readonly revivedBy?: 'node' | 'application';
}

/** Defines the actor. */
export const defineCoordinator = ({ rules = coordinatorRules, revivedBy = 'node' }: CoordinatorOptions = {}) =>
  defineActor({
    name: coordinatorName,
    chart: coordinatorChart.provide(bindCoordinator(rules)),
    roles: ['undecided', 'decided', 'presuming'],
    messages: coordinatorMessages,
    senders: coordinatorSenders,
    requests: coordinatorRequests,
    performs: true,
    hearsUnreachable: true,
    records: coordinatorRecords,
    input: (recovered: CoordinatorRecovered, birth: Birth<CoordinatorBegin>) => coordinatorContext(recovered, birth),
    delays,
    bornOfMessage: (heard): CoordinatorBegin | undefined =>
      heard.type === 'inquiry' ? { type: 'inquired', manager: heard.branch.manager } : undefined,
    ...(revivedBy === 'node' ? { bornOfRecords: (): CoordinatorBegin => ({ type: 'recovered' }) } : {}),
  });

/** The coordinator; the key of its address is the transaction's id. */
export const coordinator = defineCoordinator();
