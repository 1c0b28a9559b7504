/**
 * What the servers of a Multi-Paxos log say to each other, what applications ask of them, what they answer and what they
 * write down. All that comes off a wire or out of a journal is described by a schema, and its type is inferred from that.
 */

import * as v from 'valibot';
import { type Address, isAddress } from '../../actor/address.ts';
import type { TaggedBy } from '../../actor/schemas.ts';
import type { HandOverOutput } from '../../replication/hand-over.ts';
import type { Limits } from '../../replication/limits.ts';
import { isMembers, isPlaces, type Members } from '../../replication/members.ts';
import { snapshotStandings } from '../../replication/progress.ts';
import { reconfiguration } from '../../replication/reconfiguration.ts';
import type { ReconfigurationRefusal, ReplacementRefusal, RequestRefusal } from '../../replication/refusals.ts';
import { type SnapshotFile, snapshotFile } from '../../transfer.ts';
import { acceptors, type QuorumSizes } from '../acceptors.ts';
import { type Ballot, ballot, isLater } from '../ballot.ts';

/** What every entry has: its slot, and the ballot at which it was first proposed there, where that is not the one at hand. */
interface Placed {
  readonly index: number;
  readonly origin?: Ballot;
}

/**
 * The value of a slot. `noop` fills a hole (Paxos Made Simple §3); `stop` ends a configuration: those it names decide the
 * slots after it.
 */
export type Entry =
  | (Placed & { readonly kind: 'command'; readonly data: Uint8Array })
  | (Placed & { readonly kind: 'noop' })
  | (Placed & { readonly kind: 'stop'; readonly members: Members; readonly sizes: QuorumSizes });

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const slot = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const address = v.custom<Address>(isAddress, 'expected an address like n1/paxos.server/kv');

const isSlot = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 1;

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null || !('index' in value && 'kind' in value)) return false;
  if (!isSlot(value.index)) return false;
  if ('origin' in value && value.origin !== undefined && !v.is(ballot, value.origin)) return false;
  switch (value.kind) {
    case 'command':
      return 'data' in value && value.data instanceof Uint8Array;
    case 'noop':
      return true;
    case 'stop':
      return 'members' in value && 'sizes' in value && isConfiguration(value.members, value.sizes);
    default:
      return false;
  }
}

/** Whether these members can decide: their quorums of the two phases share one of them (Flexible Paxos §4). */
function isConfiguration(members: unknown, sizes: unknown): boolean {
  return isMembers(members) && v.is(quorumSizes, sizes) && v.is(acceptors, { acceptors: members.voters, ...sizes });
}

const quorumSizes = v.object({ phase1Size: slot, phase2Size: slot });

/** Written by hand, because it runs for every entry that arrives: one pass, no copies. */
function isEntryRun(value: unknown): value is readonly Entry[] {
  if (!Array.isArray(value)) return false;
  let previous: Entry | undefined;
  for (const entry of value) {
    if (!isEntry(entry)) return false;
    if (previous !== undefined && entry.index !== previous.index + 1) return false;
    previous = entry;
  }
  return true;
}

const entries = v.custom<readonly Entry[]>(isEntryRun, 'expected entries of consecutive slots');
const members = v.custom<Members>(isMembers, 'expected sorted sets of addresses, and a voter at least');
const places = v.custom<Readonly<Record<string, string>>>(isPlaces, 'expected host:port by node id');

const isOfBallot = (at: Ballot, run: readonly Entry[]): boolean =>
  run.every(({ origin }) => origin === undefined || isLater(at, origin));
const accepted = v.pipe(
  v.object({ ballot, entries }),
  v.check(({ ballot: at, entries: run }) => isOfBallot(at, run), 'an entry that was first proposed later'),
);

/** A snapshot: the application's state after slot `index`, and who takes part as of there. */
const snapshot = v.object({
  index: natural,
  members,
  sizes: quorumSizes,
  /** Where the state is; its bytes are no part of the protocol. */
  file: snapshotFile,
});
export type Snapshot = Readonly<v.InferOutput<typeof snapshot>>;

