/** Rules of terms, votes and pre-votes: Raft §3.3, §3.4, §3.6.1, §4.2.3 and §9.6. */

import type { Address } from '../../actor/address.ts';
import { persist, send } from '../../actor/effects.ts';
import { isQuorum } from '../../quorum.ts';
import { isRetired as isRetiredIn, mayStand, quorumOf } from '../configuration.ts';
import { peersOf, type Received, type Result, type ServerContext, votesHere } from '../context.ts';

export { endPromise, isBound, isBoundByEarlier } from '../../replication/lease.ts';

type FromPeer = Received<
  'preVoteReply' | 'vote' | 'voteReply' | 'append' | 'appendReply' | 'installSnapshot' | 'snapshotReply' | 'timeoutNow'
>;

/**
 * §3.3: the sender has seen a later term. Who has left the cluster is heard as a leader alone: those who elected it may not
 * know yet that it has left, and its term is theirs (§4.1). A pre-vote says nothing of that kind.
 */
export const isNewerTerm = (context: ServerContext, message: FromPeer): boolean =>
  message.term > context.term && (isFromLeader(message) || !isRetired(context, message));

const isFromLeader = ({ type }: FromPeer): boolean =>
  type === 'append' || type === 'installSnapshot' || type === 'timeoutNow';

/** §3.3: the sender lives in a term that is over. */
export const isStaleTerm = ({ term }: ServerContext, message: FromPeer): boolean => message.term < term;

/**
 * §4.2.3: the sender has left the cluster, and disturbs it no more. Others are heard even if the own configuration does
 * not name them (§4.1): it may be an old one, and the newcomer's vote, or a vote for it, may be needed.
 */
export const isRetired = (context: ServerContext, { from }: { readonly from: Address }): boolean =>
  isRetiredIn(context, from);

/** §4.2.3: the leader has not asked for this candidacy (§3.10), so those who are loyal to it do not answer. */
export const isUninvited = (_context: ServerContext, { isAskedFor }: Received<'vote'>): boolean => isAskedFor !== true;

/** §4.2.2: who votes stands for election, and so does who was told to leave until that is committed. */
export const mayCampaign = (context: ServerContext): boolean => mayStand(context, context.self);

/** §3.3: takes over a later term, in which no candidate has this server's vote yet. */
export function adoptTerm(_context: ServerContext, { term }: FromPeer): Result {
  return {
    context: { term, votedFor: null, leader: null },
    effects: [persist({ type: 'term-and-vote', term, votedFor: null })],
  };
}

/** §3.6.1: the asker's log ends in a later term than ours, or in the same one and is at least as long. */
const isUpToDate = ({ log }: ServerContext, asker: { lastIndex: number; lastTerm: number }): boolean =>
  asker.lastTerm > log.lastTerm || (asker.lastTerm === log.lastTerm && asker.lastIndex >= log.lastIndex);

/** §3.4, §3.6.1: one vote per term, and none for a log that may lack a committed entry. */
export const mayGrantVote = (context: ServerContext, message: Received<'vote'>): boolean =>
  message.term === context.term &&
  (context.votedFor === null || context.votedFor === message.from) &&
  isUpToDate(context, message);

/** §3.4: votes. The vote is durable before it is answered (§3.8). */
export function grantVote({ term, votedFor }: ServerContext, { from }: Received<'vote'>): Result {
  const reply = send(from, { type: 'voteReply', term, granted: true } as const);
  if (votedFor === from) return { effects: [reply] };
  return { context: { votedFor: from }, effects: [persist({ type: 'term-and-vote', term, votedFor: from }), reply] };
}

export const denyVote = ({ term }: ServerContext, { from }: Received<'vote'>): Result => ({
  effects: [send(from, { type: 'voteReply', term, granted: false })],
});

/** §9.6: says how it would vote, and changes nothing. */
export function answerPreVote(context: ServerContext, message: Received<'preVote'>): Result {
  const { term } = context;
  const granted = message.term > term && isUpToDate(context, message);
  return { effects: [send(message.from, { type: 'preVoteReply', term, forTerm: message.term, granted })] };
}

/** §9.6: asks whether an election could be won, before disturbing anybody with a new term. */
export function askForPreVotes(context: ServerContext): Result {
  const { log, self, term } = context;
  const question = { type: 'preVote', term: term + 1, lastIndex: log.lastIndex, lastTerm: log.lastTerm } as const;
  return {
    context: { leader: null, election: { votes: [self] } },
    effects: peersOf(context).map((peer) => send(peer, question)),
  };
}

/** §3.4: begins a term and asks for votes in it. The own vote counts once it is durable, which `durable` tells. */
export function askForVotes(context: ServerContext): Result {
  const { log, self } = context;
  const term = context.term + 1;
  const invitation = context.election?.isAskedFor === true ? { isAskedFor: true as const } : {};
  const question = { type: 'vote', term, lastIndex: log.lastIndex, lastTerm: log.lastTerm, ...invitation } as const;
  return {
    context: { term, votedFor: self, leader: null, election: { votes: [] } },
    effects: [
      persist({ type: 'term-and-vote', term, votedFor: self }),
      ...peersOf(context).map((peer) => send(peer, question)),
      send(self, { type: 'durable', term, index: log.lastIndex }),
    ],
  };
}

function countFrom(context: ServerContext, voter: Address): Result {
  const { election } = context;
  if (election === null || election.votes.includes(voter) || !votesHere(context, voter)) return {};
  return { context: { election: { votes: [...election.votes, voter].sort() } } };
}

/** §9.6: counts a pre-vote, if it is one for the term that this server would begin. */
export const countPreVote = (context: ServerContext, message: Received<'preVoteReply'>): Result =>
  message.granted && message.forTerm === context.term + 1 ? countFrom(context, message.from) : {};

/** §3.4: counts a vote, if it is one for this term. */
export const countVote = (context: ServerContext, message: Received<'voteReply'>): Result =>
  message.granted && message.term === context.term ? countFrom(context, message.from) : {};

/** §3.8: the own vote is durable, and so is the log up to where the candidacy began. */
export const countOwnVote = (context: ServerContext, { term }: Received<'durable'>): Result =>
  term === context.term ? countFrom(context, context.self) : {};

/** §3.4: a majority of the voters has granted it; of both sets of voters in a joint configuration (§4.3). */
export const hasMajority = ({ configuration, election }: ServerContext): boolean =>
  election !== null && isQuorum(quorumOf(configuration), election.votes);

export const forgetElection = (): Result => ({ context: { election: null } });
