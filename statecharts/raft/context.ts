/** What a Raft server knows: the context of every chart here, its events and effects, and how a life begins. */

import type { Address } from '../actor/address.ts';
import type { Birth, Records } from '../actor/definition.ts';
import type { Delivered, EffectOf, Performed, Unreachable } from '../actor/effects.ts';
import type { Ruling } from '../actor/rules.ts';
import type { HandOver } from '../replication/hand-over.ts';
import type { CatchUp } from '../replication/learning.ts';
import { type Granting, type Lease, startsBound } from '../replication/lease.ts';
import { defaultLimits, type Limits } from '../replication/limits.ts';
import { allMembers, foundingMembers, isVoter } from '../replication/members.ts';
import type { Progress } from '../replication/progress.ts';
import type { PendingRead } from '../replication/reads.ts';
import type { TransferOperation } from '../transfer.ts';
import { type Configuration, configurationIn } from './configuration.ts';
import { earlierRecords } from './earlier-records.ts';
import { RaftBootstrapError } from './errors.ts';
import { Log } from './log.ts';
import {
  type Durable,
  type RaftInput,
  type RaftMessage,
  type RaftOutput,
  type RaftRecord,
  type RaftRequest,
  records,
  type Snapshot,
} from './messages.ts';

/** The parts that a server plays; the tags of its chart. */
export const roles = ['follower', 'pre-candidate', 'candidate', 'leader'] as const;
export type Role = (typeof roles)[number];

export type Event = Delivered<RaftMessage | RaftRequest | Durable | Unreachable | Performed>;
export type Effect = EffectOf<{
  message: RaftMessage | Durable;
  record: RaftRecord;
  operation: TransferOperation;
  output: RaftOutput;
}>;
export type Result = Ruling<ServerContext, Effect>;

/** The event that carries message `type`, as a rule receives it. */
export type Received<Type extends Event['type']> = Extract<Event, { type: Type }>;

/** What a server remembers across lives (Figure 3.1, "persistent state on all servers"). */
export interface Remembered {
  readonly term: number;
  readonly votedFor: Address | null;
  readonly log: Log;
  /** The latest snapshot; the log may start before its end, for the sake of slow followers. */
  readonly snapshot: Snapshot | null;
  /** The longest lease that it has granted and that may not be over (§6.4.1), in milliseconds of leaders' clocks; 0 for none. */
  readonly grantedMs: number;
}

/** A pre-candidate's or candidate's count. */
export interface Election {
  /** Who granted it, sorted. */
  readonly votes: readonly Address[];
  /** The leader has asked for it (§3.10). */
  readonly isAskedFor?: true;
}

/** A snapshot that is on its way to this follower. */
export interface Incoming {
  /** Names the transfer. */
  readonly id: string;
  readonly leader: Address;
  readonly snapshot: Snapshot;
}

/** What only a leader has (Figure 3.1, "volatile state on leaders"). */
export interface Leadership {
  /** One for each other member, in the order of their addresses. */
  readonly followers: readonly Progress[];
  /** The entry that opened the term: once it is committed, the leader knows what is (§6.4). */
  readonly firstIndex: number;
  /** The last entry that is durable here. */
  readonly durableIndex: number;
  /** The first entry that was not durable at the last look at the quorum; if it is not by the next, the journal stalls. */
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
  /** How long an answered round lets a leader read by itself (§6.4.1), in milliseconds of its clock; null where none may. */
  readonly leaseMs: number | null;
  /** Whether this is a server's first life, whose first entry is not written down yet. */
  readonly isNew: boolean;
  /** The latest in the log, committed or not (§4.1). */
  readonly configuration: Configuration;
  /** The last entry known to be committed; all up to it have been delivered, as entries or as a snapshot. */
  readonly commitIndex: number;
  /** Who leads `term`, as far as known. */
  readonly leader: Address | null;
  /** `compactionDue` was delivered and not answered yet. */
  readonly compactionAsked: boolean;
  readonly incoming: Incoming | null;
  readonly election: Election | null;
  /** What this server was asked and has not answered: as the leader, and afterwards until it hears of the next one. */
  readonly handOver: HandOver | null;
  readonly leadership: Leadership | null;
}

/** The term of the first configuration: before any leader, so that no leader's entry can be taken for it. */
const bootstrapTerm = 0;

/**
 * The log on which a record goes on from its entry `index`. Of the first records that a checkpoint has kept, what precedes
 * them is gone, and so is the base of the log; the checkpoint, which comes later, tells it.
 */
function before(log: Log, index: number): Log {
  const isKnown = log.lastIndex > 0 && index > log.baseIndex;
  return isKnown ? log.upTo(index - 1) : Log.after(index - 1, 0);
}

/** What records tell: each `entries` says anew what the log holds from its first entry on. */
export const memory: Records<typeof records, Remembered> = {
  version: 2,
  types: records,
  earlier: earlierRecords,
  start: { term: 0, votedFor: null, log: Log.empty, snapshot: null, grantedMs: 0 },
  step(state, record) {
    switch (record.type) {
      case 'term-and-vote':
        return {
          ...state,
          term: record.term,
          votedFor: record.votedFor,
          grantedMs: record.grantsMs ?? state.grantedMs,
        };
      case 'entries': {
        const [first] = record.entries;
        if (first === undefined) return state;
        return { ...state, log: before(state.log, first.index).append(record.entries) };
      }
      case 'snapshot': {
        const { term, votedFor, snapshot, baseIndex, baseTerm, entries, grantsMs: grantedMs = 0 } = record;
        return { term, votedFor, snapshot, grantedMs, log: state.log.rebased(baseIndex, baseTerm).append(entries) };
      }
    }
  },
};

/**
 * The context in which a server starts. A server without records, of a term even, takes `input.voters` for the first entry of its log,
 * (index 1, term 0): the same on every server that was given the same voters, so that the logs match from the start;
 * unless it joins, and then it has no entry at all.
 *
 * @throws RaftBootstrapError when a server without records is not among its voters
 */
export function newServer(recovered: Remembered, { self, input }: Birth<RaftInput>): ServerContext {
  const isNew = recovered.snapshot === null && recovered.log.lastIndex === 0 && recovered.term === bootstrapTerm;
  const { joins = false } = input;
  const members = foundingMembers(input.voters);
  const { voters } = members;
  const begins = isNew && !joins;
  if (begins && !voters.includes(self)) {
    throw new RaftBootstrapError(
      `expected '${self}' among the voters of the first configuration, got ${voters.join(', ') || 'none'}; name every voter, this one included`,
    );
  }
  const log = begins
    ? recovered.log.append([{ index: 1, term: bootstrapTerm, kind: 'configuration', members }])
    : recovered.log;
  return {
    ...recovered,
    log,
    self,
    limits: { ...defaultLimits, ...input.limits },
    leaseMs: input.leaseMs ?? null,
    isBound: startsBound(input.leaseMs ?? null, isNew, recovered.grantedMs),
    isNew: begins,
    configuration: configurationIn(log, recovered.snapshot),
    commitIndex: recovered.snapshot?.index ?? 0,
    leader: null,
    compactionAsked: false,
    incoming: null,
    election: null,
    handOver: null,
    leadership: null,
  };
}

/** The members other than this server: all who are spoken to. */
export const peersOf = ({ configuration, self }: ServerContext): readonly Address[] =>
  allMembers(configuration).filter((member) => member !== self);

/** Whether `server` votes in this server's configuration. */
export const votesHere = ({ configuration }: ServerContext, server: Address): boolean => isVoter(configuration, server);
