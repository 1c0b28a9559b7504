/**
 * What an observer writes down about a run of Raft servers: who voted for whom, who led, what was committed and by
 * whom. Properties are about runs, and states forget; this is what must not be forgotten.
 */

import type { Address } from '../../../statecharts/actor.ts';
import type { Configuration, Entry } from '../../../statecharts/raft.ts';
import type { Observation } from '../../checker.ts';
import { type Commit, commitOf, type Problem, type Reign, readsSeeCommits, toldInOrder, type Vote } from './claims.ts';

/** A read that was asked, and the last entry that was committed anywhere when it was. */
export interface Read {
  readonly server: Address;
  readonly id: number;
  readonly floor: number;
  readonly isAnswered: boolean;
}

/** How far a server has told its application, in this life. */
export interface Told {
  readonly server: Address;
  readonly index: number;
}

/** Everything is a set, kept sorted, so that equal pasts are equal. */
export interface RaftHistory {
  /** Votes that were told: a candidate's own, by which it asks for others, and those answered. */
  readonly votes: readonly Vote[];
  /** Who has sent appends in which term. */
  readonly reigns: readonly Reign[];
  /** Entries that some server has told its application of, as the first one that did had them. */
  readonly commits: readonly Commit[];
  readonly told: readonly Told[];
  /** The latest configuration that some server has told its application of. */
  readonly configuration: Configuration | null;
  /** The servers that have voted, crashed and started again. */
  readonly recovered: readonly Address[];
  readonly asked: readonly Read[];
  /** What went wrong in an order that no single state shows. */
  readonly problems: readonly string[];
  readonly proposals: number;
  readonly replacements: number;
  readonly compactions: number;
  readonly transfers: number;
  /** How transfers of leadership have ended. */
  readonly transferEnds: readonly ('handedOver' | 'notHandedOver')[];
}

export const emptyHistory: RaftHistory = {
  votes: [],
  reigns: [],
  commits: [],
  told: [],
  configuration: null,
  recovered: [],
  asked: [],
  problems: [],
  proposals: 0,
  replacements: 0,
  compactions: 0,
  transfers: 0,
  transferEnds: [],
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
      return asked(history, happening.actor, happening.request);
    case 'crashed': {
      const server = addressOnNode(happening.node);
      return { ...history, told: history.told.filter((it) => it.server !== server) };
    }
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
  switch (output.type) {
    case 'committed':
      return 'entries' in output ? committed(history, server, entriesIn(output.entries)) : history;
    case 'snapshotInstalled':
      return withTold(history, server, numberIn(output, 'index'));
    case 'readable': {
      const id = numberIn(output, 'id');
      const index = numberIn(output, 'index');
      const read = history.asked.find((it) => it.server === server && it.id === id);
      if (read === undefined) return history;
      const others = history.asked.filter((it) => it !== read);
      const answered = { ...history, asked: including(others, { ...read, isAnswered: true }) };
      return withProblem(answered, readsSeeCommits(server, read.floor, index));
    }
    case 'handedOver':
    case 'notHandedOver':
      return { ...history, transferEnds: including(history.transferEnds, output.type) };
    default:
      return history;
  }
}

function committed(history: RaftHistory, server: Address, entries: readonly Entry[]): RaftHistory {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return history;
  const toldUpTo = history.told.find((it) => it.server === server)?.index ?? 0;
  let next = withProblem(withTold(history, server, last.index), toldInOrder(server, toldUpTo, first.index));
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

function asked(history: RaftHistory, server: Address, request: { readonly type: string }): RaftHistory {
  switch (request.type) {
    case 'propose':
      return { ...history, proposals: history.proposals + 1 };
    case 'replace':
      return { ...history, replacements: history.replacements + 1 };
    case 'handOver':
      return { ...history, transfers: history.transfers + 1 };
    case 'compact':
      return { ...history, compactions: history.compactions + 1 };
    case 'read': {
      const floor = Math.max(0, ...history.commits.map(({ index }) => index));
      return {
        ...history,
        asked: including(history.asked, { server, id: numberIn(request, 'id'), floor, isAnswered: false }),
      };
    }
    default:
      return history;
  }
}

const withTold = (history: RaftHistory, server: Address, index: number): RaftHistory => ({
  ...history,
  told: including(
    history.told.filter((it) => it.server !== server),
    { server, index },
  ),
});

const withProblem = (history: RaftHistory, problem: Problem): RaftHistory =>
  problem === undefined ? history : { ...history, problems: including(history.problems, problem) };

function including<T>(set: readonly T[], item: T): readonly T[] {
  const key = JSON.stringify(item);
  if (set.some((it) => JSON.stringify(it) === key)) return set;
  return [...set, item].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const numberIn = (value: object, member: string): number => {
  const found: unknown = new Map(Object.entries(value)).get(member);
  return typeof found === 'number' ? found : 0;
};

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && 'index' in value && 'term' in value && 'kind' in value;
const entriesIn = (value: unknown): readonly Entry[] => (Array.isArray(value) ? value.filter(isEntry) : []);
