/** What a coordinator knows, how its life begins, and what it writes down. */

import * as v from 'valibot';
import {
  type Address,
  type Birth,
  type Delivered,
  type EffectOf,
  nodeOf,
  type Performed,
  partsOf,
  recordsOf,
  type TaggedBy,
  type Unreachable,
} from '../../actor.ts';
import type { Accepted } from '../acceptor/context.ts';
import {
  type AbortReason,
  type AcceptorMessage,
  type BranchId,
  type CoordinatorMessage,
  type CoordinatorRequest,
  type CoordinatorTimes,
  coordinatorTimes,
  type DecisionPlace,
  decisionPlace,
  type Enlisted,
  type Instance,
  type KeptAnswer,
  type Outcome,
  outcome,
  type ParticipantMessage,
} from '../messages.ts';
import { type RegisteredBranch, type RegisterOperation, registeredBranches } from '../operations.ts';

/** A branch, and what its participant has said so far. */
export interface EnlistedBranch extends RegisteredBranch {
  readonly vote: 'awaited' | 'yes' | 'no' | 'read-only';
  readonly acknowledged: boolean;
}

/** A participant in doubt that waits for an answer. */
export interface Asker {
  readonly address: Address;
  readonly branch: BranchId;
  readonly resource: string;
}

/** What an acceptor has said. */
export interface Report {
  readonly node: string;
  readonly branches: readonly Enlisted[];
  readonly votes: readonly Instance[];
  readonly accepted: Accepted | null;
}

/** How far a coordinator has come with the acceptors; blank where other places decide. */
export interface Leadership {
  /** Of its ballot; at 0, the participants propose. */
  readonly round: number;
  /** The latest round that an acceptor is known to have promised to another leader. */
  readonly outvotedBy: number;
  /** Whether votes go to all acceptors, because those that were asked first have not answered in time. */
  readonly asksAll: boolean;
  /** Of the present ballot and phase, sorted by node. */
  readonly reports: readonly Report[];
  /** What is proposed for every instance at the present ballot. */
  readonly proposal: { readonly branches: readonly Enlisted[]; readonly instances: readonly Instance[] } | null;
}

const newcomer: Leadership = { round: 0, outvotedBy: 0, asksAll: false, reports: [], proposal: null };

export interface CoordinatorContext {
  readonly self: Address;
  /** The node that began the transaction. */
  readonly manager: string;
  readonly transaction: string;
  readonly idempotencyKey: string | null;
  /** What a register is to keep with the key. */
  readonly answer: KeptAnswer | null;
  readonly begun: CoordinatorBegin['type'];
  /** Settled when the application asks to commit. */
  readonly place: DecisionPlace;
  /** Of this owner in the decision register; 0 without one. */
  readonly epoch: number;
  /** Whether the decision register, or acceptors, may know of this transaction, so that another one may take it over. */
  readonly registered: boolean;
  readonly leadership: Leadership;
  /** Sorted by branch. */
  readonly branches: readonly EnlistedBranch[];
  /** What this coordinator wants to be decided. */
  readonly intent: Outcome | null;
  /** What is decided, once that is certain. */
  readonly outcome: Outcome | null;
  /** Why the transaction is to be aborted, or was. */
  readonly reason: AbortReason | null;
  readonly askers: readonly Asker[];
  readonly times: CoordinatorTimes;
}

/** How far a transaction has come; the tags of the chart. */
export type CoordinatorPhase = 'undecided' | 'decided' | 'presuming';

/** How the life of a coordinator begins. */
export type CoordinatorBegin =
  /** The application begins a transaction. `place`: where its decision is to be kept; the journal by default. */
  | {
      readonly type: 'begin';
      readonly place?: DecisionPlace;
      readonly idempotencyKey?: string;
      readonly times?: Partial<CoordinatorTimes>;
    }
  /**
   * Another owner is dead, or taken to be so: claim its transaction under `epoch`, which must be higher than its own in the
   * register; acceptors tell by themselves how high a ballot must be.
   */
  | {
      readonly type: 'take-over';
      readonly manager: string;
      readonly place: DecisionPlace;
      readonly epoch: number;
      readonly times?: Partial<CoordinatorTimes>;
    }
  /** From the journal: a commit whose second phase may not be complete, or one that is only remembered. */
  | { readonly type: 'recovered' }
  /** Nothing is known, and a participant in doubt asks, or an acceptor that has not heard of the end. */
  | { readonly type: 'inquired'; readonly manager: string };

