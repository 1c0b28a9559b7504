/**
 * What an observer writes down about a run of Raft servers: who voted for whom, who led, what was committed and by
 * whom. Properties are about runs, and states forget; this is what must not be forgotten.
 */

import type { Address } from '../../../statecharts/actor.ts';
import type { Configuration, Entry } from '../../../statecharts/raft.ts';
import type { Observation } from '../../checker.ts';
import {
  asked,
  emptyLogHistory,
  entriesIn,
  including,
  type LogHistory,
  numberIn,
  toldAlike,
  toldOf,
  withoutTold,
} from '../log/history.ts';
import { type Commit, commitOf, type Reign, readsSeeCommits, type Vote } from './claims.ts';

/** Everything is a set, kept sorted, so that equal pasts are equal. */
export interface RaftHistory extends LogHistory {
  /** Votes that were told: a candidate's own, by which it asks for others, and those answered. */
  readonly votes: readonly Vote[];
  /** Who has sent appends in which term. */
  readonly reigns: readonly Reign[];
  /** Entries that some server has told its application of, as the first one that did had them. */
  readonly commits: readonly Commit[];
  /** The latest configuration that some server has told its application of. */
  readonly configuration: Configuration | null;
  /** The servers that have voted, crashed and started again. */
  readonly recovered: readonly Address[];
}

export const emptyHistory: RaftHistory = {
  ...emptyLogHistory,
  votes: [],
  reigns: [],
  commits: [],
  configuration: null,
  recovered: [],
};

/** Takes note of what happened. Servers are addressed by `addressOnNode` of their nodes. */
export function observeRaft(
  history: RaftHistory,
  happening: Observation,
  addressOnNode: (node: string) => Address,
): RaftHistory {
  switch (happening.type) {
    case 'sent':
      return said(history, happening);
    case 'delivered':
      return told(history, happening.actor, happening.output);
    case 'requested':
      return asked(history, happening.actor, happening.request, () =>
        Math.max(0, ...history.commits.map(({ index }) => index)),
      );
    case 'crashed':
      return withoutTold(history, addressOnNode(happening.node));
    case 'restarted': {
      const server = addressOnNode(happening.node);
      const hasVoted = history.votes.some(({ voter }) => voter === server);
      return hasVoted ? { ...history, recovered: including(history.recovered, server) } : history;
    }
    case 'received':
      return history;
  }
}

function said(history: RaftHistory, { from, to, message }: Extract<Observation, { type: 'sent' }>): RaftHistory {
  const term = numberIn(message, 'term');
  switch (message.type) {
    case 'vote':
      return { ...history, votes: including(history.votes, { term, voter: from, candidate: from }) };
    case 'voteReply':
      if (!('granted' in message) || message.granted !== true) return history;
      return { ...history, votes: including(history.votes, { term, voter: from, candidate: to }) };
    case 'append':
      return { ...history, reigns: including(history.reigns, { term, leader: from }) };
    default:
      return history;
  }
}

function told(history: RaftHistory, server: Address, output: { readonly type: string }): RaftHistory {
  return output.type === 'committed'
    ? committed(history, server, entriesIn(output, isEntry))
    : toldAlike(history, server, output, readsSeeCommits);
}

function committed(history: RaftHistory, server: Address, entries: readonly Entry[]): RaftHistory {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return history;
  let next = toldOf(history, server, first.index, last.index);
  const inTerm = Math.max(last.term, ...history.reigns.map(({ leader, term }) => (leader === server ? term : 0)));
  for (const entry of entries) {
    const commit = commitOf(entry, inTerm);
    if (next.commits.some((it) => it.index === commit.index && it.entry === commit.entry)) continue;
    if (entry.kind === 'configuration' && entry.index > (next.configuration?.index ?? 0)) {
      next = { ...next, configuration: { ...entry.members, index: entry.index } };
    }
    next = { ...next, commits: including(next.commits, commit) };
  }
  return next;
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && 'index' in value && 'term' in value && 'kind' in value;
