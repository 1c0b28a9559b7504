/**
 * What replicas say to each other and to the authority of their configuration, what applications ask of them, what they
 * answer and what they write down. All that comes off a wire or out of a journal is described by a schema, and its type is
 * inferred from that.
 */

import * as v from 'valibot';
import { type Address, isAddress } from '../actor/address.ts';
import type { TaggedBy } from '../actor/schemas.ts';
import type { Limits } from '../replication/limits.ts';
import { isMode, type Mode, modes } from '../replication/modes.ts';
import { snapshotStandings } from '../replication/progress.ts';
import type { HandOverRefusal, RequestRefusal } from '../replication/refusals.ts';
import { type SnapshotFile, snapshotFile } from '../transfer.ts';
import { change, configuration, type StoreOptions } from './configuration.ts';

/** What every entry of the log has: its place, and the epoch of the primary that made it. */
interface Placed {
  readonly index: number;
  readonly epoch: number;
}

/** An entry of the log. `noop` opens an epoch. A command has a mode where it is not the store's. */
export type Entry =
  | (Placed & { readonly kind: 'command'; readonly data: Uint8Array; readonly mode?: Mode })
  | (Placed & { readonly kind: 'noop' });

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const address = v.custom<Address>(isAddress, 'expected an address like n1/primary-backup.replica/kv');
const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null || !('index' in value && 'epoch' in value && 'kind' in value)) {
    return false;
  }
  if (!isNatural(value.index) || !isNatural(value.epoch)) return false;
  if (value.kind === 'noop') return true;
  const isOfMode = !('mode' in value) || isMode(value.mode);
  return value.kind === 'command' && 'data' in value && value.data instanceof Uint8Array && isOfMode;
}

/** Written by hand, because it runs for every entry that arrives: one pass, no copies. */
function isEntryRun(value: unknown): value is readonly Entry[] {
  if (!Array.isArray(value)) return false;
  let previous: Entry | undefined;
  for (const entry of value) {
    if (!isEntry(entry)) return false;
    if (previous !== undefined && (entry.index !== previous.index + 1 || entry.epoch < previous.epoch)) return false;
    previous = entry;
  }
  return true;
}

const entries = v.custom<readonly Entry[]>(isEntryRun, 'expected entries of consecutive indexes and ascending epochs');

/** Messages between replicas. `epoch` and `version` are those of the sender's configuration. */
export const peerMessages = {
  /**
   * Prepare and Commit (VR §4.1): `previousIndex` and `previousEpoch` name the entry before `entries`; what no failover
   * loses reaches to `commitIndex`; `round` numbers the primary's heartbeats, for reads. Empty `entries` are a heartbeat.
   */
  append: v.pipe(
    v.object({
      epoch: natural,
      version: natural,
      previousIndex: natural,
      previousEpoch: natural,
      entries,
      commitIndex: natural,
      round: natural,
    }),
    v.check(({ entries: [first], previousIndex }) => first === undefined || first.index === previousIndex + 1, 'a gap'),
    v.check(
      ({ entries: run, epoch }) => (run.at(-1)?.epoch ?? 0) <= epoch,
      'an entry of a later epoch than its sender',
    ),
  ),
  /**
   * PrepareOk (VR §4.1). `matches`: the sender durably holds the primary's log up to `index`. Otherwise nothing was
   * appended: the entry at `index` differs or is missing, and (`hintIndex`, `hintEpoch`) is the sender's last entry that can
   * agree with the primary's log.
   */
  appended: v.object({
    epoch: natural,
    matches: v.boolean(),
    index: natural,
    hintIndex: natural,
    hintEpoch: natural,
    round: natural,
  }),
  /** The sender takes nothing of configurations up to `version`, nor of epochs before `epoch`. */
  outdated: v.object({ epoch: natural, version: natural }),
  /** StartViewChange (VR §4.2): take nothing more of configurations up to `version`, and say how far the log reaches. */
  elect: v.object({ version: natural }),
  /** DoViewChange (VR §4.2): the sender's log, which stays as it is until there is a configuration after `version`. */
  promise: v.object({ version: natural, lastEpoch: natural, lastIndex: natural }),
  /** What the receiver needs is compacted: `file` on the sender's node holds the state after (`lastIndex`, `lastEpoch`). */
  installSnapshot: v.object({
    epoch: natural,
    version: natural,
    lastIndex: natural,
    lastEpoch: natural,
    file: snapshotFile,
  }),
  /** How it stands with the snapshot of `lastIndex`: on its way, not to be had, or in force. */
  snapshotReply: v.object({ epoch: natural, lastIndex: natural, standing: v.picklist(snapshotStandings) }),
};

/** What replicas ask the authority. Both are answered by `configured`, and may be asked again. */
export const authorityRequests = {
  /** What is the configuration? */
  enquire: v.object({}),
  /** Let this one follow. */
  reconfigure: change,
};
export type AuthorityRequest = TaggedBy<typeof authorityRequests>;

/** What the authority says: in answer, and whenever there is a later configuration. */
export const authorityMessages = { configured: v.object({ configuration }) };
export type AuthorityMessage = TaggedBy<typeof authorityMessages>;

