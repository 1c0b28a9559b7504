/**
 * Broken twins of single-decree Paxos: each breaks one of its rules, as real systems have, and says by which means it is to
 * be found out.
 */

import { deliver } from '../../../statecharts/actor.ts';
import { type LearnerRules, type ProposerRules, proposerRules } from '../../../statecharts/paxos.ts';
import { acceptFirst, anyAcceptance, askAgain, preparedByOne, promiseUnwritten } from '../acceptors/broken-rules.ts';
import { unwritten } from '../broken-results.ts';
import type { Twin } from '../protocol.ts';
import type { GivenAgreeBounds } from './bounds.ts';
import type { BrokenRoles } from './model.ts';

export type AgreeTwin = Twin<GivenAgreeBounds, BrokenRoles>;

const { prepare, propose } = proposerRules;

const prepareUnwritten: ProposerRules['prepare'] = (context) => unwritten(prepare(context));
const proposeAny: ProposerRules['propose'] = (context) =>
  propose({ ...context, promises: anyAcceptance(context.promises) });
const proposeOwn: ProposerRules['propose'] = (context) => propose({ ...context, promises: [] });

/** What the first that was heard has accepted. */
const tellFirst: LearnerRules['tell'] = ({ heard }) =>
  heard
    .slice(0, 1)
    .reduce<ReturnType<LearnerRules['tell']>>(
      (_none, { value }) => ({ effects: [deliver({ type: 'chosen', value })] }),
      {},
    );

const atOnce = { flushes: false } as const;

export const agreeTwins: readonly AgreeTwin[] = [
  {
    name: 'a proposer and the acceptor of its own machine answer each other for ever',
    rule: 'Paxos 1a',
    broken: { proposer: { hearPromise: askAgain } },
    simulator: { isEndless: true },
  },
  {
    name: 'an acceptor forgets its promise on restart',
    rule: 'Paxos 1b',
    broken: { acceptor: { promise: promiseUnwritten } },
    checker: { bounds: { ...atOnce, ballots: 0, crashes: 1, crashing: ['n3'] }, violates: 'Voting' },
  },
  {
    name: 'an acceptance is answered before it is durable',
    rule: 'Paxos 2b',
    broken: { acceptor: { accept: acceptFirst } },
    checker: { bounds: { proposers: 1, ballots: 0, crashes: 1, crashing: ['n3'] }, violates: 'Voting' },
  },
  {
    name: 'an acceptor accepts what it has promised not to',
    rule: 'Paxos 2b',
    broken: { acceptor: { isAcceptable: () => true } },
    checker: { bounds: { ...atOnce, ballots: 0 }, violates: 'Voting' },
    simulator: { seed: 7 },
  },
  {
    name: "the value of any acceptance is taken instead of the highest ballot's",
    rule: 'Paxos 2a',
    broken: { proposer: { propose: proposeAny } },
    checker: { bounds: { ...atOnce, ballots: 2 }, violates: 'Voting' },
  },
  {
    name: 'a proposer proposes its own value whatever was accepted',
    rule: 'Paxos 2a',
    broken: { proposer: { propose: proposeOwn } },
    checker: { bounds: { ...atOnce, ballots: 0 }, violates: 'Voting' },
    simulator: {},
  },
  {
    name: 'a ballot is used again after a restart',
    rule: 'Paxos 1a',
    broken: { proposer: { prepare: prepareUnwritten } },
    checker: {
      bounds: { ...atOnce, proposers: 1, ballots: 0, apart: true, crashes: 1, crashing: ['p1'] },
      violates: 'Voting',
    },
  },
  {
    name: 'a proposer counts answers to other ballots',
    rule: 'Paxos 2a',
    broken: { proposer: { isOfBallot: () => true } },
    checker: { bounds: { ...atOnce }, violates: 'Voting' },
  },
  {
    name: 'a learner counts acceptances across ballots',
    rule: 'Paxos Made Simple §2.3',
    broken: { learner: { hasLearned: ({ heard }) => heard.length > 1, tell: tellFirst } },
    checker: { bounds: { ...atOnce, learner: true }, violates: 'chosen stays chosen' },
  },
  {
    name: 'disjoint-quorums',
    rule: 'Flexible Paxos §4: quorums of the two phases meet',
    broken: { proposer: { isPrepared: preparedByOne } },
    checker: { bounds: { ...atOnce, ballots: 0 }, violates: 'Voting' },
    simulator: {},
  },
];
