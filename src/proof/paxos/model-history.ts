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
import {
  asked,
  emptyLogHistory,
  entriesIn,
  including,
  type LogHistory,
  toldAlike,
  toldOf,
  withoutTold,
  withProblem,
} from '../log/history.ts';
import { agreement, type Choice, readsSeeChoices, valueIn } from './claims.ts';

/** Everything is a set, kept sorted, so that equal pasts are equal. */
export interface PaxosHistory extends LogHistory {
  /** The ballots at which something was proposed, or a leader has shown that it leads. */
  readonly led: readonly Ballot[];
  /** Slots of which some server has told its application, as the first one that did had them. */
  readonly chosen: readonly Choice[];
  /** The configurations that chosen stop-signs begin, in their order. */
  readonly configurations: readonly PaxosConfiguration[];
  /** The servers that have crashed and started again. */
  readonly recovered: readonly Address[];
  /** What contradicts what was chosen before: the agreement of slots. */
  readonly disagreements: readonly string[];
}

export const emptyHistory: PaxosHistory = {
  ...emptyLogHistory,
  led: [],
  chosen: [],
  configurations: [],
  recovered: [],
  disagreements: [],
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
      return asked(history, happening.actor, happening.request, () =>
        Math.max(0, ...history.chosen.map(({ index }) => index)),
      );
    case 'crashed':
      return withoutTold(history, addressOnNode(happening.node));
    case 'restarted':
      return { ...history, recovered: including(history.recovered, addressOnNode(happening.node)) };
    case 'received':
      return history;
  }
}

function told(history: PaxosHistory, server: Address, output: { readonly type: string }): PaxosHistory {
  if (output.type !== 'committed') return toldAlike(history, server, output, readsSeeChoices);
  const ballot = ballotIn(output);
  return ballot === undefined ? history : committed(history, server, ballot, entriesIn(output, isEntry));
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
  let next = toldOf(history, server, first.index, last.index);
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

/** The ballot of a message or an output. */
export const ballotIn = (value: object): Ballot | undefined =>
  'ballot' in value && v.is(ballotSchema, value.ballot) ? value.ballot : undefined;

const isEntry = (value: unknown): value is PaxosEntry =>
  typeof value === 'object' && value !== null && 'index' in value && 'kind' in value;
