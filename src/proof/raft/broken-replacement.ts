/** Broken twins of the Raft server as to its members: each breaks one of the rules by which a server is replaced. */

import type { Configuration } from '../../../statecharts/raft/configuration.ts';
import type { ServerContext } from '../../../statecharts/raft/context.ts';
import { type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import type { Twin } from '../protocol.ts';
import type { GivenRaftBounds } from './bounds.ts';
import * as broken from './broken-rules.ts';
import { mayReconfigureAtOnce, singleServerChanges } from './single-server-changes.ts';

/** One of three servers is replaced. */
const replacing: GivenRaftBounds = {
  nodes: 3,
  terms: 1,
  entries: 0,
  replacements: 1,
  preVotes: false,
  candidates: ['n1'],
  losses: 'unlimited',
  inFlight: 2,
};

/** The rules by which a leader commits, and a candidate is elected, among other members than those in force. */
const countingAmong = (membersOf: (context: ServerContext) => Configuration): Partial<RaftRules> => ({
  noteAppended: broken.among(membersOf, raftRules.noteAppended),
  noteDurable: broken.among(membersOf, raftRules.noteDurable),
  hasMajority: (context) => raftRules.hasMajority({ ...context, configuration: membersOf(context) }),
});

export const raftReplacementTwins: readonly Twin<GivenRaftBounds, Partial<RaftRules>>[] = [
  {
    name: 'a learner is counted',
    rule: 'Raft §4.2.1',
    broken: countingAmong(broken.withLearners),
    checker: { bounds: replacing, violates: 'what is committed is durable at a majority' },
  },
  {
    name: 'the majority before a change suffices in a joint configuration',
    rule: 'Raft §4.3',
    broken: countingAmong(broken.ofBefore),
    checker: { bounds: replacing, violates: 'what is committed is durable at a majority' },
  },
  {
    name: 'the majority after a change suffices in a joint configuration',
    rule: 'Raft §4.3',
    broken: countingAmong(broken.ofAfter),
    checker: {
      bounds: { ...replacing, nodes: 1, terms: 2, candidates: ['n1', 'n1'], crashes: 1 },
      violates: 'what is committed is durable at a majority',
    },
  },
  {
    name: 'a configuration is in force once it is committed, and not as soon as it is appended',
    rule: 'Raft §4.1',
    broken: countingAmong(broken.settled),
    checker: { bounds: replacing, violates: 'what is committed is durable at a majority' },
  },
  {
    name: 'a configuration that is cut off stays in force',
    rule: 'Raft §4.1',
    broken: { appendFromLeader: broken.appendAndKeepConfiguration },
    checker: {
      bounds: { ...replacing, terms: 2, candidates: ['n1', 'n3'] },
      violates: "the configuration in force is the log's latest",
    },
  },
];

/** The same for the rules by which members come and go one by one. */
export const raftMemberTwins: readonly Twin<GivenRaftBounds, Partial<RaftRules>>[] = [
  {
    name: 'members are changed one by one before an entry of the term is committed',
    rule: 'Ongaro 2015',
    broken: { ...singleServerChanges, mayReconfigure: mayReconfigureAtOnce },
    checker: {
      bounds: {
        ...replacing,
        replacements: 0,
        nodes: 4,
        terms: 3,
        changes: ['remove:n4', 'remove:n1'],
        candidates: ['n1', 'n3', 'n1'],
        inFlight: 3,
      },
      violates: 'what is committed is durable at a majority',
      statesToFind: 800_000,
    },
  },
  {
    name: 'a leader that was removed leads on',
    rule: 'Raft §4.2.2',
    broken: { hasLeft: () => false },
    simulator: {},
  },
  {
    name: 'a server that has left is taken in again',
    rule: 'Raft §4.2.3',
    broken: { mayReconfigure: (context, message) => raftRules.mayReconfigure(broken.forgivingAll(context), message) },
    simulator: {},
  },
];
