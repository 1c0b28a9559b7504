/** What a server of a Multi-Paxos log knows: the context of every chart here, its events and effects, how a life begins. */

import type { Address } from '../../actor/address.ts';
import { type Birth, recordsOf } from '../../actor/definition.ts';
import type { Delivered, EffectOf, Performed, Unreachable } from '../../actor/effects.ts';
import type { Ruling } from '../../actor/rules.ts';
import type { HandOver } from '../../replication/hand-over.ts';
import type { CatchUp } from '../../replication/learning.ts';
import { type Granting, type Lease, startsBound } from '../../replication/lease.ts';
import { defaultLimits, type Limits } from '../../replication/limits.ts';
import { allMembers, foundingMembers } from '../../replication/members.ts';
import type { Progress } from '../../replication/progress.ts';
import type { PendingRead } from '../../replication/reads.ts';
import type { TransferOperation } from '../../transfer.ts';
import { acceptorsOf } from '../acceptors.ts';
import { type Ballot, isLater } from '../ballot.ts';
import { type Configuration, configurationIn } from './configuration.ts';
import { PaxosBootstrapError } from './errors.ts';
import {
  type Durable,
  type Entry,
  type PaxosInput,
  type PaxosMessage,
  type PaxosOutput,
  type PaxosRecord,
  type PaxosRequest,
  records,
  type Snapshot,
} from './messages.ts';
import { Slots } from './slots.ts';

/** The parts that a server plays; the tags of its chart. Every server is an acceptor and a learner besides. */
export const roles = ['follower', 'candidate', 'leader'] as const;
export type Role = (typeof roles)[number];

export type Event = Delivered<PaxosMessage | PaxosRequest | Durable | Unreachable | Performed>;
export type Effect = EffectOf<{
  message: PaxosMessage | Durable;
  record: PaxosRecord;
  operation: TransferOperation;
  output: PaxosOutput;
}>;
export type Result = Ruling<ServerContext, Effect>;

/** The event that carries message `type`, as a rule receives it. */
export type Received<Type extends Event['type']> = Extract<Event, { type: Type }>;

/** What a server remembers across lives. */
export interface Remembered {
  /** The highest ballot that it has promised; it accepts nothing of an earlier one. */
  readonly promised: Ballot | null;
  /** What it has accepted. */
  readonly slots: Slots;
  /** The latest snapshot; the slots may start before its end, for the sake of slow followers. */
  readonly snapshot: Snapshot | null;
  /** All slots up to here are chosen as they are held here, whatever else is. */
  readonly chosenIndex: number;
  /** The longest lease that it has granted and that may not be over, in milliseconds of leaders' clocks; 0 for none. */
  readonly grantedMs: number;
}

/** What another server said of itself. */
export interface Heard {
  readonly server: Address;
  /** Whether it is led by a server that can decide. */
  readonly isLed: boolean;
  /** How many heartbeats of this server's have passed since then. */
  readonly beats: number;
}

/** How far one acceptor's promise has come. */
export interface Promised {
  readonly server: Address;
  /** The next slot of which it has to tell. */
  readonly next: number;
  /** Whether it has told of all. */
  readonly isWhole: boolean;
  /** All slots up to here are chosen, it says. */
  readonly committed: number;
  /** Whether it was heard since the last heartbeat; one that was not is asked again. */
  readonly heard: boolean;
}

/** What a candidate has heard in phase 1. */
export interface Phase1 {
  /** One for each voter. */
  readonly promises: readonly Promised[];
  /** Per slot, what was accepted at the highest ballot of those heard of, the own acceptances included. */
  readonly found: Slots;
  /** Whether anything came since the last look. */
  readonly isAdvancing: boolean;
}

/** A snapshot that is on its way to this server. */
export interface Incoming {
  /** Names the transfer. */
  readonly id: string;
  readonly sender: Address;
  readonly snapshot: Snapshot;
}

/** What only a leader has. */
export interface Leadership {
  /** The slot that began the configuration for which it leads. */
  readonly configurationIndex: number;
  /** The first round that tells of that configuration. */
  readonly configurationRound: number;
  /** Who durably knows that configuration, as an answer to such a round has shown; sorted. */
  readonly knowing: readonly Address[];
  /** One for each other member, in the order of their addresses. */
  readonly followers: readonly Progress[];
  /** The last slot that phase 1 found open: once it is chosen, the leader knows what is. */
  readonly inheritedIndex: number;
  /** The last slot in which it has proposed. */
  readonly lastIndex: number;
  /** Whether it has proposed a stop-sign, after which it proposes nothing. */
  readonly isStopped: boolean;
  /** The own acceptances up to here are durable. */
  readonly durableIndex: number;
  /** The first slot that was not durable at the last look at the quorum; if it is not by the next, the journal stalls. */
  readonly dueDurableIndex: number;
  /** The last round of heartbeats. */
  readonly round: number;
  /** In the order of their arrival, and so of their rounds. */
  readonly reads: readonly PendingRead[];
  /** While a server learns the log in order to vote. */
  readonly catchUp: CatchUp | null;
  /** Null where leaders have none. */
  readonly lease: Lease | null;
}

