/**
 * The vocabulary of the charts: every rule under its name, every delay, and the transitions that recur. Each role's chart
 * is made of these names, so that one setup serves them all.
 */

import { setup } from 'xstate';
import { between, fixed, named } from '../../actor/delays.ts';
import { message, rulesOf } from '../../actor/rules.ts';
import { earlierGrantMs } from '../../replication/lease.ts';
import type { Effect, Event, Role, ServerContext } from './context.ts';
import { paxosRules } from './rules.ts';

/** The delays of a server, in milliseconds. The broadcast time of the network must be well below them. */
export const delays = {
  /** How often a leader shows that it leads, a candidate asks again, and a follower says whether it is led. */
  heartbeatInterval: fixed(100),
  /** How long a server waits for a leader, or a candidate for promises, before it looks whether it should stand itself. */
  electionRound: between(400, 600),
  /** How long an acceptor that has answered its leader promises no other ballot, where there are leases: the least `electionRound`. */
  leaseGrant: fixed(400),
  /** How long a server promises nothing whose earlier life has granted longer leases than it does. */
  earlierGrant: (context: ServerContext) => fixed(earlierGrantMs(context)),
  /** How often a leader looks whether a quorum, and its own journal, have answered since the last look. */
  quorumTimeout: fixed(500),
  /** How long a leader that hands over waits for the next one, before it proposes again: the least `electionRound`. */
  handOverTimeout: fixed(400),
  /** A round that a learner ends within this time is its last: about an `electionRound`. */
  catchUpRound: fixed(500),
  /** How long a learner may go without making headway before the change is given up. */
  catchUpPatience: fixed(10_000),
};

/** Binds the rules of a server to the names by which its charts call them. */
export const { bind: bindServer } = rulesOf<ServerContext, Event, Effect>();

export const paxos = setup({
  types: {
    context: {} as ServerContext,
    events: {} as Event,
    emitted: {} as Effect,
    input: {} as ServerContext,
    tags: {} as Role,
    transitionMeta: {} as { rule: string },
  },
  delays: named(delays),
  ...bindServer(paxosRules),
});

/** A later ballot: it is promised, whoever is not a follower becomes one, and hears the message as such. */
export const laterBallot = {
  guard: { type: 'isLaterBallot', params: message },
  target: '#follower',
  actions: [{ type: 'promise', params: message }, 'again'],
  meta: { rule: 'Paxos 1b' },
} as const;

/** A proposer of an earlier ballot learns of the later one by the answer. */
export const earlierBallot = {
  guard: { type: 'isEarlierBallot', params: message },
  actions: { type: 'refuse', params: message },
  meta: { rule: 'Paxos Made Simple §2.2' },
} as const;

/** A ballot has one proposer. */
export const rival = {
  actions: { type: 'refuseRival', params: message },
  meta: { rule: 'Paxos Made Simple §2.2' },
} as const;

/** Another ballot was promised: this one is over, and its proposer waits to see how the other one does. */
export const overtaken = {
  guard: { type: 'isOvertaken', params: message },
  target: '#alone',
  actions: { type: 'noteBallot', params: message },
  meta: { rule: 'Paxos Made Simple §2.2' },
} as const;

/** Who has left the cluster asks for no promises. */
export const retired = { guard: { type: 'isRetired', params: message }, meta: { rule: 'Stoppable §3' } } as const;

/** An acceptor that has granted a lease promises nothing to others, unless that leader has asked for it. */
export const withheld = {
  guard: { type: 'isWithheld', params: message },
  meta: { rule: 'Paxos Made Live §5.2' },
} as const;

export const beat = { actions: { type: 'noteBeat', params: message }, meta: { rule: 'Omni-Paxos §5.2' } } as const;

/** Answered in every role alike. */
export const compaction = [
  { guard: { type: 'isSnapshotNews', params: message }, actions: { type: 'compact', params: message } },
  {},
] as const;
export const transferEnd = [
  { guard: { type: 'isIncoming', params: message }, actions: { type: 'endTransfer', params: message } },
  {},
] as const;
export const notLeading = { actions: { type: 'refuseNotLeader', params: message } } as const;
export const notReconfiguring = { actions: { type: 'refuseReconfiguration', params: message } } as const;
export const notReplacing = { actions: { type: 'refuseReplacement', params: message } } as const;
