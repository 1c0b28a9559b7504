/** What a replica knows: the context of every chart here, its events and effects, and how a life begins. */

import type { Address } from '../actor/address.ts';
import { type Birth, recordsOf } from '../actor/definition.ts';
import type { Delivered, EffectOf, Performed, Unreachable } from '../actor/effects.ts';
import type { Ruling } from '../actor/rules.ts';
import { defaultLimits, type Limits } from '../replication/limits.ts';
import type { Progress } from '../replication/progress.ts';
import type { PendingRead } from '../replication/reads.ts';
import type { SnapshotFile, TransferOperation } from '../transfer.ts';
import { type Change, type Configuration, foundingConfiguration } from './configuration.ts';
import { ReplicasError } from './errors.ts';
import { Log } from './log.ts';
import {
  type AuthorityRequest,
  type Own,
  type ReplicaInput,
  type ReplicaMessage,
  type ReplicaOutput,
  type ReplicaRecord,
  type ReplicaRequest,
  records,
  type Snapshot,
} from './messages.ts';

/** The parts that a replica plays; the tags of its chart. */
export const roles = ['primary', 'backup', 'catching-up', 'fenced'] as const;
export type Role = (typeof roles)[number];

/** Tags of a primary with whom replicas are missing in the in-sync set, and so many that nothing is acknowledged. */
export type Redundancy = 'degraded' | 'too-few-in-sync';

export type Event = Delivered<ReplicaMessage | ReplicaRequest | Own | Unreachable | Performed>;
export type Effect = EffectOf<{
  message: ReplicaMessage | AuthorityRequest | Own;
  record: ReplicaRecord;
  operation: TransferOperation;
  output: ReplicaOutput;
}>;
export type Result = Ruling<ReplicaContext, Effect>;

/** The event that carries message `type`, as a rule receives it. */
export type Received<Type extends Event['type']> = Extract<Event, { type: Type }>;

/** What a replica remembers across lives. */
export interface Remembered {
  /** The latest that it was told; null before it was told any. */
  readonly written: Configuration | null;
  /** It takes nothing of configurations up to this version. */
  readonly promised: number;
  readonly log: Log;
  /** The latest snapshot; the log may start before its end, for the sake of slow backups. */
  readonly snapshot: Snapshot | null;
}

/** How far the log of a replica reaches that waits for the next configuration. */
export interface Promised {
  readonly server: Address;
  readonly lastEpoch: number;
  readonly lastIndex: number;
}

/** A snapshot that is on its way to this replica. */
export interface Incoming {
  /** Names the transfer. */
  readonly id: string;
  readonly sender: Address;
  readonly snapshot: Snapshot;
}

/** What only a primary has. */
export interface Leadership {
  /** One for each other replica, in the order of their addresses. */
  readonly followers: readonly Progress[];
  /** The entry that opened the epoch: once it is committed, the primary knows what is. */
  readonly firstIndex: number;
  /** The last entry that is durable here. */
  readonly durableIndex: number;
  /** The first entry that was not durable at the last look at the in-sync set; if it is not by the next, the journal stalls. */
  readonly dueDurableIndex: number;
  /** The last entry at the last look: who does not hold it by the next is not in sync. */
  readonly dueIndex: number;
  /** Whether the authority has answered what it was asked until the last look. */
  readonly isAnswered: boolean;
  /** What the authority was asked for and has not answered. */
  readonly asked: Change | null;
  /** The last round of heartbeats. */
  readonly round: number;
  /** In the order of their arrival, and so of their rounds. */
  readonly reads: readonly PendingRead[];
}

/** The context of a replica. */
export interface ReplicaContext extends Remembered {
  readonly self: Address;
  readonly authority: Address;
  readonly limits: Limits;
  /** The latest that it was told, or that with which the store begins. */
  readonly configuration: Configuration;
  /** It is never primary in epochs up to this one: it was in them, or an earlier life may have been. */
  readonly barredEpoch: number;
  /** All up to here was delivered, as entries or as a snapshot. */
  readonly commitIndex: number;
  /** No failover loses what stands up to here, as far as known. */
  readonly safeIndex: number;
  /** A snapshot of what a failover may still lose: it is in force once none does. */
  readonly held: { readonly index: number; readonly file: SnapshotFile } | null;
  /** `compactionDue` was delivered and not answered yet. */
  readonly compactionAsked: boolean;
  readonly incoming: Incoming | null;
  /** What it has heard as it looks for the next primary. */
  readonly promises: readonly Promised[];
  /** Who should be primary in its place, as was asked; until it hears whether it is. */
  readonly handOver: { readonly id: number; readonly to: Address } | null;
  readonly leadership: Leadership | null;
}

/**
 * The log on which a record goes on from its entry `index`. Of the first records that a checkpoint has kept, what precedes
 * them is gone, and so is the base of the log; the checkpoint, which comes later, tells it.
 */
function before(log: Log, index: number): Log {
  const isKnown = log.lastIndex > 0 && index > log.baseIndex;
  return isKnown ? log.upTo(index - 1) : Log.after(index - 1, 0);
}

const nothing: Remembered = { written: null, promised: 0, log: Log.empty, snapshot: null };

/** What records tell: each `entries` says anew what the log holds from its first entry on. */
export const memory = recordsOf({
  version: 2,
  types: records,
  start: nothing,
  step(state: Remembered, record: ReplicaRecord): Remembered {
    switch (record.type) {
      case 'configuration':
        return { ...state, written: record.configuration };
      case 'promise':
        return { ...state, promised: record.version };
      case 'entries': {
        const [first] = record.entries;
        if (first === undefined) return state;
        return { ...state, log: before(state.log, first.index).append(record.entries) };
      }
      case 'snapshot': {
        const { baseEpoch, baseIndex, configuration: written, promised, snapshot } = record;
        return { written, promised, snapshot, log: state.log.rebased(baseIndex, baseEpoch) };
      }
    }
  },
});

/**
 * The context in which a replica starts. What it begins with as configuration counts only once the authority has said so.
 *
 * @throws ReplicasError when a replica that was told no configuration yet is none of the store's
 */
export function newReplica(recovered: Remembered, { self, input }: Birth<ReplicaInput>): ReplicaContext {
  const configuration = recovered.written ?? foundingConfiguration(input);
  if (!configuration.replicas.includes(self)) {
    throw new ReplicasError(
      `expected '${self}' among the replicas, got ${configuration.replicas.join(', ')}; name every replica, this one included`,
    );
  }
  return {
    ...recovered,
    self,
    authority: input.authority,
    limits: { ...defaultLimits, ...input.limits },
    configuration,
    barredEpoch: recovered.written?.epoch ?? 0,
    commitIndex: recovered.snapshot?.index ?? 0,
    safeIndex: recovered.snapshot?.index ?? 0,
    held: null,
    compactionAsked: false,
    incoming: null,
    promises: [],
    handOver: null,
    leadership: null,
  };
}

/** The replicas other than this one. */
export const peersOf = ({ configuration, self }: ReplicaContext): readonly Address[] =>
  configuration.replicas.filter((replica) => replica !== self);