/** What the application hears. */
export type CoordinatorOutput =
  /** The decision is durable; the second phase goes on in the background. */
  | { readonly type: 'committed'; readonly transaction: string }
  | { readonly type: 'aborted'; readonly transaction: string; readonly reason: AbortReason }
  /** The coordinator was fenced before it knew the outcome; another owner finishes the transaction. */
  | { readonly type: 'fenced'; readonly transaction: string; readonly detail: string }
  /** A branch was found with another outcome than the decided one: its resource was interfered with. */
  | { readonly type: 'hazard'; readonly transaction: string; readonly branch: string; readonly found: Outcome }
  /** Every branch has the outcome; a row that a one-phase commit left at `place` may go after the retention. */
  | {
      readonly type: 'ended';
      readonly transaction: string;
      readonly outcome: Outcome;
      readonly place: DecisionPlace;
    };

const kept = {
  manager: v.string(),
  idempotencyKey: v.nullable(v.string()),
  place: decisionPlace,
  times: coordinatorTimes,
};

const recordTypes = {
  /** The decision. Holds the branches that still have to commit, with their receipts. */
  committed: v.object({ ...kept, branches: registeredBranches }),
  /** A ballot that is used from now on, and not again. */
  led: v.object({ ...kept, round: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }),
  /** What stays for the retention when all branches have the outcome. */
  ended: v.object({ ...kept, outcome }),
};
export type CoordinatorRecord = TaggedBy<typeof recordTypes>;
export type CoordinatorRecovered = CoordinatorRecord | null;

/** Aborts are presumed, so they leave no record (Mohan, Lindsay & Obermarck 1986, §3). */
export const coordinatorRecords = recordsOf({
  version: 1,
  types: recordTypes,
  start: null as CoordinatorRecovered,
  step: (_state: CoordinatorRecovered, record): CoordinatorRecovered => record,
});

export type CoordinatorEvent = Delivered<CoordinatorMessage | CoordinatorRequest | Performed | Unreachable>;
export type CoordinatorEffect = EffectOf<{
  message: ParticipantMessage | AcceptorMessage;
  record: CoordinatorRecord;
  operation: RegisterOperation;
  output: CoordinatorOutput;
}>;

/** Waits that suit databases on a local network. */
export const defaultCoordinatorTimes: CoordinatorTimes = {
  transactionTimeoutMs: 30_000,
  voteTimeoutMs: 10_000,
  retryIntervalMs: 500,
  resourceDeadlineMs: 5_000,
  retentionMs: 3_600_000,
};

/** The context of a new life, from what the journal remembers, or else from how the life was begun. */
export function coordinatorContext(
  recovered: CoordinatorRecovered,
  { self, input }: Birth<CoordinatorBegin>,
): CoordinatorContext {
  const blank: CoordinatorContext = {
    self,
    manager: nodeOf(self),
    transaction: partsOf(self).key,
    idempotencyKey: null,
    answer: null,
    begun: input.type,
    place: { type: 'journal' },
    epoch: 0,
    registered: false,
    leadership: newcomer,
    branches: [],
    intent: null,
    outcome: null,
    reason: null,
    askers: [],
    times: defaultCoordinatorTimes,
  };
  if (recovered !== null) {
    const { manager, idempotencyKey, place, times } = recovered;
    const known = { ...blank, begun: 'recovered' as const, manager, idempotencyKey, place, times };
    if (recovered.type === 'ended') return { ...known, outcome: recovered.outcome };
    if (recovered.type === 'led') {
      return { ...known, registered: true, leadership: { ...newcomer, round: recovered.round } };
    }
    return { ...known, outcome: 'committed', branches: recovered.branches.map(asPrepared) };
  }
  switch (input.type) {
    case 'begin': {
      const { place = blank.place, idempotencyKey = null, times } = input;
      const epoch = place.type === 'register' ? 1 : 0;
      return { ...blank, place, epoch, idempotencyKey, times: { ...blank.times, ...times } };
    }
    case 'take-over': {
      const { manager, place, epoch, times } = input;
      return { ...blank, manager, place, epoch, registered: true, times: { ...blank.times, ...times } };
    }
    case 'inquired':
      return { ...blank, manager: input.manager };
    case 'recovered':
      return blank;
  }
}

/** A branch that another life of the coordinator knew; it may have voted yes. */
export const asPrepared = (branch: RegisteredBranch): EnlistedBranch => ({
  ...branch,
  vote: 'yes',
  acknowledged: false,
});
