/** Broken twins of the Multi-Paxos server as to its members: each breaks one of the rules by which they change. */

import { type PaxosRules, paxosRules } from '../../../statecharts/paxos.ts';
import type { Twin } from '../protocol.ts';
import type { GivenPaxosBounds } from './bounds.ts';
import { answersAnswers, countingAmong, slowly } from './broken.ts';
import * as broken from './broken-rules.ts';

/** One of two servers is replaced. */
const replacing: GivenPaxosBounds = {
  nodes: 2,
  ballots: 1,
  entries: 0,
  replacements: 1,
  heartbeats: 1,
  candidates: ['n1'],
  ...slowly,
};

/** The same for the rules by which a server is replaced. */
export const paxosReplacementTwins: readonly Twin<GivenPaxosBounds, Partial<PaxosRules>>[] = [
  {
    name: 'two configurations overlap: a slot after a stop-sign is proposed before that is chosen',
    rule: 'Stoppable §3',
    broken: { isStopped: () => false },
    checker: {
      bounds: { ...replacing, entries: 1 },
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'a configuration is in force as soon as its stop-sign is accepted',
    rule: 'Stoppable §3',
    broken: countingAmong(broken.proposedLast),
    checker: {
      bounds: replacing,
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'a learner is counted',
    rule: 'Stoppable §3',
    broken: countingAmong(broken.withLearners),
    checker: {
      bounds: replacing,
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  answersAnswers,
];

/** The last of two servers leaves, and the first one goes on alone. */
const removing: GivenPaxosBounds = { ...replacing, replacements: 0, heartbeats: 0, changes: ['remove:n2'] };
/** A third server comes, without a vote. */
const adding: GivenPaxosBounds = { ...replacing, replacements: 0, entries: 1, changes: ['add:n3'] };

/** The same for the rules by which members come and go one by one. */
export const paxosMemberTwins: readonly Twin<GivenPaxosBounds, Partial<PaxosRules>>[] = [
  {
    name: 'two configurations overlap: a slot after the stop-sign of a removal is proposed before that is chosen',
    rule: 'Stoppable §3',
    broken: { isStopped: () => false },
    checker: {
      bounds: { ...removing, nodes: 3, entries: 1, changes: ['remove:n3'] },
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'a removal is in force as soon as its stop-sign is accepted',
    rule: 'Stoppable §3',
    broken: countingAmong(broken.proposedLast),
    checker: { bounds: removing, violates: 'what is chosen is durable at a quorum, at one ballot' },
  },
  {
    name: 'a learner that was added is counted',
    rule: 'Stoppable §3',
    broken: countingAmong(broken.withLearners),
    checker: { bounds: adding, violates: 'what is chosen is durable at a quorum, at one ballot' },
  },
  {
    name: 'a leader that was removed leads on',
    rule: 'Stoppable §3',
    broken: { hasLeft: () => false },
    simulator: {},
  },
  {
    name: 'a server that has left is taken in again',
    rule: 'Stoppable §3',
    broken: { mayReconfigure: (context, message) => paxosRules.mayReconfigure(broken.forgivingAll(context), message) },
    simulator: {},
  },
  answersAnswers,
];