/** The context of a server. */
export interface ServerContext extends Remembered, Granting {
  readonly self: Address;
  readonly limits: Limits;
  /** How long an answered round lets a leader read by itself, in milliseconds of its clock; null where none may. */
  readonly leaseMs: number | null;
  /** The ballot of the leader that asked this server to stand, whose lease is void; null where none has, or there are none. */
  readonly askedBy: Ballot | null;
  /** Whether this is a server's first life, whose first slot is not written down yet. */
  readonly isNew: boolean;
  /** The latest that is chosen. */
  readonly configuration: Configuration;
  /** All slots up to here are chosen, and have been delivered, as entries or as a snapshot. */
  readonly commitIndex: number;
  /** The highest ballot heard of, promised or not: the next own one is higher. */
  readonly highest: Ballot | null;
  /** Who leads at the promised ballot, as far as known. */
  readonly leader: Address | null;
  /** Whether a leader was heard of late, or a candidate that may become one. */
  readonly isLed: boolean;
  /** What others said of themselves of late. */
  readonly heard: readonly Heard[];
  /** `compactionDue` was delivered and not answered yet. */
  readonly compactionAsked: boolean;
  /** This server lets another one lead, and has not told how that ended; also after it has ceased to lead. */
  readonly handOver: HandOver | null;
  readonly incoming: Incoming | null;
  readonly phase1: Phase1 | null;
  readonly leadership: Leadership | null;
}

const laterOf = (one: Ballot | null, other: Ballot): Ballot => (one === null || isLater(other, one) ? other : one);

/**
 * The slots with what a record says was accepted. Before the checkpoint is heard that says where they start, they start
 * where the first record does, or where a later one reaches further back.
 */
function recordedIn({ slots, snapshot }: Remembered, ballot: Ballot, entries: readonly Entry[]): Slots {
  const before = (entries[0]?.index ?? 1) - 1;
  if (snapshot !== null) return slots.accept(ballot, entries);
  if (slots.lastIndex === 0) return Slots.after(before).accept(ballot, entries);
  return slots.rebased(Math.min(before, slots.baseIndex)).accept(ballot, entries);
}

/** What records tell. */
export const memory = recordsOf<typeof records, Remembered>({
  version: 1,
  types: records,
  start: { promised: null, slots: Slots.after(0), snapshot: null, chosenIndex: 0, grantedMs: 0 },
  step(state, record) {
    switch (record.type) {
      case 'promise':
        return {
          ...state,
          promised: laterOf(state.promised, record.ballot),
          grantedMs: record.grantsMs ?? state.grantedMs,
        };
      case 'accepted': {
        const { ballot, entries } = record;
        return { ...state, promised: laterOf(state.promised, ballot), slots: recordedIn(state, ballot, entries) };
      }
      case 'chosen':
        return { ...state, chosenIndex: Math.max(state.chosenIndex, record.upTo) };
      case 'snapshot': {
        const { promised, snapshot, baseIndex, grantsMs: grantedMs = 0 } = record;
        const chosenIndex = Math.max(state.chosenIndex, snapshot.index);
        return { promised, snapshot, chosenIndex, grantedMs, slots: state.slots.rebased(baseIndex) };
      }
    }
  },
});

/**
 * The context in which a server starts. One without records, of which a promise is one, takes `input.voters` for the
 * stop-sign in slot 1, chosen before any ballot: the same on every server that was given the same voters and sizes; unless
 * it joins, and then it has accepted nothing.
 *
 * @throws PaxosBootstrapError when a server without records is not among its voters
 * @throws AcceptorsError when the voters cannot decide with quorums of such sizes
 */
export function newServer(recovered: Remembered, { self, input }: Birth<PaxosInput>): ServerContext {
  const { snapshot: kept, slots: held, promised } = recovered;
  const isNew = kept === null && held.lastIndex === 0 && promised === null;
  const begins = isNew && !(input.joins ?? false);
  const founded = begins ? founding(recovered, self, input) : recovered;
  const { slots, snapshot } = founded;
  const commitIndex = snapshot?.index ?? 0;
  return {
    ...founded,
    self,
    limits: { ...defaultLimits, ...input.limits },
    leaseMs: input.leaseMs ?? null,
    isBound: startsBound(input.leaseMs ?? null, isNew, recovered.grantedMs),
    askedBy: null,
    isNew: begins,
    configuration: configurationIn(slots, snapshot, Math.max(commitIndex, founded.chosenIndex)),
    commitIndex,
    highest: founded.promised,
    leader: null,
    isLed: false,
    heard: [],
    compactionAsked: false,
    handOver: null,
    incoming: null,
    phase1: null,
    leadership: null,
  };
}

function founding(recovered: Remembered, self: Address, { voters: given, sizes }: PaxosInput): Remembered {
  const { acceptors, phase1Size, phase2Size } = acceptorsOf(given, sizes);
  const [first] = acceptors;
  if (first === undefined || !acceptors.includes(self)) {
    throw new PaxosBootstrapError(
      `expected '${self}' among the voters of the first configuration, got ${acceptors.join(', ')}; name every voter, this one included`,
    );
  }
  const ballot = { round: 0, proposer: first };
  const members = foundingMembers(acceptors);
  const stop: Entry = { index: 1, kind: 'stop', members, sizes: { phase1Size, phase2Size } };
  return { ...recovered, promised: ballot, slots: recovered.slots.accept(ballot, [stop]), chosenIndex: 1 };
}

/** The members other than this server: all who are spoken to. */
export const peersOf = ({ configuration, self }: ServerContext): readonly Address[] =>
  allMembers(configuration).filter((member) => member !== self);
