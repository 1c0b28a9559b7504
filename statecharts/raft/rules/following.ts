/** What a follower does with its leader's appends: Raft §3.5, and the receiver's column of AppendEntries in Figure 3.1. */

import { persist, send } from '../../actor/effects.ts';
import { granting, grantsMore, ownGrantMs } from '../../replication/lease.ts';
import { configurationIn } from '../configuration.ts';
import type { Effect, Received, Result, ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Entry } from '../messages.ts';
import { learnCommitted } from './commitment.ts';
import { entriesWritten } from './entries.ts';

type Append = Received<'append'>;

/** Figure 3.1, AppendEntries 1: a leader of an earlier term hears of the later one, and steps down. */
export const refuseStaleAppend = (context: ServerContext, message: Append): Result => ({
  effects: [rejection(context, message)],
});

/** §3.5: "no, and here is where our logs can agree at the latest", so that one answer passes over a whole term. */
function rejection({ term, log }: ServerContext, message: Append, granted: ReturnType<typeof granting> = {}): Effect {
  const { from, previousIndex, previousTerm, round } = message;
  const hintIndex = log.lastIndexOfTerm(previousIndex, previousTerm);
  const hintTerm = log.termAt(hintIndex) ?? 0;
  const index = previousIndex;
  return send(from, { type: 'appendReply', term, matches: false, index, hintIndex, hintTerm, round, ...granted });
}

/** §6.4.1: what earlier lives granted is over, so that no later one waits for it. */
export const endEarlierGrants = (context: ServerContext): Result => grantsFromNow(context);

function grantsFromNow(context: ServerContext): {
  readonly context: Pick<ServerContext, 'grantedMs'>;
  readonly effects: readonly Effect[];
} {
  const { term, votedFor } = context;
  const grantedMs = ownGrantMs(context);
  return {
    context: { grantedMs },
    effects: [persist({ type: 'term-and-vote', term, votedFor, grantsMs: grantedMs })],
  };
}

/** Figure 3.1, AppendEntries 2 to 5. What the answer grants is durable before it, for a next life that is told otherwise. */
export function appendFromLeader(context: ServerContext, message: Append): Result {
  if (!grantsMore(context)) return follow(context, message);
  const granted = grantsFromNow(context);
  const { context: patch, effects = [] } = follow(context, message);
  return { context: { ...patch, ...granted.context }, effects: [...granted.effects, ...effects] };
}

function follow(context: ServerContext, message: Append): Result {
  const { leaseMs, log, term } = context;
  const { entries, from, previousIndex, previousTerm, round } = message;
  // What compaction took was committed, and is in the leader's log too (§3.6.3): there the logs agree.
  const isCompacted = previousIndex < log.baseIndex;
  if (!isCompacted && log.termAt(previousIndex) !== previousTerm) {
    return { context: { leader: from }, effects: [rejection(context, message, granting(leaseMs))] };
  }
  const matchIndex = Math.max(previousIndex + entries.length, isCompacted ? log.baseIndex : 0);
  const reply = send(from, {
    type: 'appendReply',
    term,
    matches: true,
    index: matchIndex,
    hintIndex: 0,
    hintTerm: 0,
    round,
    ...granting(leaseMs),
  } as const);
  const news = entriesNotIn(log, entries);
  const grown = news.length === 0 ? context : replaceFrom(context, news);
  const { commitIndex, compactionAsked, effects } = learnCommitted(grown, Math.min(message.commitIndex, matchIndex));
  return {
    context: { leader: from, log: grown.log, configuration: grown.configuration, commitIndex, compactionAsked },
    effects: news.length === 0 ? [...effects, reply] : [...effects, entriesWritten(news), reply],
  };
}

/** `entries` from the first one on that is missing here or differs; duplicates and latecomers leave nothing. */
function entriesNotIn(log: Log, entries: readonly Entry[]): readonly Entry[] {
  const [first] = entries;
  if (first === undefined || first.index === log.lastIndex + 1) return entries;
  const place = entries.findIndex(({ index, term }) => index > log.baseIndex && log.termAt(index) !== term);
  return place === -1 ? [] : entries.slice(place);
}

/** Figure 3.1, AppendEntries 3 and 4: what contradicts the leader's log goes, and what is new comes. */
function replaceFrom(context: ServerContext, news: readonly Entry[]): ServerContext {
  const { commitIndex, configuration, log, snapshot } = context;
  const keptIndex = (news[0]?.index ?? 0) - 1;
  if (keptIndex < commitIndex) {
    throw new RaftInvariantError(
      `the leader of term ${context.term} contradicts entry ${keptIndex + 1}, though all up to ${commitIndex} are committed; check that every server was started with the same voters and its own data`,
    );
  }
  const next = log.upTo(keptIndex).append(news);
  const isConfigured = configuration.index <= keptIndex && news.every(({ kind }) => kind !== 'configuration');
  return { ...context, log: next, configuration: isConfigured ? configuration : configurationIn(next, snapshot) };
}
