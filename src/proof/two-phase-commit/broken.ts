/**
 * Broken twins of two-phase commit: each makes a mistake that is known from real systems, and says by which means it is
 * to be found out. What needs a few steps in one particular order is for the checker: a coordinator that forgets too
 * early is found there in a second, and hardly ever by the simulator, because the manager's memory makes up for it.
 */

import {
  type AcceptorRules,
  acceptorRules,
  type CoordinatorRules,
  coordinatorRules,
  participantRules,
} from '../../../statecharts/two-phase-commit.ts';
import { answeredFirst } from '../broken-results.ts';
import type { Twin } from '../protocol.ts';
import type { GivenCommitBounds } from './bounds.ts';
import type { BrokenParts } from './broken-parts.ts';
import type { DecidingPlace } from './scenario/operations.ts';

export type CommitTwin = Twin<GivenCommitBounds, BrokenParts>;

const { decideCommit, delegate, announce, answer } = coordinatorRules;

const announceFirst: CoordinatorRules['decideCommit'] = (context) => {
  const { effects = [], context: change = {} } = decideCommit(context);
  return { context: change, effects: [...(announce({ ...context, ...change }).effects ?? []), ...effects] };
};
const answerFirst: CoordinatorRules['decideCommit'] = (context) => answeredFirst(decideCommit(context));
const announceAndDelegate: CoordinatorRules['delegate'] = (context) => ({
  effects: [...(announce({ ...context, outcome: 'committed' }).effects ?? []), ...(delegate(context).effects ?? [])],
});

/** Coordinator and participants answer each other for ever. */
const answersAnswers: CommitTwin = {
  name: 'a coordinator tells its decision again to a participant that has acknowledged it',
  rule: 'Mohan et al. §2: end',
  broken: { coordinator: { countAcknowledgement: announce } },
  simulator: { isEndless: true },
};

/** Nobody gives up waiting, and no database refuses: what remains is what crashes and losses do. */
const quiet = { timeouts: 0, refusals: false } as const;
const coordinatorCrashes = { ...quiet, crashes: 1, crashing: ['c'] } as const;

const decidedInJournal: readonly CommitTwin[] = [
  answersAnswers,
  {
    name: 'a decision is sent before it is journalled',
    rule: 'Gray & Reuter §10.4: commit point',
    broken: { coordinator: { decideCommit: announceFirst } },
    checker: {
      bounds: coordinatorCrashes,
      violates: 'no decision is reversed',
    },
    simulator: { seed: 119 },
  },
  {
    name: 'the caller is answered before the decision is journalled',
    rule: 'Gray & Reuter §10.4: commit point',
    broken: { coordinator: { decideCommit: answerFirst } },
    checker: { bounds: coordinatorCrashes, violates: 'callers hear what is decided' },
    simulator: {},
  },
  {
    name: 'a participant in doubt aborts alone',
    rule: 'Gray & Reuter §10.4: in doubt, ask the coordinator',
    broken: { participant: { inquire: () => ({ context: { outcome: 'aborted' } }) } },
    checker: {
      bounds: { ...quiet, inquiries: 1 },
      violates: 'callers hear what is decided',
    },
    simulator: {},
  },
  {
    name: 'an unknown answer to a commit is taken for success',
    rule: 'Gray & Reuter §10.4: phase two',
    broken: {
      participant: {
        isDone: (context, heard) => participantRules.isAnswer(context, heard) && heard.result.type !== 'refused',
      },
    },
    checker: {
      bounds: { ...quiet, unknownAnswers: 1 },
      violates: 'no coordinator forgets a branch that is not committed',
    },
    simulator: { seed: 51 },
  },
  {
    name: 'a name that is unknown to the database is taken for committed',
    rule: 'Gray & Reuter §10.4: phase two',
    broken: { database: { takesUnknownForSuccess: true } },
    simulator: { seed: 135 },
  },
  {
    name: 'a late prepare is accepted after the rollback',
    rule: 'Gray & Reuter §10.4: unilateral abort',
    broken: { database: { acceptsLatePrepares: true } },
    checker: {
      bounds: { timeouts: 1, refusals: false },
      violates: 'a branch that is rolled back does not come back',
    },
    simulator: {},
  },
  {
    name: 'a commit is presumed',
    rule: 'Mohan et al. §3: presumed abort',
    broken: { coordinator: { presume: (context, inquiry) => answer({ ...context, outcome: 'committed' }, inquiry) } },
    checker: {
      bounds: coordinatorCrashes,
      violates: 'validity: nothing commits unless every branch is prepared',
    },
    simulator: { seed: 14 },
  },
  {
    name: 'a coordinator does not wait for all votes',
    rule: 'Gray & Reuter §10.4: all yes commits',
    broken: { coordinator: { allAgreed: ({ branches }) => branches.some(({ vote }) => vote === 'yes') } },
    checker: { bounds: quiet, violates: 'callers hear what is decided' },
    simulator: {},
  },
  {
    name: 'a coordinator forgets branches that have not acknowledged',
    rule: 'Mohan et al. §2: end',
    broken: { coordinator: { allAcknowledged: () => true } },
    checker: { bounds: quiet, violates: 'no coordinator forgets a branch that is not committed' },
  },
];

