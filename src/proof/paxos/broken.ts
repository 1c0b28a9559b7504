/**
 * Broken twins of the Multi-Paxos server: each breaks one rule, and says how it is to be found out. A new rule comes with
 * the twin that breaks it, and so with the proof that its breach would not go unnoticed.
 */

import { type PaxosRules, paxosRules } from '../../../statecharts/paxos.ts';
import { unwritten } from '../broken-results.ts';
import type { Twin } from '../protocol.ts';
import type { GivenPaxosBounds } from './bounds.ts';
import * as broken from './broken-rules.ts';

/** On a network that carries two messages at a time: what takes many steps is reached by few other ways. */
export const slowly = { losses: 'unlimited', inFlight: 2 } as const;
/** One server that stands in the first round and another in the second. */
const twoLeaders: GivenPaxosBounds = { nodes: 3, ballots: 2, entries: 1, candidates: ['n1', 'n3'], ...slowly };
/** Two servers, each of which is elected by itself, and who choose together. */
const electing: GivenPaxosBounds = { ...twoLeaders, nodes: 2, phase2: 2, candidates: ['n1', 'n2'] };
/** Two servers that stand in one round, with a crash. */
const oneRound: GivenPaxosBounds = { nodes: 3, ballots: 1, entries: 1, crashes: 1, elections: 2, ...slowly };
/** Leader and followers answer each other for ever. */
export const answersAnswers = {
  name: 'a leader tells all again that it leads, whenever one of them has answered',
  rule: 'Paxos Made Simple §3',
  broken: { noteAccepted: broken.heartbeatAtAnswer },
  simulator: { isEndless: true },
} as const;

/** The rules by which a leader counts, of another configuration than the one in force. */
export const countingAmong = (configurationOf: Parameters<typeof broken.among>[0]): Partial<PaxosRules> => ({
  noteAccepted: broken.among(configurationOf, paxosRules.noteAccepted),
  noteDurable: broken.among(configurationOf, paxosRules.noteDurable),
});

export const paxosTwins: readonly Twin<GivenPaxosBounds, Partial<PaxosRules>>[] = [
  {
    name: 'a promise is not written down',
    rule: 'Paxos 1b',
    broken: { promise: (...given) => unwritten(paxosRules.promise(...given)) },
    checker: { bounds: { ...oneRound, candidates: ['n1|n3'] }, violates: 'a promise is durable before it is told' },
  },
  {
    name: 'a promise is told before it is durable',
    rule: 'Paxos 1b',
    broken: { answerPrepare: broken.hasty(paxosRules.answerPrepare) },
    checker: { bounds: { ...oneRound, candidates: ['n1|n3'] }, violates: 'a promise is durable before it is told' },
  },
  {
    name: 'a ballot is not written down, and used again after a restart',
    rule: 'Paxos 1a',
    broken: { stand: (...given) => unwritten(paxosRules.stand(...given)) },
    checker: {
      bounds: { ...oneRound, entries: 2, candidates: ['n1'] },
      violates: 'a promise is durable before it is told',
    },
  },
  {
    name: 'a ballot is used before it is durable',
    rule: 'Paxos 1a',
    broken: { stand: broken.hasty(paxosRules.stand) },
    checker: {
      bounds: { ...oneRound, entries: 2, candidates: ['n1'] },
      violates: 'a promise is durable before it is told',
    },
  },
  {
    name: 'an acceptance is not written down',
    rule: 'Paxos 2b',
    broken: { acceptFromLeader: (...given) => unwritten(paxosRules.acceptFromLeader(...given)) },
    checker: {
      bounds: { ...twoLeaders, ballots: 1 },
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'an acceptance is told before it is durable',
    rule: 'Paxos 2b',
    broken: { acceptFromLeader: broken.hasty(paxosRules.acceptFromLeader) },
    checker: {
      bounds: { ...oneRound, nodes: 2, elections: 1 },
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'a leader counts itself before its acceptance is durable',
    rule: 'Paxos 2b',
    broken: {
      takeOffice: broken.selfAssured(paxosRules.takeOffice),
      proposeCommands: broken.selfAssured(paxosRules.proposeCommands),
    },
    checker: {
      bounds: { ...oneRound, nodes: 2, elections: 1 },
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'a leader is elected by a quorum that need not meet those that choose',
    rule: 'Flexible Paxos §4',
    broken: { hasPromises: broken.hasPromisesApart },
    checker: { bounds: twoLeaders, violates: 'what is chosen stays chosen' },
    simulator: {},
  },
  {
    name: 'one server less than a quorum chooses',
    rule: 'Paxos 2b',
    broken: countingAmong(broken.withOneLess),
    checker: {
      bounds: { ...twoLeaders, ballots: 1 },
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'a leader takes over nothing of what it is told',
    rule: 'Paxos 2a',
    broken: { notePromise: broken.takeNothing },
    checker: { bounds: twoLeaders, violates: 'what is chosen stays chosen' },
  },
  {
    name: 'a no-op overwrites an accepted slot',
    rule: 'Paxos Made Simple §3',
    broken: { takeOffice: broken.takeOfficeWithNoops },
    checker: { bounds: electing, violates: 'what is chosen stays chosen' },
    simulator: { seed: 7 },
  },
  {
    name: 'a leader counts acceptances across ballots',
    rule: 'Paxos 2b',
    broken: { isOfBallot: () => true },
    checker: {
      bounds: { ...electing, inFlight: 3, candidates: ['n1', 'n1'], quorumChecks: 1 },
      violates: 'what is chosen is durable at a quorum, at one ballot',
    },
  },
  {
    name: 'a proposal of an earlier ballot is accepted',
    rule: 'Paxos 2b',
    broken: { isEarlierBallot: () => false },
    checker: { bounds: twoLeaders, violates: 'no actor fails' },
  },
  {
    name: 'a duplicate proposal is applied twice',
    rule: 'Paxos Made Simple §3',
    broken: { acceptFromLeader: broken.applyAgain },
    checker: {
      bounds: { ...twoLeaders, nodes: 2, ballots: 1, heartbeats: 2, duplicates: 1, candidates: ['n1'] },
      violates: 'outputs proposed and in order, reads linearizable',
    },
  },
  {
    name: 'a slot is taken for chosen that was accepted at another ballot',
    rule: 'Paxos Made Simple §2.3',
    broken: { acceptFromLeader: broken.acceptAndLearnAll },
    checker: {
      bounds: { ...twoLeaders, entries: 2, heartbeats: 1 },
      violates: 'no actor fails',
      statesToFind: 100_000,
    },
  },
  {
    name: 'a read is answered without asking who leads',
    rule: 'Paxos Made Live §5.2',
    broken: { startRead: broken.readAtOnce },
    checker: {
      bounds: { ...twoLeaders, reads: 1 },
      violates: 'outputs proposed and in order, reads linearizable',
    },
  },
  {
    name: 'a leader answers reads before it knows what is chosen',
    rule: 'Paxos Made Live §5.2',
    broken: { knowsChosen: () => true },
    checker: {
      bounds: { ...electing, reads: 1 },
      violates: 'outputs proposed and in order, reads linearizable',
    },
  },
  {
    name: 'a server that is told to stand does so at the ballot of the leader that told it',
    rule: 'Raft §3.10',
    broken: { stand: broken.standAtBallotOfLeader },
    checker: {
      bounds: { ...twoLeaders, entries: 0, ballots: 1, transfers: 1, candidates: ['n1|n2'] },
      violates: 'no actor fails',
    },
  },
  answersAnswers,
];