/** Messages between servers. `ballot` is the one at which the sender proposes, or that it answers. */
export const messages = {
  /**
   * Phase 1a, for all slots from `index` on at once: "promise me `ballot`, and say what you have accepted there". Said
   * again with a later `index` for the next part of the answer. `askedBy`: the leader at that ballot has asked for this
   * candidacy, and has no lease any more.
   */
  prepare: v.object({ ballot, index: slot, askedBy: v.exactOptional(ballot) }),
  /**
   * Phase 1b: the sender accepts nothing of an earlier ballot any more. `accepted` is what it has accepted in the slots
   * from `index` to `upTo`, `lastIndex` the last slot in which it has accepted anything, and all slots up to `committed`
   * are chosen as it holds them. With a `snapshot`, slot `index` is compacted, and the snapshot has to be fetched first.
   */
  promise: v.object({
    ballot,
    index: slot,
    upTo: natural,
    lastIndex: natural,
    committed: natural,
    accepted: v.pipe(v.array(accepted), v.readonly()),
    snapshot: v.nullable(snapshot),
  }),
  /**
   * Phase 2a, for `entries` from slot `index` on: none in a heartbeat. All slots up to `committed` are chosen; `round`
   * numbers the leader's heartbeats, for reads.
   */
  accept: v.pipe(
    v.object({ ballot, index: slot, entries, committed: natural, round: natural }),
    v.check(({ entries: [first], index }) => first === undefined || first.index === index, 'a gap'),
    v.check(({ ballot: at, entries: run }) => isOfBallot(at, run), 'an entry that was first proposed later'),
  ),
  /**
   * Phase 2b: all slots up to `upTo` are accepted at `ballot`, or chosen. `index` is the last slot that the leader had
   * sent then: when it is greater, something was lost on the way. `grantsMs`: the leader has a lease of so long from here
   on, in milliseconds of its own clock; left out, it has none.
   */
  accepted: v.object({ ballot, index: natural, upTo: natural, round: natural, grantsMs: v.exactOptional(natural) }),
  /** What was asked at an earlier ballot than `promised` is refused. */
  refused: v.object({ promised: ballot }),
  /** How the sender stands, for the election of leaders: which ballot it has promised, and whether it is led. */
  beat: v.object({ promised: v.nullable(ballot), isLed: v.boolean() }),
  /** The leader at `ballot` lets the receiver lead: it is to stand at once, at a later one. */
  standNow: v.object({ ballot }),
  /** What the receiver needs is compacted, and `snapshot` is on the sender's node. Repeated with heartbeats. */
  installSnapshot: v.object({ ballot, snapshot }),
  /** How it stands with the snapshot of `lastIndex`. */
  snapshotReply: v.object({ ballot, lastIndex: natural, standing: v.picklist(snapshotStandings) }),
};
export type PaxosMessage = TaggedBy<typeof messages>;

/** What applications ask of the server on their own node. */
export const requests = {
  /** Replicate `commands`, in order, in consecutive slots. Answered by `proposed` or `refused`. */
  propose: v.object({
    id: natural,
    commands: v.custom<readonly Uint8Array[]>(
      (value) => Array.isArray(value) && value.length > 0 && value.every((it) => it instanceof Uint8Array),
      'expected one or more Uint8Array',
    ),
  }),
  /**
   * Ask for an index at which a read is linearizable. Answered by `readable` or `refused`. `byLease`: the leader's lease
   * suffices, if it holds one (Paxos Made Live §5.2).
   */
  read: v.object({ id: natural, byLease: v.exactOptional(v.literal(true)) }),
  /** `file`, which is durable here, holds the application's state as of `index`: the slots up to there may go. Ignored when it is no news. */
  compact: v.object({ index: natural, file: snapshotFile }),
  /**
   * Let `joining` vote in the place of `leaving`: answered by `reconfiguring`, with the slot that begins the change, or by
   * `notReconfigured`. The change is over with the configuration that has no learners; where `leaving` still votes in it, the
   * change was given up. `places` says where members are reached, `host:port` by node id, `joining` among them.
   */
  replace: v.object({ id: natural, leaving: address, joining: address, places }),
  /**
   * Change one member: answered by `reconfiguring`, with the slot of the stop-sign that begins the next configuration, or by
   * `notReconfigured`.
   */
  reconfigure: v.object({ id: natural, change: reconfiguration }),
  /**
   * Let `to` lead, or the voter that has most of the log. Answered by `handedOver` or `notHandedOver`, within two rounds
   * of elections.
   */
  handOver: v.object({ id: natural, to: v.nullable(address) }),
};
export type PaxosRequest = TaggedBy<typeof requests>;

