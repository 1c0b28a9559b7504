/**
 * What Raft servers say to each other, what applications ask of them, what they answer and what they write down. All
 * that comes off a wire or out of a journal is described by a schema, and its type is inferred from that.
 */

import * as v from 'valibot';
import { type Address, isAddress } from '../actor/address.ts';
import type { TaggedBy } from '../actor/schemas.ts';
import type { HandOverOutput } from '../replication/hand-over.ts';
import type { Limits } from '../replication/limits.ts';
import { isMembers, isPlaces, type Members } from '../replication/members.ts';
import { snapshotStandings } from '../replication/progress.ts';
import { reconfiguration } from '../replication/reconfiguration.ts';
import type { ReconfigurationRefusal, ReplacementRefusal, RequestRefusal } from '../replication/refusals.ts';
import { type SnapshotFile, snapshotFile } from '../transfer.ts';

/** What every entry of the log has: its place, and the term of the leader that created it. */
interface Placed {
  readonly index: number;
  readonly term: number;
}

/** An entry of the log. `noop` opens a leader's term (Raft §3.6.2); `configuration` says who takes part from there on (§4.1). */
export type Entry =
  | (Placed & { readonly kind: 'command'; readonly data: Uint8Array })
  | (Placed & { readonly kind: 'noop' })
  | (Placed & { readonly kind: 'configuration'; readonly members: Members });

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const address = v.custom<Address>(isAddress, 'expected an address like n1/raft.server/kv');

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null || !('index' in value && 'term' in value && 'kind' in value)) {
    return false;
  }
  if (!isNatural(value.index) || !isNatural(value.term)) return false;
  switch (value.kind) {
    case 'command':
      return 'data' in value && value.data instanceof Uint8Array;
    case 'noop':
      return true;
    case 'configuration':
      return 'members' in value && isMembers(value.members);
    default:
      return false;
  }
}

/** Written by hand, because it runs for every entry that arrives: one pass, no copies. */
function isEntryRun(value: unknown): value is readonly Entry[] {
  if (!Array.isArray(value)) return false;
  let previous: Entry | undefined;
  for (const entry of value) {
    if (!isEntry(entry)) return false;
    if (previous !== undefined && (entry.index !== previous.index + 1 || entry.term < previous.term)) return false;
    previous = entry;
  }
  return true;
}

const entries = v.custom<readonly Entry[]>(isEntryRun, 'expected entries of consecutive indexes and ascending terms');
const members = v.custom<Members>(isMembers, 'expected sorted sets of addresses, and a voter at least');
const places = v.custom<Readonly<Record<string, string>>>(isPlaces, 'expected host:port by node id');

/** Messages between servers. `term` is always the sender's own term, except where it says otherwise. */
export const messages = {
  /** "Would you vote for me in `term`?", which is the sender's term + 1 (§9.6). Changes no state of anybody. */
  preVote: v.object({ term: natural, lastIndex: natural, lastTerm: natural }),
  /** `forTerm` repeats the term that was asked about. */
  preVoteReply: v.object({ term: natural, forTerm: natural, granted: v.boolean() }),
  /**
   * RequestVote (Figure 3.1): `lastIndex` and `lastTerm` describe the candidate's last entry. `isAskedFor`: the leader has
   * asked for this election (§3.10), so that those who are loyal to it answer.
   */
  vote: v.object({
    term: natural,
    lastIndex: natural,
    lastTerm: natural,
    isAskedFor: v.exactOptional(v.literal(true)),
  }),
  voteReply: v.object({ term: natural, granted: v.boolean() }),
  /**
   * AppendEntries (Figure 3.1). `previousIndex` and `previousTerm` name the entry before `entries`; `commitIndex` is
   * the leader's; `round` numbers the leader's rounds of heartbeats, for reads (§6.4). Empty `entries` are a heartbeat.
   */
  append: v.pipe(
    v.object({
      term: natural,
      previousIndex: natural,
      previousTerm: natural,
      entries,
      commitIndex: natural,
      round: natural,
    }),
    v.check(({ entries: [first], previousIndex }) => first === undefined || first.index === previousIndex + 1, 'a gap'),
    v.check(({ entries: run, term }) => (run.at(-1)?.term ?? 0) <= term, 'an entry of a later term than the leader'),
  ),
  /**
   * `matches`: the sender's log equals the leader's up to `index`. Otherwise nothing was appended: the entry at
   * `index` (the request's `previousIndex`) differs or is missing, and (`hintIndex`, `hintTerm`) is the sender's last
   * entry that can agree with the leader's log. `grantsMs`: the leader has a lease of so long from here on (§6.4.1), in
   * milliseconds of its own clock; left out, it has none.
   */
  appendReply: v.object({
    term: natural,
    matches: v.boolean(),
    index: natural,
    hintIndex: natural,
    hintTerm: natural,
    round: natural,
    grantsMs: v.exactOptional(natural),
  }),
  /**
   * InstallSnapshot (Figure 5.3): what the receiver needs is compacted, and `file` on the sender's node holds the state
   * after the entry (`lastIndex`, `lastTerm`). The bytes travel beside, at the receiver's pace. Repeated with heartbeats.
   */
  installSnapshot: v.object({ term: natural, lastIndex: natural, lastTerm: natural, members, file: snapshotFile }),
  /** How it stands with the snapshot of `lastIndex`: on its way, not to be had, or in force. */
  snapshotReply: v.object({
    term: natural,
    lastIndex: natural,
    standing: v.picklist(snapshotStandings),
  }),
  /** TimeoutNow (§3.10): the leader of `term` would have the receiver, which has all of its log, lead in its place. */
  timeoutNow: v.object({ term: natural }),
};
export type RaftMessage = TaggedBy<typeof messages>;