const decidedByLast: readonly CommitTwin[] = [
  answersAnswers,
  {
    name: 'an abort is presumed where a last resource decides',
    rule: 'Gray & Reuter ch. 11: the last resource commits in one phase',
    broken: { coordinator: { mayPresume: () => true } },
    checker: {
      bounds: coordinatorCrashes,
      violates: 'agreement: no branch commits while another is rolled back',
    },
    simulator: { seed: 53 },
  },
  {
    name: 'a commit is announced before the last resource has answered',
    rule: 'Gray & Reuter ch. 11: the last resource commits in one phase',
    broken: { coordinator: { delegate: announceAndDelegate } },
    checker: { bounds: { timeouts: 0 }, violates: 'validity: nothing commits unless every branch is prepared' },
    simulator: {},
  },
  {
    name: 'an unknown answer of a last resource is taken for a no',
    rule: 'Gray & Reuter ch. 11: the last resource commits in one phase',
    broken: {
      participant: {
        isRefused: (context, heard) =>
          participantRules.isRefused(context, heard) ||
          (heard.operation === 'commit-one-phase' && participantRules.isAnswer(context, heard)),
      },
    },
    checker: {
      bounds: { ...quiet, unknownAnswers: 1 },
      violates: 'a branch that is rolled back does not come back',
    },
    simulator: { seed: 19 },
  },
  {
    name: 'absence is read and not written where a last resource decides',
    rule: 'Gray & Reuter ch. 11: the last resource commits in one phase',
    broken: { database: { readsAbsence: true } },
    checker: {
      bounds: { ...quiet, crashes: 1, crashing: ['p2'], inquiries: 1 },
      violates: 'a branch that is rolled back does not come back',
    },
    simulator: { seed: 55 },
  },
];

const decidedInRegister: readonly CommitTwin[] = [
  answersAnswers,
  {
    name: 'an owner overrules the register that fenced it',
    rule: 'Gray & Lamport §4: a new leader',
    broken: {
      coordinator: {
        isDecided: (context, heard) => coordinatorRules.isAnswer(context, heard) && heard.result.type !== 'unknown',
        adoptRuling: ({ intent }) => ({ context: { outcome: intent } }),
      },
    },
    checker: { bounds: quiet, violates: 'no decision is reversed' },
    simulator: { seed: 78 },
  },
  {
    name: 'a register lets two owners decide',
    rule: 'Gray & Lamport §4: consensus on the outcome',
    broken: { fencesNobody: true },
    checker: { bounds: quiet, violates: 'no decision is reversed' },
    simulator: { seed: 17 },
  },
];

const answerUnwritten: AcceptorRules['acceptVote'] = (context, heard) =>
  answeredFirst(acceptorRules.acceptVote(context, heard));
/** As if no acceptor had ever accepted anything. */
const chooseFreely: CoordinatorRules['choose'] = ({ leadership, ...context }) => {
  const reports = leadership.reports.map((it) => ({ ...it, votes: [], accepted: null }));
  return coordinatorRules.choose({ ...context, leadership: { ...leadership, reports } });
};
const takeOneForAll: Pick<CoordinatorRules, 'isChosen' | 'adoptVotes'> = {
  isChosen: ({ leadership }) => leadership.reports.length > 0,
  adoptVotes: ({ branches, transaction }) => ({
    context: { outcome: 'committed', branches: branches.map((it) => ({ ...it, vote: 'yes' })) },
    effects: [{ type: 'deliver', output: { type: 'committed', transaction } }],
  }),
};

const decidedByAcceptors: readonly CommitTwin[] = [
  answersAnswers,
  {
    name: 'a leader aborts whatever was accepted',
    rule: 'Gray & Lamport §4.2: a leader proposes what it must',
    broken: { coordinator: { choose: chooseFreely } },
    checker: { bounds: quiet, violates: 'no decision is reversed' },
    simulator: { seed: 8 },
  },
  {
    name: 'an acceptor does not keep to its promise',
    rule: 'Gray & Lamport §4.1: phase 1b',
    broken: { acceptor: { isLate: () => false } },
    checker: { bounds: quiet, violates: 'no decision is reversed' },
  },
  {
    name: 'one acceptor is enough for a coordinator',
    rule: 'Gray & Lamport §4.2: all instances chosen as prepared commit',
    broken: { coordinator: takeOneForAll },
    checker: { bounds: quiet, violates: 'no decision is reversed' },
    simulator: { seed: 27 },
  },
  {
    name: 'an acceptor answers before it has written',
    rule: 'Gray & Lamport §4.2: phase 2b of ballot 0',
    broken: { acceptor: { acceptVote: answerUnwritten } },
    checker: {
      bounds: { ...quiet, crashes: 1, crashing: ['e'], inquiries: 0 },
      violates: 'no decision is reversed',
      statesToFind: 1_000_000,
    },
  },
];

/** The twins, by the place where decisions are kept. */
export const commitTwins: Readonly<Record<DecidingPlace, readonly CommitTwin[]>> = {
  journal: decidedInJournal,
  last: decidedByLast,
  register: decidedInRegister,
  paxos: decidedByAcceptors,
};