/** All that a replica may be sent. */
export const messages = { ...peerMessages, ...authorityMessages };
export type ReplicaMessage = TaggedBy<typeof messages>;

/** What applications ask of the replica on their own node. */
export const requests = {
  /** Replicate `commands`, in order, as consecutive entries. Answered by `proposed` or `refused`. */
  propose: v.object({
    id: natural,
    commands: v.custom<readonly Uint8Array[]>(
      (value) => Array.isArray(value) && value.length > 0 && value.every((it) => it instanceof Uint8Array),
      'expected one or more Uint8Array',
    ),
    /** How they are acknowledged; by default as the store's writes are. */
    mode: v.exactOptional(v.picklist(modes)),
  }),
  /** Ask for an index at which a read is linearizable. Answered by `readable` or `refused`. */
  read: v.object({ id: natural }),
  /** `file`, which is durable here, holds the application's state as of the entry (`index`, `epoch`): the log up to there may go. */
  compact: v.object({ index: natural, epoch: natural, file: snapshotFile }),
  /** Let `to` be primary, or the backup that has most of the log. Answered by `handedOver` or `notHandedOver`. */
  handOver: v.object({ id: natural, to: v.nullable(address) }),
};
export type ReplicaRequest = TaggedBy<typeof requests>;

/** What a replica says to itself once the records before it are durable. */
export type Own =
  /** All entries up to `index`, in `epoch`. */
  | { readonly type: 'durable'; readonly epoch: number; readonly index: number }
  /** The configuration of `version`. */
  | { readonly type: 'settled'; readonly version: number };
export const own = ['durable', 'settled'] as const;

/** Why a request was refused. Nothing of it has happened or will happen. */
export type ReplicaRefusal =
  | RequestRefusal
  /** The store's primaries are chosen among too few for what a majority holds to survive; or nothing may be lost. */
  | 'mode-not-offered'
  /** Fewer are in sync than the store asks for. */
  | 'too-few-in-sync';

/** What a replica delivers to its application. */
export type ReplicaOutput =
  /** The commands of proposal `id` are entries `index`, `index + 1`, ... of `epoch` in this primary's log. */
  | { readonly type: 'proposed'; readonly id: number; readonly epoch: number; readonly index: number }
  | { readonly type: 'refused'; readonly id: number; readonly reason: ReplicaRefusal; readonly leader?: Address }
  /** This replica is primary no more, and `leader` is. */
  | { readonly type: 'handedOver'; readonly id: number; readonly leader: Address }
  | { readonly type: 'notHandedOver'; readonly id: number; readonly reason: HandOverRefusal; readonly leader?: Address }
  /** Read `id` is linearizable once the application has applied everything up to `index`. */
  | { readonly type: 'readable'; readonly id: number; readonly index: number }
  /** The next entries that may be acknowledged, in order of their indexes, without gaps. */
  | { readonly type: 'committed'; readonly entries: readonly Entry[] }
  /** The application must take its state as of `index` from `file`; `committed` goes on after it. */
  | { readonly type: 'snapshotInstalled'; readonly index: number; readonly epoch: number; readonly file: SnapshotFile }
  /** The log takes more than its limit: answer with `compact`. Given once until compacted. */
  | { readonly type: 'compactionDue'; readonly index: number; readonly logSizeBytes: number }
  /**
   * Commands of entries `from` to `to`, made in an epoch that is over, are gone. The first `acknowledged` of them had been
   * delivered, which happens to what was written asynchronously alone, and to no more than the store may lose.
   */
  | { readonly type: 'discarded'; readonly from: number; readonly to: number; readonly acknowledged: number }
  /** What was delivered is void: the application begins anew, from the snapshot that follows, if one does. */
  | { readonly type: 'startedOver' }
  /**
   * Who is in sync has changed, or who is primary: as long as replicas are `missing`, the store is degraded, and unless
   * those that are left are enough, nothing is acknowledged.
   */
  | {
      readonly type: 'inSync';
      readonly members: readonly Address[];
      readonly missing: readonly Address[];
      readonly isEnough: boolean;
    };

/** A snapshot: the application's state after the entry (`index`, `epoch`). */
export interface Snapshot {
  readonly index: number;
  readonly epoch: number;
  /** Where the state is; its bytes are no part of the protocol. */
  readonly file: SnapshotFile;
}

/** What a replica writes down. */
export const records = {
  /** The latest configuration that it was told. */
  configuration: v.object({ configuration }),
  /** It takes nothing of configurations up to `version`. */
  promise: v.object({ version: natural }),
  /** The log from the first of these entries on; whatever it held there before is gone. */
  entries: v.object({ entries }),
  /** A checkpoint, in force with the records of entries that it keeps: the log goes on after (`baseIndex`, `baseEpoch`). */
  snapshot: v.object({
    configuration: v.nullable(configuration),
    promised: natural,
    snapshot: v.object({ index: natural, epoch: natural, file: snapshotFile }),
    baseIndex: natural,
    baseEpoch: natural,
  }),
};
export type ReplicaRecord = TaggedBy<typeof records>;

/** What an application starts a replica with. */
export interface ReplicaInput extends StoreOptions {
  /** Where the configuration is kept. */
  readonly authority: Address;
  /** What differs from `defaultLimits`. */
  readonly limits?: Partial<Limits>;
}