/** What applications ask of the server on their own node. */
export const requests = {
  /** Replicate `commands`, in order, as consecutive entries. Answered by `proposed` or `refused`. */
  propose: v.object({
    id: natural,
    commands: v.custom<readonly Uint8Array[]>(
      (value) => Array.isArray(value) && value.length > 0 && value.every((it) => it instanceof Uint8Array),
      'expected one or more Uint8Array',
    ),
  }),
  /**
   * Ask for an index at which a read is linearizable (ReadIndex, §6.4). Answered by `readable` or `refused`. `byLease`: the
   * leader's lease suffices, if it holds one (§6.4.1).
   */
  read: v.object({ id: natural, byLease: v.exactOptional(v.literal(true)) }),
  /** `file`, which is durable here, holds the application's state as of `index`: the log up to there may go (§5.1). Ignored when it is no news. */
  compact: v.object({ index: natural, file: snapshotFile }),
  /**
   * Let `joining` vote in the place of `leaving` (§4): answered by `reconfiguring`, with the entry that begins the change, or
   * by `notReconfigured`. The change is over with the configuration that is not a joint one and has no learners; where
   * `leaving` still votes in it, the change was given up. `places` says where members are reached, `host:port` by node
   * id, `joining` among them.
   */
  replace: v.object({ id: natural, leaving: address, joining: address, places }),
  /**
   * Change one member (§4): answered by `reconfiguring`, with the entry that begins the change, or by `notReconfigured`.
   * The change is over with the next configuration that is not a joint one.
   */
  reconfigure: v.object({ id: natural, change: reconfiguration }),
  /**
   * Let `to` lead (§3.10), or the voter that has most of the log. Answered by `handedOver` or `notHandedOver`, within
   * two election timeouts.
   */
  handOver: v.object({ id: natural, to: v.nullable(address) }),
};
export type RaftRequest = TaggedBy<typeof requests>;

/** What a server says to itself once the records before it are durable: all its entries up to `index`, in `term`. */
export interface Durable {
  readonly type: 'durable';
  readonly term: number;
  readonly index: number;
}
export const own = ['durable'] as const;

/**
 * What a server delivers to its application. The entry at (`index`, `term`) decides a proposal's fate: when an entry of
 * another term commits at that index, or a snapshot covers it, the proposal is lost or unknown.
 */
export type RaftOutput =
  /** The commands of proposal `id` are entries `index`, `index + 1`, ... of `term` in this leader's log. */
  | { readonly type: 'proposed'; readonly id: number; readonly term: number; readonly index: number }
  | { readonly type: 'refused'; readonly id: number; readonly reason: RequestRefusal; readonly leader?: Address }
  /** The change of members `id` begins with entry `index` of `term`. */
  | { readonly type: 'reconfiguring'; readonly id: number; readonly term: number; readonly index: number }
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
  /** The next committed entries, in order of their indexes, without gaps, each once per life. */
  | { readonly type: 'committed'; readonly entries: readonly Entry[] }
  /** The application must take its state as of `index` from `file`; `committed` goes on after it. */
  | { readonly type: 'snapshotInstalled'; readonly index: number; readonly term: number; readonly file: SnapshotFile }
  /** The log takes more than its limit: answer with `compact`. Given once until compacted; `index` is committed. */
  | { readonly type: 'compactionDue'; readonly index: number; readonly logSizeBytes: number };

/** A snapshot: the application's state after the entry (`index`, `term`), and who takes part as of there. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly members: Members;
  /** Where the state is; its bytes are no part of the protocol. */
  readonly file: SnapshotFile;
}

/** What a server writes down (Figure 3.1, "persistent state"). */
export const records = {
  /** `grantsMs`: how long a lease its answers may have granted from here on (§6.4.1); left out where that is as before. */
  'term-and-vote': v.object({ term: natural, votedFor: v.nullable(address), grantsMs: v.exactOptional(natural) }),
  /** The log from the first of these entries on; whatever it held there before is gone. */
  entries: v.object({ entries }),
  /**
   * A checkpoint, in force with the records of entries that it keeps: the log goes on after the entry (`baseIndex`,
   * `baseTerm`), which may precede the snapshot. `entries` are of earlier versions, which kept no records. `grantsMs` as
   * above, left out for none.
   */
  snapshot: v.object({
    term: natural,
    votedFor: v.nullable(address),
    snapshot: v.object({ index: natural, term: natural, members, file: snapshotFile }),
    baseIndex: natural,
    baseTerm: natural,
    entries,
    grantsMs: v.exactOptional(natural),
  }),
};
export type RaftRecord = TaggedBy<typeof records>;

/** What an application starts a server with. */
export interface RaftInput {
  /**
   * The servers that vote in the first configuration, this one among them, in any order. Used only by a server
   * without records: it becomes the first entry of the log. Afterwards the log knows.
   */
  readonly voters: readonly Address[];
  /**
   * Whether a server without records waits to be taken into a cluster that runs, in place of beginning one: its log
   * comes from a leader, and it stands for no election before that names it a voter. Default false.
   */
  readonly joins?: boolean;
  /** What differs from `defaultLimits`. */
  readonly limits?: Partial<Limits>;
  /**
   * How long a round that a majority has answered lets its leader read by itself (§6.4.1), in milliseconds of its clock:
   * `leaseLengthMs` of the delay `minElectionTimeout`, at most. The same on all servers. Left out, there are no leases.
   */
  readonly leaseMs?: number;
}
