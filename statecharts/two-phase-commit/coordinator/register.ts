/**
 * A decision that is kept in a register, where another coordinator can take it over under a higher epoch (Gray & Lamport
 * 2006): what is asked of the register, and what its answers lead to.
 */

import { message } from '../../actor.ts';
import { askingRegister, changedMind, coordinating, to } from './vocabulary.ts';

const registration = askingRegister('register', 'register-transaction', [
  { guard: { type: 'isDone', params: to('register-transaction') }, target: 'collecting' },
  {
    guard: { type: 'isRefused', params: to('register-transaction') },
    target: 'givingUp',
    actions: { type: 'acceptRefusal', params: message },
  },
]);
/** Participants are known to the register before any of them prepares. */
export const registering = coordinating.createStateConfig({
  ...registration,
  on: { ...registration.on, abort: changedMind },
  after: {
    voteTimeout: {
      target: 'givingUp',
      actions: { type: 'giveUp', params: { code: 'vote-timeout', detail: 'the register did not answer' } },
    },
  },
});

/** Owning the transaction of another coordinator, which is dead or taken to be so. */
export const claiming = coordinating.createStateConfig({
  id: 'claiming',
  ...askingRegister('claim', 'claim-transaction', [
    {
      guard: { type: 'isRefused', params: to('claim-transaction') },
      target: 'fenced',
      actions: { type: 'reportFenced', params: message },
    },
    {
      guard: { type: 'isEntry', params: to('claim-transaction') },
      target: 'informed',
      actions: { type: 'adoptClaim', params: message },
      meta: { rule: 'Gray & Lamport §4: a new leader' },
    },
  ]),
});

/** Commit and abort are chosen alike, by a compare-and-set from undecided. */
export const ruling = coordinating.createStateConfig({
  ...askingRegister('decideInRegister', 'decide-transaction', [
    {
      guard: { type: 'isDecided', params: to('decide-transaction') },
      target: 'informed',
      actions: { type: 'adoptRuling', params: message },
      meta: { rule: 'Gray & Lamport §4: consensus on the outcome' },
    },
    {
      guard: { type: 'isRefused', params: to('decide-transaction') },
      target: 'fenced',
      actions: { type: 'reportFenced', params: message },
    },
  ]),
});

/** The register, or the acceptors, have said what they know; what is open when it is claimed is aborted in the register. */
export const informed = coordinating.createStateConfig({
  id: 'informed',
  always: [
    { guard: 'isCommitted', target: '#committing' },
    { guard: 'isAborted', target: '#aborting' },
    { target: 'ruling', meta: { rule: 'Gray & Lamport §4: commit and abort are chosen alike' } },
  ],
});

const reading = askingRegister('readDecision', 'read-decision', [
  {
    guard: { type: 'isDecided', params: to('read-decision') },
    target: '#finished',
    actions: { type: 'adoptRuling', params: message },
  },
]);
/** Another owner finishes the transaction; this one only learns for its caller how. */
export const fenced = coordinating.createStateConfig({
  ...reading,
  on: { ...reading.on, 'take-over': { target: 'claiming', actions: { type: 'raiseEpoch', params: message } } },
});

/** Every branch has the outcome: the register need not keep the branches any more. */
export const ending = coordinating.createStateConfig({
  ...askingRegister('endInRegister', 'end-transaction', [
    { guard: { type: 'isDone', params: to('end-transaction') }, target: 'retained', actions: 'end' },
    { guard: { type: 'isRefused', params: to('end-transaction') }, target: 'retained', actions: 'end' },
  ]),
});
