/** Raft's rules, each broken in one way: the material of the twins in `broken.ts`. */

import { type Address, send, sendAhead } from '../../../statecharts/actor.ts';
import { majoritySize, reachedBy } from '../../../statecharts/quorum.ts';
import { settledConfiguration } from '../../../statecharts/raft/configuration.ts';
import type { Effect, Leadership, Received, Result, ServerContext } from '../../../statecharts/raft/context.ts';
import type { RaftMessage } from '../../../statecharts/raft/messages.ts';
import { learnCommitted } from '../../../statecharts/raft/rules/commitment.ts';
import { type Configuration, Log, quorumOf, raftRules } from '../../../statecharts/raft.ts';

/** What a rule asks for, with messages that do not wait for records. */
export const hasty = ({ effects = [], ...result }: Result): Result => ({
  ...result,
  effects: effects.map((effect): Effect => (effect.type === 'send' ? { ...effect, ahead: true } : effect)),
});

/** What a rule asks for, with the word to oneself that does not wait for the record whose durability it reports. */
export const selfAssured = (self: Address, { effects = [], ...result }: Result): Result => ({
  ...result,
  effects: effects.map(
    (effect): Effect => (effect.type === 'send' && effect.to === self ? { ...effect, ahead: true } : effect),
  ),
});

export const isAlmostMajority = ({ configuration, election: running }: ServerContext): boolean =>
  running !== null && running.votes.length >= Math.max(1, majoritySize(configuration.voters.length) - 1);

const reachOf =
  (self: Address, { durableIndex, followers }: Leadership) =>
  (voter: string): number =>
    voter === self ? durableIndex : (followers.find(({ server }) => server === voter)?.match ?? 0);

/** The voters who have come furthest, so few that a majority of them is one less than a majority. */
function withoutLaggards(context: ServerContext): ServerContext {
  const { configuration, leadership, self } = context;
  if (leadership === null) return context;
  const reach = reachOf(self, leadership);
  const foremost = configuration.voters
    .toSorted((a, b) => reach(b) - reach(a))
    .slice(0, Math.max(1, 2 * (majoritySize(configuration.voters.length) - 1) - 1));
  const few: Configuration = { ...configuration, voters: foremost.toSorted() };
  return { ...context, configuration: few };
}

/** Notes an answer, and then commits what one server less than a majority holds. */
export function commitByMinority(context: ServerContext, noted: Result): Result {
  const after = withoutLaggards({ ...context, ...noted.context });
  return committing(after, noted, (index) => after.log.termAt(index) === after.term);
}

/** Notes an answer, and then commits whatever a majority holds, of whichever term. */
export const commitByCounting = (context: ServerContext, noted: Result): Result =>
  committing({ ...context, ...noted.context }, noted, () => true);

function committing(after: ServerContext, noted: Result, mayCommit: (index: number) => boolean): Result {
  const { configuration, leadership, self } = after;
  if (leadership === null) return noted;
  const index = reachedBy(quorumOf(configuration), reachOf(self, leadership));
  if (index <= after.commitIndex || !mayCommit(index)) return noted;
  const { effects, ...learned } = learnCommitted(after, index);
  return { context: { ...noted.context, ...learned }, effects: [...effects, ...(noted.effects ?? [])] };
}

/** Votes for whoever asks first in a term, however short its log. */
export const mayVoteForShorterLog = ({ term, votedFor }: ServerContext, message: Received<'vote'>): boolean =>
  message.term === term && (votedFor === null || votedFor === message.from);

export function answerPreVoteOfShorterLog(
  { term }: ServerContext,
  { from, term: forTerm }: Received<'preVote'>,
): Result {
  return { effects: [send(from, { type: 'preVoteReply', term, forTerm, granted: forTerm > term })] };
}

/** Votes for whoever asks, however often. */
export const mayVoteAgain = (context: ServerContext, message: Received<'vote'>): boolean =>
  raftRules.mayGrantVote({ ...context, votedFor: null }, message);

/** Votes for a candidate that the leader has asked to stand, however short its log. */
export const mayVoteForInvited = (context: ServerContext, message: Received<'vote'>): boolean =>
  message.isAskedFor === true ? mayVoteForShorterLog(context, message) : raftRules.mayGrantVote(context, message);

/** Votes for a candidate that the leader has asked to stand, though another one has the vote. */
export const mayVoteAgainForInvited = (context: ServerContext, message: Received<'vote'>): boolean =>
  message.isAskedFor === true ? mayVoteAgain(context, message) : raftRules.mayGrantVote(context, message);

/** Asks again where the follower has said that the logs do not agree, twice over, and goes back no further. */
export function repeatRejected(context: ServerContext, reply: Received<'appendReply'>): Result {
  const previousTerm = reply.matches ? undefined : context.log.termAt(reply.index);
  if (previousTerm === undefined) return raftRules.noteAppended(context, reply);
  const { commitIndex, term } = context;
  const again = sendAhead<RaftMessage>(reply.from, {
    type: 'append',
    term,
    previousIndex: reply.index,
    previousTerm,
    entries: [],
    commitIndex,
    round: reply.round,
  });
  return { effects: [again, again] };
}

/** Takes the office over from the leader that asked for that, in its term, without a vote. */
export function takeTermOver(context: ServerContext): Result {
  if (context.election?.isAskedFor !== true) return raftRules.askForVotes(context);
  return { context: { election: { votes: context.configuration.voters } } };
}

/** Counts a vote of any term. */
export const countOldVote = (context: ServerContext, message: Received<'voteReply'>): Result =>
  raftRules.countVote(context, { ...message, term: context.term });

