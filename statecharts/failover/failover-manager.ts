/**
 * The failover manager: watches a group of servers through its detectors and standbys, and lets another server be primary when
 * the one that is has died. Every node of the group has one; the one in office acts, and goes on in the phase that is recorded,
 * whichever manager came to it.
 *
 * The protocol is Vertical Paxos (Lamport, Malkhi & Zhou 2009) over servers that know nothing of it: an epoch is a ballot;
 * fencing a standby is its promise to take nothing more of an earlier one; a write is chosen once as many in sync hold it as
 * confirm one; and which epochs, in-sync sets and candidates there are, a replicated register decides.
 *
 * Deviations and decisions:
 * - It is the standbys that are fenced, not the old primary: that may be dead, or paused and wake up at any time. With fewer
 *   of them left than confirm a write, nothing that it does is acknowledged any more. It is fenced as well, where it answers.
 * - Fencing begins as the epoch is asked for, before it is recorded: a fence promises, and never breaks anything.
 * - Confirming a suspicion, and choosing, are no recorded phases: whoever takes over has its own detectors, and fences anew.
 * - A planned switchover is an election in which the primary is fenced first, and the others once the target has all that it
 *   had; the primary holds everything itself, so that it is promoted again if the target does not get there in time.
 * - Time is counted in looks and drawn by named delays; no rule reads a clock.
 */

import { given } from '../actor/given.ts';
import { type Birth, defineActor, every, message, repeating } from '../actor.ts';
import { managerName } from './addresses.ts';
import { type ManagerBegin, managerContext } from './manager/context.ts';
import { degraded, fencing, promoting } from './manager/electing.ts';
import { managerMessages, managerRequests, managerRoles, managerSenders } from './manager/messages.ts';
import { reigning } from './manager/reigning.ts';
import { type ManagerRules, managerRules } from './manager/rules.ts';
import { managerView } from './manager/view.ts';
import {
  adopt,
  bindManager,
  isChosen,
  judge,
  maintain,
  managerDelays,
  managing,
  notInOffice,
  notNow,
  ofTerm,
  see,
  seeFailing,
} from './manager/vocabulary.ts';

const learn = { type: 'learn', params: message } as const;
const news = { type: 'isNews', params: message } as const;
const inPhase = <const Name extends string>(phase: Name) => ({ type: 'isIn', params: { phase } }) as const;
const resumed = { rule: 'a manager goes on in the recorded phase' } as const;

/** The failover manager's chart. */
export const managerChart = managing.createMachine({
  id: 'failover-manager',
  context: given,
  initial: 'waiting',
  on: {
    judged: { actions: judge },
    stands: {},
    fails: {},
    leads: {},
    follows: {},
    recorded: [{ guard: news, actions: learn }, {}],
    switchover: notInOffice,
    maintain: notInOffice,
    resume: notInOffice,
    allowLoss: notInOffice,
  },
  states: {
    waiting: {
      id: 'waiting',
      tags: 'waiting',
      on: { leads: { target: 'takingOffice', meta: { rule: 'who leads the log is in office' } } },
    },
    takingOffice: {
      tags: 'taking-office',
      initial: 'asking',
      on: {
        follows: 'waiting',
        recorded: [
          {
            guard: { type: 'isElected', params: message },
            target: 'office',
            actions: learn,
            meta: { rule: 'a term is recorded before it is acted on' },
          },
          { guard: news, target: '.asking', reenter: true, actions: learn },
        ],
      },
      states: { asking: repeating('asking', 'askForOffice', 'retryInterval') },
    },
    office: {
      entry: 'takeOffice',
      exit: 'leaveOffice',
      type: 'parallel',
      on: {
        follows: { target: 'waiting', meta: { rule: 'who leads the log is in office' } },
        recorded: [
          {
            guard: { type: 'isDeposed', params: message },
            target: 'waiting',
            actions: learn,
            meta: { rule: 'a later term ends this one' },
          },
          { guard: { type: 'isOwnChange', params: message }, actions: adopt },
        ],
      },
      states: {
        recording: every('retryInterval', 'recordAgain', 'ask until it is recorded'),
        phase: {
          initial: 'resuming',
          states: {
            resuming: {
              tags: 'taking-office',
              always: [
                { guard: inPhase('founding'), target: 'founding', meta: resumed },
                { guard: inPhase('fencing'), target: 'fencing', meta: resumed },
                { guard: inPhase('degraded'), target: 'degraded', meta: resumed },
                { guard: inPhase('promoting'), target: 'promoting', meta: resumed },
                { guard: inPhase('redirecting'), target: '#redirecting', meta: resumed },
                { guard: inPhase('settling'), target: '#settling', meta: resumed },
                { guard: inPhase('monitoring'), target: '#monitoring', meta: resumed },
                { target: '#manual', meta: resumed },
              ],
              exit: 'steerAll',
            },
            founding: {
              tags: 'founding',
              on: {
                stands: { guard: ofTerm, actions: [see, 'found'], meta: { rule: 'the first primary' } },
                fails: { guard: ofTerm, actions: seeFailing },
                recorded: isChosen('promoting', 'the first primary'),
                switchover: notNow,
                maintain,
                resume: notNow,
                allowLoss: notNow,
              },
              after: { promoteTimeout: { actions: 'soundFounding' } },
            },
            fencing,
            degraded,
            promoting,
            reigning,
          },
        },
      },
    },
  },
});

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineFailoverManager = (rules: ManagerRules = managerRules) =>
  defineActor({
    name: managerName,
    chart: managerChart.provide(bindManager(rules)),
    roles: managerRoles,
    messages: managerMessages,
    senders: managerSenders,
    requests: managerRequests,
    input: (_recovered: undefined, birth: Birth<ManagerBegin>) => managerContext(birth),
    delays: managerDelays,
    view: managerView,
  });

/** The failover manager; the key of its address is the group. */
export const failoverManager = defineFailoverManager();
