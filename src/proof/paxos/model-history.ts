/**
 * What an observer writes down about a run of Multi-Paxos servers: who led, what was chosen, and what applications were
 * told. Properties are about runs, and states forget; this is what must not be forgotten.
 */

import * as v from 'valibot';
import type { Address } from '../../../statecharts/actor.ts';
import { begunBy } from '../../../statecharts/paxos/log/configuration.ts';
import {
  type Ballot,
  ballot as ballotSchema,
  type PaxosConfiguration,
  type PaxosEntry,
} from '../../../statecharts/paxos.ts';
import type { Observation } from '../../checker.ts';
import { agreement, type Choice, type Problem, readsSeeChoices, toldInOrder, valueIn } from './claims.ts';

/** A read that was asked, and the last slot that was known to be chosen anywhere when it was. */
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
export interface PaxosHistory {
  /** The ballots at which something was proposed, or a leader has shown that it leads. */
  readonly led: readonly Ballot[];
  /** Slots of which some server has told its application, as the first one that did had them. */
  readonly chosen: readonly Choice[];
  /** The configurations that chosen stop-signs begin, in their order. */
  readonly configurations: readonly PaxosConfiguration[];
  readonly told: readonly Told[];
  /** The servers that have crashed and started again. */
  readonly recovered: readonly Address[];
  readonly asked: readonly Read[];
  /** What contradicts what was chosen before: the agreement of slots. */
  readonly disagreements: readonly string[];
  /** What went wrong in an order that no single state shows. */
  readonly problems: readonly string[];
  readonly proposals: number;
  readonly replacements: number;
  readonly compactions: number;
}

export const emptyHistory: PaxosHistory = {
  led: [],
  chosen: [],
  configurations: [],
  told: [],
  recovered: [],
  asked: [],
  disagreements: [],
  problems: [],
  proposals: 0,
  replacements: 0,
  compactions: 0,
};

/** Takes note of what happened. Servers are addressed by `addressOnNode` of their nodes. */
export function observePaxos(
  history: PaxosHistory,
  happening: Observation,
  addressOnNode: (node: string) => Address,
): PaxosHistory {
  switch (happening.type) {
    case 'sent': {
      const ballot = happening.message.type === 'accept' ? ballotIn(happening.message) : undefined;
      return ballot === undefined ? history : { ...history, led: including(history.led, ballot) };
    }
    case 'delivered':
      return told(history, happening.actor, happening.output);
    case 'requested':
      return asked(history, happening.actor, happening.request);
    case 'crashed': {
      const server = addressOnNode(happening.node);
      return { ...history, told: history.told.filter((it) => it.server !== server) };
    }
    case 'restarted':
      return { ...history, recovered: including(history.recovered, addressOnNode(happening.node)) };
    case 'received':
      return history;
  }
}

function told(history: PaxosHistory, server: Address, output: { readonly type: string }): PaxosHistory {
  switch (output.type) {
    case 'committed': {
      const ballot = ballotIn(output);
      const isChoice = ballot !== undefined && 'entries' in output;
      return isChoice ? committed(history, server, ballot, entriesIn(output.entries)) : history;
    }
    case 'snapshotInstalled':
      return withTold(history, server, numberIn(output, 'index'));
    case 'readable': {
      const id = numberIn(output, 'id');
      const read = history.asked.find((it) => it.server === server && it.id === id);
      if (read === undefined) return history;
      const others = history.asked.filter((it) => it !== read);
      const answered = { ...history, asked: including(others, { ...read, isAnswered: true }) };
      return withProblem(answered, readsSeeChoices(server, read.floor, numberIn(output, 'index')));
    }
    default:
      return history;
  }
}

function committed(
  history: PaxosHistory,
  server: Address,
  ballot: Ballot,
  entries: readonly PaxosEntry[],
): PaxosHistory {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return history;
  const toldUpTo = history.told.find((it) => it.server === server)?.index ?? 0;
  let next = withProblem(withTold(history, server, last.index), toldInOrder(server, toldUpTo, first.index));
  for (const entry of entries) next = withChoice(next, entry, ballot);
  return next;
}

/** The history with what is chosen in a slot, or with what is wrong when something else is. */
function withChoice(history: PaxosHistory, entry: PaxosEntry, ballot: Ballot): PaxosHistory {
  const value = valueIn(entry, ballot);
  const known = history.chosen.find(({ index }) => index === value.index);
  if (known !== undefined) {
    const problem = agreement(known, value);
    return problem === undefined ? history : { ...history, disagreements: including(history.disagreements, problem) };
  }
  const configurationIndex = history.configurations.at(-1)?.index ?? 0;
  const isUnproposed = entry.kind === 'command' && entry.data.some((place) => place >= history.proposals);
  const problem = isUnproposed ? `validity: nobody proposed ${value.text} of slot ${value.index}` : undefined;
  const next = withProblem(
    { ...history, chosen: including(history.chosen, { ...value, ballot, configurationIndex }) },
    problem,
  );
  return entry.kind === 'stop' ? { ...next, configurations: [...next.configurations, begunBy(entry)] } : next;
}

function asked(history: PaxosHistory, server: Address, request: { readonly type: string }): PaxosHistory {
  switch (request.type) {
    case 'propose':
      return { ...history, proposals: history.proposals + 1 };
    case 'replace':
      return { ...history, replacements: history.replacements + 1 };
    case 'compact':
      return { ...history, compactions: history.compactions + 1 };
    case 'read': {
      const floor = Math.max(0, ...history.chosen.map(({ index }) => index));
      const read: Read = { server, id: numberIn(request, 'id'), floor, isAnswered: false };
      return { ...history, asked: including(history.asked, read) };
    }
    default:
      return history;
  }
}

const withTold = (history: PaxosHistory, server: Address, index: number): PaxosHistory => ({
  ...history,
  told: including(
    history.told.filter((it) => it.server !== server),
    { server, index },
  ),
});

const withProblem = (history: PaxosHistory, problem: Problem): PaxosHistory =>
  problem === undefined ? history : { ...history, problems: including(history.problems, problem) };

function including<T>(set: readonly T[], item: T): readonly T[] {
  const key = JSON.stringify(item);
  if (set.some((it) => JSON.stringify(it) === key)) return set;
  return [...set, item].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** The ballot of a message or an output. */
export const ballotIn = (value: object): Ballot | undefined =>
  'ballot' in value && v.is(ballotSchema, value.ballot) ? value.ballot : undefined;

const numberIn = (value: object, member: string): number => {
  const found: unknown = new Map(Object.entries(value)).get(member);
  return typeof found === 'number' ? found : 0;
};

const isEntry = (value: unknown): value is PaxosEntry =>
  typeof value === 'object' && value !== null && 'index' in value && 'kind' in value;
const entriesIn = (value: unknown): readonly PaxosEntry[] => (Array.isArray(value) ? value.filter(isEntry) : []);
