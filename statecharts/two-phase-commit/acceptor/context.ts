/** What an acceptor knows of a transaction, how its life begins, and what it writes down. */

import * as v from 'valibot';
import { type Birth, type Delivered, type EffectOf, partsOf, recordsOf, type TaggedBy } from '../../actor.ts';
import { type Ballot, ballot } from '../../paxos/ballot.ts';
import {
  type AcceptorMessage,
  type CoordinatorMessage,
  type DecisionPlace,
  decisionPlace,
  type Enlisted,
  enlistedBranches,
  type Instance,
  instances,
  type Outcome,
  outcome,
} from '../messages.ts';

/** What a leader proposed for all instances at once. */
export interface Accepted {
  readonly ballot: Ballot;
  readonly instances: readonly Instance[];
}

export interface AcceptorContext {
  /** The node whose manager began the transaction. */
  readonly manager: string;
  readonly transaction: string;
  /** Names the acceptors; an asker that names others is not answered. */
  readonly place: DecisionPlace;
  /** The branches that take part, as the first vote named them. */
  readonly branches: readonly Enlisted[];
  /** What was accepted at ballot 0, in the order of arrival. */
  readonly votes: readonly Instance[];
  /** Whether the votes are written down; until then no leader was told of them. */
  readonly isWritten: boolean;
  /** Of all instances alike. */
  readonly promised: Ballot | null;
  readonly accepted: Accepted | null;
  /** How the transaction ended, once that is all that is remembered. */
  readonly outcome: Outcome | null;
  readonly times: AcceptorTimes;
}

/** How long an acceptor waits, in milliseconds. */
export interface AcceptorTimes {
  /** From one reminder to the manager's node that the transaction has not ended to the next. Default 60,000. */
  readonly reminderIntervalMs: number;
}
export const defaultAcceptorTimes: AcceptorTimes = { reminderIntervalMs: 60_000 };

/** The tags of the chart. */
export type AcceptorPhase = 'open' | 'ended';

/** How the life of an acceptor begins. */
export type AcceptorBegin =
  /** The first message of a transaction. */
  | { readonly type: 'addressed'; readonly manager: string; readonly place: DecisionPlace }
  /** From the journal. */
  | { readonly type: 'recovered' };

const kept = { manager: v.string(), place: decisionPlace };
const recordTypes = {
  voted: v.object({ ...kept, branches: enlistedBranches, votes: instances }),
  promised: v.object({ ...kept, ballot }),
  accepted: v.object({ ...kept, ballot, branches: enlistedBranches, instances }),
  /** All that stays for the retention when no participant can be in doubt any more. */
  ended: v.object({ ...kept, outcome }),
};
export type AcceptorRecord = TaggedBy<typeof recordTypes>;

type Recovered = Omit<AcceptorContext, 'transaction' | 'times'>;
const blank: Recovered = {
  manager: '',
  place: { type: 'journal' },
  branches: [],
  votes: [],
  isWritten: false,
  promised: null,
  accepted: null,
  outcome: null,
};

/** A promise, and what was accepted, outlive every crash (Gray & Lamport §4.1). */
export const acceptorRecords = recordsOf({
  version: 1,
  types: recordTypes,
  start: null as Recovered | null,
  step(state: Recovered | null, record): Recovered {
    const { manager, place } = record;
    const known = { ...(state ?? blank), manager, place };
    switch (record.type) {
      case 'voted':
        return { ...known, branches: record.branches, votes: record.votes, isWritten: true };
      case 'promised':
        return { ...known, promised: record.ballot };
      case 'accepted': {
        const { ballot: at, branches, instances } = record;
        return { ...known, branches, promised: at, accepted: { ballot: at, instances } };
      }
      case 'ended':
        return { ...blank, manager, place, outcome: record.outcome };
    }
  },
});

export type AcceptorEvent = Delivered<AcceptorMessage>;
export type AcceptorEffect = EffectOf<{ message: CoordinatorMessage; record: AcceptorRecord }>;

/** The context of a new life, from what the journal remembers, or else from the first message. */
export function acceptorContext(
  recovered: Recovered | null,
  { self, input }: Birth<AcceptorBegin>,
  times: AcceptorTimes,
): AcceptorContext {
  const { key: transaction } = partsOf(self);
  if (recovered !== null || input.type === 'recovered') return { ...(recovered ?? blank), transaction, times };
  return { ...blank, manager: input.manager, place: input.place, transaction, times };
}
