/**
 * The coordinator of one transaction: collects the votes, decides once, and sees the decision through. Presumed abort
 * (Mohan, Lindsay & Obermarck 1986) over Gray & Reuter's two-phase commit. With a decision register a coordinator that
 * dies is replaced by another one under a higher epoch, and with acceptors by a leader at a later ballot (Gray & Lamport
 * 2006, Paxos Commit).
 *
 * Deviations: an abort is announced once and not acknowledged (participants ask), except with a register or acceptors,
 * where the one whom they would ask may be dead; a new owner in the register aborts what is undecided instead of
 * collecting the votes again. A participant that votes no tells its coordinator and no acceptor: nobody but it could have
 * its instance chosen as prepared, so that the coordinator aborts at once, and later leaders find the instance free.
 */

import { and } from 'xstate';
import { given } from '../actor/given.ts';
import { type Birth, defineActor } from '../actor.ts';
import { coordinatorName } from './addresses.ts';
import { leading, polling } from './coordinator/acceptors.ts';
import {
  type CoordinatorBegin,
  type CoordinatorRecovered,
  coordinatorContext,
  coordinatorRecords,
} from './coordinator/context.ts';
import { active, collecting, deciding, givingUp } from './coordinator/first-phase.ts';
import { delegating } from './coordinator/last-resource.ts';
import { presuming } from './coordinator/presuming.ts';
import { claiming, fenced, informed, registering, ruling } from './coordinator/register.ts';
import { type CoordinatorRules, coordinatorRules } from './coordinator/rules.ts';
import { decided } from './coordinator/second-phase.ts';
import { coordinatorView } from './coordinator/view.ts';
import { bindCoordinator, coordinating, delays, fromAcceptors } from './coordinator/vocabulary.ts';
import { coordinatorMessages, coordinatorRequests, coordinatorSenders } from './messages.ts';

/** The coordinator's chart. Its parts are told apart by phase, and by where the decision is kept. */
export const coordinatorChart = coordinating.createMachine({
  id: 'coordinator',
  context: given,
  initial: 'undecided',
  // What the application asks too late changes nothing; what a resource or the bus says too late means nothing.
  on: { enlist: {}, commit: {}, abort: {}, 'take-over': {}, unreachable: {}, performed: {} },
  states: {
    undecided: {
      tags: 'undecided',
      initial: 'born',
      // A participant in doubt gets no answer while there is none; votes after the last needed one change nothing.
      on: {
        inquiry: {},
        vote: {},
        acknowledgement: {},
        settled: {},
        ...fromAcceptors,
        reminder: {},
      },
      states: {
        born: {
          always: [
            { guard: and(['wasRecovered', 'hasBranches']), target: '#committing', actions: 'repeatVerdict' },
            { guard: 'wasLeading', target: 'leading' },
            { guard: 'wasRecovered', target: '#retained', actions: 'repeatVerdict' },
            { guard: 'wasInquired', target: '#presuming' },
            { guard: and(['takesOver', 'keepsAcceptors']), target: 'leading' },
            { guard: 'takesOver', target: 'claiming' },
            { target: 'active' },
          ],
        },
        active,
        registering,
        collecting,
        polling,
        leading,
        deciding,
        givingUp,
        delegating,
        claiming,
        ruling,
        informed,
        fenced,
      },
    },
    decided,
    presuming,
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
    messages: coordinatorMessages,
    senders: coordinatorSenders,
    requests: coordinatorRequests,
    performs: true,
    hearsUnreachable: true,
    records: coordinatorRecords,
    input: (recovered: CoordinatorRecovered, birth: Birth<CoordinatorBegin>) => coordinatorContext(recovered, birth),
    delays,
    view: coordinatorView,
    bornOfMessage(heard): CoordinatorBegin | undefined {
      if (heard.type === 'inquiry') return { type: 'inquired', manager: heard.branch.manager };
      return heard.type === 'reminder' ? { type: 'inquired', manager: heard.manager } : undefined;
    },
    ...(revivedBy === 'node' ? { bornOfRecords: (): CoordinatorBegin => ({ type: 'recovered' }) } : {}),
  });

/** The coordinator; the key of its address is the transaction's id. */
export const coordinator = defineCoordinator();
