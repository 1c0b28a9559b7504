/**
 * Broken twins of CASPaxos: each breaks one of its rules, or uses it as it must not be used, and says by which means it is
 * to be found out.
 */

import { type RegisterRules, registerRules } from '../../../statecharts/paxos.ts';
import { acceptFirst, anyAcceptance, askAgain, preparedByOne, promiseUnwritten } from '../acceptors/broken-rules.ts';
import { unwritten } from '../broken-results.ts';
import type { Twin } from '../protocol.ts';
import type { GivenCasPaxosBounds } from './bounds.ts';
import type { BrokenRegister } from './model.ts';

const { prepare, tellCurrent } = registerRules;

const prepareUnwritten: RegisterRules['prepare'] = (context) => unwritten(prepare(context));
const tellAny: RegisterRules['tellCurrent'] = (context) =>
  tellCurrent({ ...context, promises: anyAcceptance(context.promises) });
const tellNone: RegisterRules['tellCurrent'] = (context) => tellCurrent({ ...context, promises: [] });

const atOnce = { ballots: 0, flushes: false } as const;
const chain = 'each change is made to the latest chosen value';

export const casPaxosTwins: readonly Twin<GivenCasPaxosBounds, BrokenRegister>[] = [
  {
    name: 'a register and the acceptor of its own machine answer each other for ever',
    rule: 'Paxos 1a',
    broken: { register: { hearPromise: askAgain } },
    simulator: { isEndless: true },
  },
  {
    name: 'an acceptor forgets its promise on restart',
    rule: 'Paxos 1b',
    broken: { acceptor: { promise: promiseUnwritten } },
    checker: { bounds: { ...atOnce, crashes: 1, crashing: ['n3'] }, violates: chain },
  },
  {
    name: 'an acceptance is answered before it is durable',
    rule: 'Paxos 2b',
    broken: { acceptor: { accept: acceptFirst } },
    checker: {
      bounds: { registers: 1, ballots: 0, crashes: 1, crashing: ['n3'] },
      violates: 'what is told stays',
    },
  },
  {
    name: 'an acceptor accepts what it has promised not to',
    rule: 'Paxos 2b',
    broken: { acceptor: { isAcceptable: () => true } },
    checker: { bounds: atOnce, violates: chain },
    simulator: { seed: 7 },
  },
  {
    name: "the value of any acceptance is taken instead of the highest ballot's",
    rule: 'CASPaxos §2.2: the current value',
    broken: { register: { tellCurrent: tellAny } },
    checker: { bounds: { ...atOnce, changes: 2 }, violates: chain },
    simulator: { seed: 3 },
  },
  {
    name: 'a change takes no notice of what was accepted',
    rule: 'CASPaxos §2.2: the current value',
    broken: { register: { tellCurrent: tellNone } },
    checker: { bounds: atOnce, violates: chain },
    simulator: {},
  },
  {
    name: 'a ballot is used again after a restart',
    rule: 'Paxos 1a',
    broken: { register: { prepare: prepareUnwritten } },
    checker: {
      bounds: { ...atOnce, registers: 1, crashes: 1, crashing: ['n1'] },
      violates: 'a ballot has one value',
    },
  },
  {
    name: 'a register counts answers to other ballots',
    rule: 'Paxos 2a',
    broken: { register: { isOfBallot: () => true } },
    checker: { bounds: { ...atOnce, changes: 2 }, violates: 'what is told is chosen' },
  },
  {
    name: 'a change is repeated after its value has left',
    rule: 'CASPaxos §2.2: a conflict in phase 2',
    broken: { client: 'repeats' },
    checker: { bounds: { ...atOnce, ballots: 1 }, violates: 'no change happens twice' },
    simulator: {},
  },
  {
    name: 'a read is answered without a second phase',
    rule: 'CASPaxos §2.2: a read is a change that changes nothing',
    broken: { client: 'reads-early' },
    checker: { bounds: { ...atOnce, reads: 1 }, violates: 'what is told is chosen' },
    simulator: { seed: 14 },
  },
  {
    name: 'quorums of the two phases need not meet',
    rule: 'Flexible Paxos §4: quorums of the two phases meet',
    broken: { register: { isPrepared: preparedByOne } },
    checker: { bounds: atOnce, violates: chain },
    simulator: {},
  },
];
