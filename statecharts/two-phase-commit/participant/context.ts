/** What a participant knows, how its life begins, and what it writes down. */

import * as v from 'valibot';
import {
  type Address,
  addressOf,
  type Birth,
  type Delivered,
  type EffectOf,
  isAddress,
  type Performed,
  RefusedInputError,
  recordsOf,
  type TaggedBy,
  type Unreachable,
} from '../../actor.ts';
import {
  type BranchId,
  branchId,
  type CoordinatorMessage,
  type DecisionPlace,
  decisionPlace,
  type Outcome,
  outcome,
  type ParticipantMessage,
  type ParticipantRequest,
  type ParticipantTimes,
  participantTimes,
  receipt,
} from '../messages.ts';
import type { BranchOperation } from '../operations.ts';

export interface ParticipantContext {
  readonly self: Address;
  readonly branch: BranchId;
  readonly resource: string;
  readonly begun: ParticipantBegin['type'];
  /** Where votes, inquiries and acknowledgements go. */
  readonly coordinator: Address;
  readonly peers: readonly Address[];
  readonly place: DecisionPlace;
  readonly receipt: string | null;
  /** Where a yes vote is durable: in our journal, or in the resource, which lists its prepared branches. */
  readonly votesIn: 'journal' | 'resource';
  /** Whether our journal holds the vote. */
  readonly inJournal: boolean;
  /** Whether this branch may have been asked to commit in one phase. */
  readonly onePhase: boolean;
  readonly idempotencyKey: string | null;
  /** The decision, once known; of a branch that ended by itself, how it ended. */
  readonly outcome: Outcome | null;
  /** What the resource did, once known; differs from the outcome only when somebody has interfered. */
  readonly found: Outcome | null;
  /** Whether the coordinator waits for an acknowledgement. */
  readonly acknowledge: boolean;
  /** Why this branch was not prepared. */
  readonly reason: string;
  readonly times: ParticipantTimes;
}

/** How the life of a participant begins. */
export type ParticipantBegin =
  /** The application has begun a branch; its session is open. The coordinator is at `coordinator`. */
  | {
      readonly type: 'join';
      readonly branch: BranchId;
      readonly resource: string;
      readonly coordinator: Address;
      readonly votesIn?: 'journal' | 'resource';
      readonly times?: Partial<ParticipantTimes>;
    }
  /**
   * The resource lists this branch as prepared, and the journal knows nothing of it. Only after every session of the
   * earlier incarnation is gone.
   */
  | {
      readonly type: 'found';
      readonly branch: BranchId;
      readonly resource: string;
      readonly place: DecisionPlace;
      readonly receipt: string | null;
      /** By default where the transaction began. */
      readonly coordinator?: Address;
      readonly peers?: readonly Address[];
      readonly times?: Partial<ParticipantTimes>;
    }
  /** From the journal: a branch that voted yes. */
  | { readonly type: 'recovered' }
  /** Nothing is known, and the coordinator wants to see a decision through. */
  | { readonly type: 'summoned'; readonly branch: BranchId; readonly resource: string };

/** What the application hears. */
export type ParticipantOutput =
  | { readonly type: 'finished'; readonly branch: BranchId; readonly outcome: Outcome | 'read-only' }
  /** The resource has done something else than what was decided: somebody has interfered with it. */
  | { readonly type: 'hazard'; readonly branch: BranchId; readonly decided: Outcome; readonly found: Outcome };

const address = v.custom<Address>(isAddress);

const recordTypes = {
  /** The yes vote. */
  prepared: v.object({
    branch: branchId,
    resource: v.string(),
    coordinator: address,
    peers: v.array(address),
    place: decisionPlace,
    receipt,
    times: participantTimes,
  }),
  /** The decision; spares the next life from asking, and nobody waits for it. */
  learned: v.object({ outcome, acknowledge: v.boolean(), coordinator: address }),
};
export type ParticipantRecord = TaggedBy<typeof recordTypes>;

type Prepared = Extract<ParticipantRecord, { type: 'prepared' }>;
type Learned = Extract<ParticipantRecord, { type: 'learned' }>;
export interface ParticipantRecovered {
  readonly prepared: Prepared | null;
  readonly learned: Learned | null;
}

export const participantRecords = recordsOf({
  version: 1,
  types: recordTypes,
  start: { prepared: null, learned: null } as ParticipantRecovered,
  step: (state: ParticipantRecovered, record): ParticipantRecovered =>
    record.type === 'prepared' ? { ...state, prepared: record } : { ...state, learned: record },
});

export type ParticipantEvent = Delivered<ParticipantMessage | ParticipantRequest | Performed | Unreachable>;
export type ParticipantEffect = EffectOf<{
  message: ParticipantMessage | CoordinatorMessage;
  record: ParticipantRecord;
  operation: BranchOperation;
  output: ParticipantOutput;
}>;

/** Waits that suit databases on a local network. */
export const defaultParticipantTimes: ParticipantTimes = {
  idleTimeoutMs: 60_000,
  inquiryIntervalMs: 1_000,
  peerInquiryDelayMs: 15_000,
  retryIntervalMs: 500,
  resourceDeadlineMs: 5_000,
  lingerMs: 30_000,
};

/** Where the coordinator of a transaction lives unless another one has taken over. */
export const coordinatorAddress = (branch: Pick<BranchId, 'manager' | 'transaction'>): Address =>
  addressOf(branch.manager, '2pc.coordinator', branch.transaction);

/** Where the participant of a branch lives on `node`. */
export const participantAddress = (node: string, branch: Pick<BranchId, 'transaction' | 'branch'>): Address =>
  addressOf(node, '2pc.participant', `${branch.transaction}/${branch.branch}`);

/** The context of a new life, from what the journal remembers, or else from how the life was begun. */
export function participantContext(
  { prepared, learned }: ParticipantRecovered,
  { self, input }: Birth<ParticipantBegin>,
): ParticipantContext {
  const blank = {
    self,
    begun: input.type,
    peers: [],
    place: { type: 'journal' },
    receipt: null,
    votesIn: 'journal',
    inJournal: false,
    onePhase: false,
    idempotencyKey: null,
    outcome: null,
    found: null,
    acknowledge: false,
    reason: '',
    times: defaultParticipantTimes,
  } as const;
  if (prepared !== null) {
    const { branch, resource, coordinator, peers, place, receipt: given, times } = prepared;
    const voted = {
      ...blank,
      begun: 'recovered',
      inJournal: true,
      branch,
      resource,
      coordinator,
      peers,
      place,
      receipt: given,
      times,
    } as const;
    if (learned === null) return voted;
    return { ...voted, outcome: learned.outcome, acknowledge: learned.acknowledge, coordinator: learned.coordinator };
  }
  switch (input.type) {
    case 'join': {
      const { branch, resource, coordinator, votesIn = 'journal', times } = input;
      return { ...blank, branch, resource, coordinator, votesIn, times: { ...blank.times, ...times } };
    }
    case 'found': {
      const { branch, resource, place, receipt: given, peers = [], times } = input;
      const { coordinator = coordinatorAddress(branch) } = input;
      const found = { ...blank, branch, resource, place, coordinator, peers, receipt: given } as const;
      return { ...found, votesIn: 'resource', times: { ...blank.times, ...times } };
    }
    case 'summoned': {
      const { branch, resource } = input;
      return { ...blank, branch, resource, coordinator: coordinatorAddress(branch), votesIn: 'resource' };
    }
    case 'recovered':
      throw new RefusedInputError(`expected the journal to hold the vote of '${self}', got records without it`);
  }
}
