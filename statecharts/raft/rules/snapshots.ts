/** Rules of snapshots: compaction (Raft §5.1) and the receiver's column of InstallSnapshot (Figure 5.3). */

import type { Address } from '../../actor/address.ts';
import { checkpoint, checkpointAbove, deliverAhead, type Persist, send } from '../../actor/effects.ts';
import { fetchSnapshot } from '../../transfer.ts';
import { configurationIn } from '../configuration.ts';
import type { Effect, Incoming, Received, Remembered, Result, ServerContext } from '../context.ts';
import { Log } from '../log.ts';
import type { RaftRecord, Snapshot } from '../messages.ts';
import { entriesWritten } from './entries.ts';

type Offer = Received<'installSnapshot'>;
type Standing = Received<'snapshotReply'>['standing'];

/**
 * What every life begins with: the first one writes its first entry down, a later one restores its application. The
 * snapshot was committed when it was taken, so that it may be delivered whatever happens to records.
 */
export function begin({ isNew, log, snapshot }: ServerContext): Result {
  if (isNew) return { context: { isNew: false }, effects: [entriesWritten(log.between(1, log.lastIndex))] };
  return snapshot === null ? {} : { effects: [restore(snapshot)] };
}

const restore = ({ index, term, file }: Snapshot): Effect =>
  deliverAhead({ type: 'snapshotInstalled', index, term, file });

/** The checkpoint of a snapshot. The records of entries after the log's base stay in force, unless all are gone. */
function written(
  { term, votedFor, log, grantedMs }: Remembered,
  snapshot: Snapshot,
  keeps: boolean,
): Persist<RaftRecord> {
  const { baseIndex, baseTerm } = log;
  const granted = grantedMs > 0 ? { grantsMs: grantedMs } : {};
  const record: RaftRecord = {
    type: 'snapshot',
    term,
    votedFor,
    snapshot,
    baseIndex,
    baseTerm,
    entries: [],
    ...granted,
  };
  return keeps ? checkpointAbove(record, baseIndex) : checkpoint(record);
}

/** Whether the application's snapshot is one of committed entries, and newer than the last. */
export const isSnapshotNews = ({ commitIndex, snapshot }: ServerContext, { index }: Received<'compact'>): boolean =>
  index <= commitIndex && index > (snapshot?.index ?? 0);

/** §5.1: the snapshot replaces the log up to it, but for a few entries that slow followers will want. */
export function compact(context: ServerContext, { file, index }: Received<'compact'>): Result {
  const { limits, log } = context;
  const term = log.termAt(index) ?? log.baseTerm;
  const { index: _, ...members } = configurationIn(log, context.snapshot, index);
  const snapshot: Snapshot = { index, term, members, file };
  const shorter = log.from(log.lowestWithin(index, limits.retainBytes));
  return {
    context: { log: shorter, snapshot, compactionAsked: false },
    effects: [written({ ...context, log: shorter }, snapshot, true)],
  };
}

/** Figure 5.3, 1: a leader of an earlier term hears of the later one, and steps down. */
export const refuseStaleSnapshot = (context: ServerContext, { from, lastIndex }: Offer): Result => ({
  effects: [reply(context, from, lastIndex, 'failed')],
});

const reply = ({ term }: ServerContext, to: Address, lastIndex: number, standing: Standing): Effect =>
  send(to, { type: 'snapshotReply', term, lastIndex, standing });

/**
 * Figure 5.3, 2 to 5: fetches the snapshot, one at a time; the leader repeats itself until it is in force. A snapshot of
 * what is committed here already is as good as installed.
 */
export function takeSnapshot(context: ServerContext, message: Offer): Result {
  const { commitIndex, incoming, term } = context;
  const { file, from, lastIndex, lastTerm, members } = message;
  if (lastIndex <= commitIndex) {
    return { context: { leader: from }, effects: [reply(context, from, lastIndex, 'installed')] };
  }
  if (incoming !== null && incoming.leader === from) {
    return { context: { leader: from }, effects: [reply(context, from, incoming.snapshot.index, 'fetching')] };
  }
  const id = `${file.name} from ${from} in term ${term}`;
  const begun: Incoming = { id, leader: from, snapshot: { index: lastIndex, term: lastTerm, members, file } };
  return { context: { leader: from, incoming: begun }, effects: [fetchSnapshot(id, from, file)] };
}

/** Whether this is the end of the transfer that is under way; an earlier one may end late. */
export const isIncoming = ({ incoming }: ServerContext, { id }: Received<'performed'>): boolean => incoming?.id === id;

/**
 * Figure 5.3, 6 to 8: the snapshot is whole and durable here, and in force from now on. It answers who sent it, unless
 * that did not come about; the leader tells of it again then.
 */
export function endTransfer(context: ServerContext, { result }: Received<'performed'>): Result {
  const { commitIndex, incoming } = context;
  if (incoming === null) return {};
  const { leader, snapshot } = incoming;
  const ended = { ...context, incoming: null };
  if (result.type !== 'done') {
    return { context: { incoming: null }, effects: [reply(ended, leader, snapshot.index, 'failed')] };
  }
  const { context: installed, effects = [] } = snapshot.index <= commitIndex ? {} : install(ended, snapshot);
  return {
    context: { ...installed, incoming: null },
    effects: [...effects, reply(ended, leader, snapshot.index, 'installed')],
  };
}

/** Figure 5.3, 6 to 8: entries that follow the snapshot stay if the log agrees with it, and go if not. */
function install(context: ServerContext, snapshot: Snapshot): Result {
  const { index, term } = snapshot;
  const agrees = context.log.termAt(index) === term;
  const log = agrees ? context.log.from(index) : Log.after(index, term);
  return {
    context: {
      log,
      snapshot,
      configuration: configurationIn(log, snapshot),
      commitIndex: index,
      compactionAsked: false,
    },
    effects: [restore(snapshot), written({ ...context, log }, snapshot, agrees)],
  };
}

/** A snapshot that has come to a server which does not follow is of no use. */
export const forgetIncoming = (): Result => ({ context: { incoming: null } });
