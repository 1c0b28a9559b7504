/** What a participant knows, and how its life begins. It writes nothing down: its resource keeps the prepared branch. */

import type { Address, Birth, Delivered, EffectOf, Performed, Unreachable } from '../../actor.ts';
import { coordinatorAddress } from '../addresses.ts';
import type {
  AcceptorMessage,
  BranchId,
  CoordinatorMessage,
  DecisionPlace,
  Outcome,
  ParticipantMessage,
  ParticipantRequest,
  ParticipantTimes,
  Poll,
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
  /** Where votes go if acceptors decide. */
  readonly poll: Poll | null;
  readonly receipt: string | null;
  /** Whether this branch may have been asked to commit in one phase. */
  readonly onePhase: boolean;
  readonly idempotencyKey: string | null;
  /** The decision, once known; of a branch that ended by itself, how it ended. */
  readonly outcome: Outcome | null;
  /** What the resource did, once known; differs from the outcome only when the resource was interfered with. */
  readonly found: Outcome | null;
  /** Whether the coordinator waits for an acknowledgement. */
  readonly acknowledge: boolean;
  /** Why this branch was not prepared. */
  readonly reason: string;
  readonly times: ParticipantTimes;
}

/** How far a branch has come; the tags of the chart. */
export const participantPhases = ['working', 'in-doubt', 'finishing', 'deciding', 'finished'] as const;
export type ParticipantPhase = (typeof participantPhases)[number];

/** How the life of a participant begins. */
export type ParticipantBegin =
  /** The application has begun a branch; its session is open. The coordinator is at `coordinator`. */
  | {
      readonly type: 'join';
      readonly branch: BranchId;
      readonly resource: string;
      readonly coordinator: Address;
      readonly times?: Partial<ParticipantTimes>;
    }
  /**
   * The resource lists this branch as prepared, and no participant of it lives. Only after every session of the earlier
   * incarnation is gone. `place` is where its decision is made, which the lister of branches has to know.
   */
  | {
      readonly type: 'found';
      readonly branch: BranchId;
      readonly resource: string;
      readonly place: DecisionPlace;
      readonly receipt: string | null;
      /** The decision, where the lister of branches knows it for certain. */
      readonly outcome?: Outcome;
      /** By default where the transaction began. */
      readonly coordinator?: Address;
      readonly peers?: readonly Address[];
      readonly times?: Partial<ParticipantTimes>;
    }
  /** Nothing is known, and the coordinator wants to see a decision through. */
  | { readonly type: 'summoned'; readonly branch: BranchId; readonly resource: string };

/** What the application hears. */
export type ParticipantOutput =
  | { readonly type: 'finished'; readonly branch: BranchId; readonly outcome: Outcome | 'read-only' }
  /** The resource has done something else than what was decided: it was interfered with. */
  | { readonly type: 'hazard'; readonly branch: BranchId; readonly decided: Outcome; readonly found: Outcome };

export type ParticipantEvent = Delivered<ParticipantMessage | ParticipantRequest | Performed | Unreachable>;
export type ParticipantEffect = EffectOf<{
  message: ParticipantMessage | CoordinatorMessage | AcceptorMessage;
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

/** The context of a new life, from how it was begun. */
export function participantContext({ self, input }: Birth<ParticipantBegin>): ParticipantContext {
  const blank = {
    self,
    begun: input.type,
    peers: [],
    place: { type: 'journal' },
    poll: null,
    receipt: null,
    onePhase: false,
    idempotencyKey: null,
    outcome: null,
    found: null,
    acknowledge: false,
    reason: '',
    times: defaultParticipantTimes,
  } as const;
  switch (input.type) {
    case 'join': {
      const { branch, resource, coordinator, times } = input;
      return { branch, resource, coordinator, ...blank, times: { ...blank.times, ...times } };
    }
    case 'found': {
      const { branch, resource, place, receipt, outcome = null, peers = [], times } = input;
      const { coordinator = coordinatorAddress(branch) } = input;
      const known = { branch, resource, place, coordinator, peers, receipt, outcome };
      return { ...blank, ...known, times: { ...blank.times, ...times } };
    }
    case 'summoned': {
      const { branch, resource } = input;
      return { branch, resource, coordinator: coordinatorAddress(branch), ...blank };
    }
  }
}