/** Appends of leaders whose term is over are taken like others. */
export const isStaleUnlessAppend = (
  context: ServerContext,
  message: Parameters<typeof raftRules.isStaleTerm>[1],
): boolean => message.type !== 'append' && raftRules.isStaleTerm(context, message);

/** Takes the end of an append for the end of the log: what follows it here goes, though nothing contradicts it. */
export function appendAndTruncate(context: ServerContext, message: Received<'append'>): Result {
  const { log } = context;
  const { entries, previousIndex, previousTerm } = message;
  const isLate = entries.length > 0 && log.termAt(previousIndex) === previousTerm;
  return raftRules.appendFromLeader(isLate ? { ...context, log: log.upTo(previousIndex) } : context, message);
}

/** Keeps what is here where it contradicts the leader. */
export function appendWithoutReplacing(context: ServerContext, message: Received<'append'>): Result {
  const { log } = context;
  const { entries, previousIndex } = message;
  const kept = entries.map((entry) => log.entryAt(entry.index) ?? entry);
  const previousTerm = log.termAt(previousIndex) ?? message.previousTerm;
  return raftRules.appendFromLeader(context, { ...message, entries: kept, previousTerm });
}

/** Appends after an entry that is of another term than the leader's. */
export function appendWithoutMatching(context: ServerContext, message: Received<'append'>): Result {
  const previousTerm = context.log.termAt(message.previousIndex) ?? message.previousTerm;
  return raftRules.appendFromLeader(context, { ...message, previousTerm });
}

/** Believes the leader's commit index for all that is in its own log. */
export function appendAndCommitAll(context: ServerContext, message: Received<'append'>): Result {
  const result = raftRules.appendFromLeader(context, message);
  const after = { ...context, ...result.context };
  const { effects, ...learned } = learnCommitted(after, Math.min(message.commitIndex, after.log.lastIndex));
  return { context: { ...result.context, ...learned }, effects: [...(result.effects ?? []), ...effects] };
}

/** Answers a read at once, without asking whether anybody else leads. */
export const readAtOnce = ({ commitIndex }: ServerContext, { id }: Received<'read'>): Result => ({
  effects: [{ type: 'deliver', output: { type: 'readable', id, index: commitIndex }, ahead: true }],
});

/** Answers a read by a round that began before it. */
export function readByOldRound(context: ServerContext, message: Received<'read'>): Result {
  const result = raftRules.startRead(context, message);
  const leadership = result.context?.leadership;
  if (leadership === undefined || leadership === null) return result;
  const reads = leadership.reads.map((read) => (read.id === message.id ? { ...read, round: read.round - 1 } : read));
  return { ...result, context: { ...result.context, leadership: { ...leadership, reads } } };
}

/** Keeps the entries behind a snapshot, though the log does not agree with it. */
export function endTransferAndKeepSuffix(context: ServerContext, message: Received<'performed'>): Result {
  const result = raftRules.endTransfer(context, message);
  const log = result.context?.log;
  const { index: lastIndex, term: lastTerm } = context.incoming?.snapshot ?? { index: 0, term: 0 };
  if (
    log === undefined ||
    log === context.log ||
    context.log.lastIndex <= lastIndex ||
    context.log.termAt(lastIndex) === lastTerm
  ) {
    return result;
  }
  const kept = Log.after(lastIndex, lastTerm).append(context.log.between(lastIndex + 1, context.log.lastIndex));
  return { ...result, context: { ...result.context, log: kept } };
}

/** The rules that take a quorum, or count votes. */
type Counting<Message> = (context: ServerContext, message: Message) => Result;

/** `rule` among other members than those in force, which stay in force. */
export const among =
  <Message>(membersOf: (context: ServerContext) => Configuration, rule: Counting<Message>): Counting<Message> =>
  (context, message) =>
    rule({ ...context, configuration: membersOf(context) }, message);

/** As many as vote, of those who vote or learn: the ones who have come furthest. */
export function withLearners({ configuration, leadership, self }: ServerContext): Configuration {
  const { voters, learners } = configuration;
  if (leadership === null) return configuration;
  const reach = reachOf(self, leadership);
  const foremost = [...voters, ...learners].sort((a, b) => reach(b) - reach(a)).slice(0, voters.length);
  return { ...configuration, voters: foremost.sort() };
}

/** The voters of before a change alone, though it is under way. */
export const ofBefore = ({ configuration }: ServerContext): Configuration => ({ ...configuration, nextVoters: null });

/** The voters of after a change alone, though it is under way. */
export const ofAfter = ({ configuration }: ServerContext): Configuration => ({
  ...configuration,
  voters: configuration.nextVoters ?? configuration.voters,
  nextVoters: null,
});

/** The members as far as is committed, in place of those that were appended; the founders to begin with. */
export function settled(context: ServerContext): Configuration {
  const committed = settledConfiguration(context);
  return committed.voters.length === 0 ? context.configuration : committed;
}

/** Cuts a configuration off and goes by it nevertheless. */
export function appendAndKeepConfiguration(context: ServerContext, message: Received<'append'>): Result {
  const result = raftRules.appendFromLeader(context, message);
  const index = result.context?.configuration?.index ?? context.configuration.index;
  if (index >= context.configuration.index) return result;
  return { ...result, context: { ...result.context, configuration: context.configuration } };
}

/** As if nobody had ever left. */
export const forgivingAll = (context: ServerContext): ServerContext => ({
  ...context,
  configuration: { ...context.configuration, retired: [] },
});
