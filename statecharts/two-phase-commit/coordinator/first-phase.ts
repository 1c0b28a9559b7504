/** The first phase: branches join, the application asks to commit, votes are collected, and the coordinator makes up its mind. */

import { message, repeating } from '../../actor.ts';
import { absent, changedMind, coordinating, voteMissing } from './vocabulary.ts';

export const active = coordinating.createStateConfig({
  on: {
    enlist: { actions: { type: 'enlist', params: message } },
    vote: { actions: { type: 'countVote', params: message } },
    commit: [
      {
        guard: 'isUnsupported',
        target: 'givingUp',
        actions: { type: 'giveUp', params: { code: 'unsupported', detail: 'more than one place to decide' } },
      },
      {
        guard: 'keepsRegister',
        target: 'registering',
        actions: { type: 'keepAnswer', params: message },
        meta: { rule: 'Gray & Lamport §6: registration' },
      },
      { guard: 'keepsAcceptors', target: 'polling', meta: { rule: 'Gray & Lamport §4.2: ballot 0' } },
      { target: 'collecting', actions: 'choosePlace' },
    ],
    abort: changedMind,
  },
  always: { guard: 'intendsAbort', target: 'givingUp' },
  after: {
    transactionTimeout: {
      target: 'givingUp',
      actions: { type: 'giveUp', params: { code: 'transaction-timeout', detail: 'nobody asked to commit' } },
    },
  },
});

export const collecting = coordinating.createStateConfig({
  initial: 'asking',
  on: {
    vote: { actions: { type: 'countVote', params: message } },
    unreachable: absent,
    abort: changedMind,
  },
  always: [
    { guard: 'intendsAbort', target: 'givingUp', meta: { rule: 'Gray & Reuter §10.4: one no aborts' } },
    {
      guard: 'allAgreed',
      target: 'deciding',
      actions: 'intendCommit',
      meta: { rule: 'Gray & Reuter §10.4: all yes commits' },
    },
  ],
  after: { voteTimeout: { ...voteMissing, meta: { rule: 'Gray & Reuter §10.4: silence aborts' } } },
  states: { asking: repeating('asking', 'askForVotes', 'voteRetryInterval') },
});

/** All agree: the decision is made where it is kept. */
export const deciding = coordinating.createStateConfig({
  always: [
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
});

/** Before the decision, a coordinator may abort for any reason; what a register or acceptors know of is aborted there. */
export const givingUp = coordinating.createStateConfig({
  always: [
    { guard: 'mustLead', target: 'leading', meta: { rule: 'Gray & Lamport §4.2: a leader proposes aborted' } },
    {
      guard: 'isRegistered',
      target: 'ruling',
      meta: { rule: 'Gray & Lamport §4: commit and abort are chosen alike' },
    },
    { target: '#aborting', actions: 'decideAbort', meta: { rule: 'Mohan et al. §3: presumed abort' } },
  ],
});
