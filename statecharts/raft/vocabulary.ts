/**
 * The vocabulary of the charts: every rule under the name by which the charts call it, and every delay. Each role's
 * chart is made of these names, so that one setup serves them all.
 */

import { setup } from 'xstate';
import { between, fixed, named } from '../actor/delays.ts';
import { message, rulesOf } from '../actor/rules.ts';
import type { Effect, Event, Role, ServerContext } from './context.ts';
import { refuseNotLeader } from './rules/commitment.ts';
import * as election from './rules/election.ts';
import * as following from './rules/following.ts';
import * as leading from './rules/leading.ts';
import * as membership from './rules/membership.ts';
import * as snapshots from './rules/snapshots.ts';

/** The delays of a server, in milliseconds. The broadcast time of the network must be well below them (Raft §3.9). */
export const delays = {
  /** How often a leader shows that it leads. */
  heartbeatInterval: fixed(100),
  /** How long a server waits for a leader, or for an election to be decided, before it asks for (pre-)votes itself. */
  electionTimeout: between(500, 1_000),
  /** How long a server that heard its leader stays loyal to it (§4.2.3). At most the least `electionTimeout`. */
  minElectionTimeout: fixed(500),
  /** How often a leader looks whether a majority, and its own journal, have answered since the last look (§6.2). */
  quorumTimeout: fixed(500),
  /** A round that a learner ends within this time is its last (§4.2.1): the least `electionTimeout`. */
  catchUpRound: fixed(500),
  /** How long a learner may go without making headway before the change is given up (§4.2.1). */
  catchUpPatience: fixed(10_000),
};

const { act, when, again } = rulesOf<ServerContext, Event, Effect>();

export const raft = setup({
  types: {
    context: {} as ServerContext,
    events: {} as Event,
    emitted: {} as Effect,
    input: {} as ServerContext,
    tags: {} as Role,
    transitionMeta: {} as { rule: string },
  },
  delays: named(delays),
  actions: {
    again,
    begin: act(snapshots.begin),
    refuseNotLeader: act(refuseNotLeader),

    adoptTerm: act(election.adoptTerm),
    grantVote: act(election.grantVote),
    denyVote: act(election.denyVote),
    answerPreVote: act(election.answerPreVote),
    askForPreVotes: act(election.askForPreVotes),
    askForVotes: act(election.askForVotes),
    countPreVote: act(election.countPreVote),
    countVote: act(election.countVote),
    countOwnVote: act(election.countOwnVote),
    forgetElection: act(election.forgetElection),

    refuseStaleAppend: act(following.refuseStaleAppend),
    appendFromLeader: act(following.appendFromLeader),

    takeOffice: act(leading.takeOffice),
    leaveOffice: act(leading.leaveOffice),
    appendCommands: act(leading.appendCommands),
    refuseOverloaded: act(leading.refuseOverloaded),
    noteAppended: act(leading.noteAppended),
    noteChunk: act(leading.noteChunk),
    noteDurable: act(leading.noteDurable),
    noteLost: act(leading.noteLost),
    sendHeartbeats: act(leading.sendHeartbeats),
    startRead: act(leading.startRead),
    refuseNotReady: act(leading.refuseNotReady),
    watchQuorum: act(leading.watchQuorum),

    beginReplacement: act(membership.beginReplacement),
    refuseReplacement: act(membership.refuseReplacement),
    beginRound: act(membership.beginRound),
    watchLearner: act(membership.watchLearner),
    giveUpReplacement: act(membership.giveUpReplacement),
    beginJoint: act(membership.beginJoint),
    endJoint: act(membership.endJoint),

    compact: act(snapshots.compact),
    refuseStaleChunk: act(snapshots.refuseStaleChunk),
    receiveChunk: act(snapshots.receiveChunk),
    forgetIncoming: act(snapshots.forgetIncoming),
  },
  guards: {
    isNewerTerm: when(election.isNewerTerm),
    isStaleTerm: when(election.isStaleTerm),
    isRetired: when(election.isRetired),
    mayCampaign: when(election.mayCampaign),
    mayGrantVote: when(election.mayGrantVote),
    hasMajority: when(election.hasMajority),
    isOverloaded: when(leading.isOverloaded),
    knowsCommitted: when(leading.knowsCommitted),
    hasQuorum: when(leading.hasQuorum),
    mayReplace: when(membership.mayReplace),
    isConfigurationCommitted: when(membership.isConfigurationCommitted),
    isLearning: when(membership.isLearning),
    isJoint: when(membership.isJoint),
    hasLeft: when(membership.hasLeft),
    hasCaughtUp: when(membership.hasCaughtUp),
    isOutOfRounds: when(membership.isOutOfRounds),
    makesHeadway: when(membership.makesHeadway),
    isSnapshotNews: when(snapshots.isSnapshotNews),
  },
});

const ofNewerTerm = { type: 'isNewerTerm', params: message } as const;
const ofStaleTerm = { type: 'isStaleTerm', params: message } as const;
const fromRetired = { type: 'isRetired', params: message } as const;

/** A later term: whoever is not a follower becomes one, takes the term over, and hears the message as such. */
export const newerTerm = {
  guard: ofNewerTerm,
  target: '#follower',
  actions: [{ type: 'adoptTerm', params: message }, 'again'],
  meta: { rule: 'Raft §3.3' },
} as const;

/** A reply of an earlier term answers what an earlier life, or an earlier office, asked. */
export const staleReply = { guard: ofStaleTerm } as const;

/** Who has left the cluster asks for no votes. */
export const retired = { guard: fromRetired, meta: { rule: 'Raft §4.2.3' } } as const;

/** A leader or candidate whose term is over learns of the later one by the answer. */
export const staleVote = {
  guard: ofStaleTerm,
  actions: { type: 'denyVote', params: message },
  meta: { rule: 'Raft §3.3' },
} as const;
export const staleAppend = {
  guard: ofStaleTerm,
  actions: { type: 'refuseStaleAppend', params: message },
  meta: { rule: 'Raft §3.3' },
} as const;
export const staleChunk = {
  guard: ofStaleTerm,
  actions: { type: 'refuseStaleChunk', params: message },
  meta: { rule: 'Raft §3.3' },
} as const;

/** Somebody else was elected in this term. */
export const leaderElected = { target: '#follower', actions: 'again', meta: { rule: 'Raft §3.4' } } as const;

/** Answered in every role alike. */
export const compaction = {
  guard: { type: 'isSnapshotNews', params: message },
  actions: { type: 'compact', params: message },
  meta: { rule: 'Raft §5.1' },
} as const;
export const notLeading = {
  actions: { type: 'refuseNotLeader', params: message },
  meta: { rule: 'Raft §6.2' },
} as const;
export const notReplacing = {
  actions: { type: 'refuseReplacement', params: message },
  meta: { rule: 'Raft §4.1' },
} as const;
export const preVoteAnswer = {
  actions: { type: 'answerPreVote', params: message },
  meta: { rule: 'Raft §9.6' },
} as const;