/**
 * What a server says to itself once the records before it are durable: that it has promised `ballot`, and accepted at it
 * all it has proposed up to `index`.
 */
export interface Durable {
  readonly type: 'durable';
  readonly ballot: Ballot;
  readonly index: number;
}
export const own = ['durable'] as const;

/**
 * What a server delivers to its application. The entry that is chosen in slot `index` is the one that was proposed there
 * if both were first proposed at the same ballot; else the proposal is lost, or, under a snapshot, unknown.
 */
export type PaxosOutput =
  /** The commands of proposal `id` are proposed in the slots `index`, `index + 1`, ... at `ballot`. */
  | { readonly type: 'proposed'; readonly id: number; readonly ballot: Ballot; readonly index: number }
  | { readonly type: 'refused'; readonly id: number; readonly reason: RequestRefusal; readonly leader?: Address }
  /** The change of members `id` begins with slot `index`. */
  | { readonly type: 'reconfiguring'; readonly id: number; readonly index: number }
  | {
      readonly type: 'notReconfigured';
      readonly id: number;
      readonly reason: ReplacementRefusal | ReconfigurationRefusal;
      /** Entries that the learner lacks. */
      readonly behind?: number;
      readonly leader?: Address;
    }
  | HandOverOutput
  /** Read `id` is linearizable once the application has applied everything up to `index`. */
  | { readonly type: 'readable'; readonly id: number; readonly index: number }
  /**
   * The next chosen entries, in order of their slots, without gaps, each once per life. Where an entry says no origin, it
   * was first proposed at `ballot`.
   */
  | { readonly type: 'committed'; readonly ballot: Ballot; readonly entries: readonly Entry[] }
  /** The application must take its state as of `index` from `file`; `committed` goes on after it. */
  | { readonly type: 'snapshotInstalled'; readonly index: number; readonly file: SnapshotFile }
  /** The log takes more than its limit: answer with `compact`. Given once until compacted; `index` is committed. */
  | { readonly type: 'compactionDue'; readonly index: number; readonly logSizeBytes: number };

/** What a server writes down: an acceptor's promise and acceptances, and which of them it knows to be chosen. */
export const records = {
  /** `grantsMs`: how long a lease its answers may have granted from here on; left out where that is as before. */
  promise: v.object({ ballot, grantsMs: v.exactOptional(natural) }),
  /** What was accepted at `ballot`, in place of what was accepted in these slots before. */
  accepted,
  /** All slots up to `upTo` are chosen as they are held here; written when a configuration ends among them. */
  chosen: v.object({ upTo: natural }),
  /** A checkpoint, in force with the records of acceptances that it keeps: slots up to `baseIndex` are gone. `grantsMs` as above, left out for none. */
  snapshot: v.object({
    promised: v.nullable(ballot),
    snapshot,
    baseIndex: natural,
    grantsMs: v.exactOptional(natural),
  }),
};
export type PaxosRecord = TaggedBy<typeof records>;

/** What an application starts a server with. */
export interface PaxosInput {
  /**
   * The servers that vote in the first configuration, this one among them, in any order. Used only by a server without
   * records: it becomes the first entry of the log. Afterwards the log knows.
   */
  readonly voters: readonly Address[];
  /** The sizes of quorums of the first configuration; majorities by default. */
  readonly sizes?: QuorumSizes;
  /**
   * Whether a server without records waits to be taken into a cluster that runs, in place of beginning one: its log
   * comes from a leader, and it stands for no election before that names it a voter. Default false.
   */
  readonly joins?: boolean;
  /** What differs from `defaultLimits`. */
  readonly limits?: Partial<Limits>;
  /**
   * How long a round that enough acceptors have answered lets its leader read by itself (Paxos Made Live §5.2), in
   * milliseconds of its clock: `leaseLengthMs` of the delay `leaseGrant`, at most. The same on all servers. Left out,
   * there are no leases.
   */
  readonly leaseMs?: number;
}
