/**
 * The vocabulary of the charts: every rule under its name, every delay, and the transitions that recur. Each role's chart
 * is made of these names, so that one setup serves them all.
 */

import { setup } from 'xstate';
import { between, fixed, named } from '../actor/delays.ts';
import { message, rulesOf } from '../actor/rules.ts';
import { earlierGrantMs } from '../replication/lease.ts';
import type { Effect, Event, Role, ServerContext } from './context.ts';
import { raftRules } from './rules.ts';

/** The delays of a server, in milliseconds. The broadcast time of the network must be well below them (Raft §3.9). */
export const delays = {
  /** How often a leader shows that it leads. */
  heartbeatInterval: fixed(100),
  /** How long a server waits for a leader, or for an election to be decided, before it asks for (pre-)votes itself. */
  electionTimeout: between(500, 1_000),
  /** How long a server that heard its leader stays loyal to it (§4.2.3). At most the least `electionTimeout`. */
  minElectionTimeout: fixed(500),
  /** How long a server elects nobody whose earlier life has granted longer leases than it does (§6.4.1). */
  earlierGrant: (context: ServerContext) => fixed(earlierGrantMs(context)),
  /** How often a leader looks whether a majority, and its own journal, have answered since the last look (§6.2). */
  quorumTimeout: fixed(500),
  /** How long a leader that hands over waits for the next one, before it goes on (§3.10): the least `electionTimeout`. */
  handOverTimeout: fixed(500),
  /** A round that a learner ends within this time is its last (§4.2.1): the least `electionTimeout`. */
  catchUpRound: fixed(500),
  /** How long a learner may go without making headway before the change is given up (§4.2.1). */
  catchUpPatience: fixed(10_000),
};

/** Binds the rules of a server to the names by which its charts call them. */
export const { bind: bindServer } = rulesOf<ServerContext, Event, Effect>();

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
  ...bindServer(raftRules),
});

const ofNewerTerm = { type: 'isNewerTerm', params: message } as const;
const ofStaleTerm = { type: 'isStaleTerm', params: message } as const;
const fromRetired = { type: 'isRetired', params: message } as const;

/** A later term: a server that is no follower becomes one, takes the term over, and hears the message as such. */
export const newerTerm = {
  guard: ofNewerTerm,
  target: '#follower',
  actions: [{ type: 'adoptTerm', params: message }, 'again'],
  meta: { rule: 'Raft §3.3' },
} as const;

/** A reply of an earlier term answers what an earlier life, or an earlier office, asked. */
export const staleReply = { guard: ofStaleTerm } as const;

/** Of what means nothing to a role, only that its term is later. */
export const onlyNewerTerm = [newerTerm, {}] as const;

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
export const staleSnapshot = {
  guard: ofStaleTerm,
  actions: { type: 'refuseStaleSnapshot', params: message },
  meta: { rule: 'Raft §3.3' },
} as const;

/** Another server was elected in this term. */
export const leaderElected = { target: '#follower', actions: 'again', meta: { rule: 'Raft §3.4' } } as const;

/** The leader would have this server lead: it stands at once, as the leader has said that its log suffices (§3.10). */
export const timeoutNow = {
  guard: 'mayCampaign',
  target: '#candidate',
  actions: ['giveUpHandOver', 'standForLeader'],
  meta: { rule: 'Raft §3.10' },
} as const;

/** Answered in every role alike. */
export const compaction = [
  {
    guard: { type: 'isSnapshotNews', params: message },
    actions: { type: 'compact', params: message },
    meta: { rule: 'Raft §5.1' },
  },
  {},
] as const;
/** Only a follower takes a snapshot. */
export const transferEnd = [{ guard: { type: 'isIncoming', params: message }, actions: 'forgetIncoming' }, {}] as const;
export const notLeading = {
  actions: { type: 'refuseNotLeader', params: message },
  meta: { rule: 'Raft §6.2' },
} as const;
export const notReplacing = {
  actions: { type: 'refuseReplacement', params: message },
  meta: { rule: 'Raft §4.1' },
} as const;
export const notReconfiguring = {
  actions: { type: 'refuseReconfiguration', params: message },
  meta: { rule: 'Raft §4.1' },
} as const;
/** §4.2.3: while a leader is heard, candidates are not, unless it has asked them to stand (§3.10). */
export const uninvited = { guard: { type: 'isUninvited', params: message }, meta: { rule: 'Raft §4.2.3' } } as const;
export const preVoteAnswer = {
  actions: { type: 'answerPreVote', params: message },
  meta: { rule: 'Raft §9.6' },
} as const;
