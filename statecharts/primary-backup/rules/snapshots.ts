/** How a life begins, and how a replica that needs what is compacted takes a snapshot in its place (VR §5.2). */

import type { Address } from '../../actor/address.ts';
import { deliverAhead, send } from '../../actor/effects.ts';
import { fetchSnapshot } from '../../transfer.ts';
import type { Effect, Incoming, Received, ReplicaContext, Result } from '../context.ts';
import { Log } from '../log.ts';
import type { Snapshot } from '../messages.ts';
import { discardAfter } from './following.ts';
import { snapshotWritten } from './records.ts';

type Standing = Received<'snapshotReply'>['standing'];

/** A life restores its application first: no failover loses what a snapshot in force holds. */
export const begin = ({ snapshot }: ReplicaContext): Result =>
  snapshot === null ? {} : { effects: [restore(snapshot)] };

const restore = ({ index, epoch, file }: Snapshot): Effect =>
  deliverAhead({ type: 'snapshotInstalled', index, epoch, file });

const reply = ({ configuration }: ReplicaContext, to: Address, lastIndex: number, standing: Standing): Effect =>
  send(to, { type: 'snapshotReply', epoch: configuration.epoch, lastIndex, standing });

/**
 * Fetches the snapshot, one at a time; the primary repeats itself until it is in force. A snapshot of what survives every
 * failover, and is here already, is as good as installed.
 */
export function takeSnapshot(context: ReplicaContext, message: Received<'installSnapshot'>): Result {
  const { incoming, safeIndex } = context;
  const { epoch, file, from, lastEpoch, lastIndex } = message;
  if (lastIndex <= safeIndex) return { effects: [reply(context, from, lastIndex, 'installed')] };
  if (incoming !== null && incoming.sender === from) {
    return { effects: [reply(context, from, incoming.snapshot.index, 'fetching')] };
  }
  const id = `${file.name} from ${from} in epoch ${epoch}`;
  const begun: Incoming = { id, sender: from, snapshot: { index: lastIndex, epoch: lastEpoch, file } };
  return { context: { incoming: begun }, effects: [fetchSnapshot(id, from, file)] };
}

/** Whether this is the end of the transfer that is under way; an earlier one may end late. */
export const isIncoming = ({ incoming }: ReplicaContext, { id }: Received<'performed'>): boolean => incoming?.id === id;

/** The snapshot is whole and durable here, and in force from now on; or it did not come, and is told of again. */
export function endTransfer(context: ReplicaContext, { result }: Received<'performed'>): Result {
  const { incoming } = context;
  if (incoming === null) return {};
  const { sender, snapshot } = incoming;
  const ended = { ...context, incoming: null };
  if (result.type !== 'done') {
    return { context: ended, effects: [reply(ended, sender, snapshot.index, 'failed')] };
  }
  const { context: installed, effects } =
    snapshot.index <= context.safeIndex ? { context: ended, effects: [] } : install(ended, snapshot);
  return { context: installed, effects: [...effects, reply(ended, sender, snapshot.index, 'installed')] };
}

/**
 * Entries that follow the snapshot stay if the log agrees with it, and go if not. What an earlier epoch has left is reported
 * then, though some of it may be in the snapshot: it cannot be told apart.
 */
function install(context: ReplicaContext, snapshot: Snapshot): { context: ReplicaContext; effects: readonly Effect[] } {
  const { epoch, index } = snapshot;
  const agrees = context.log.epochAt(index) === epoch;
  const isOver = !agrees && context.log.lastEpoch < context.configuration.epoch;
  const { context: kept, effects } = isOver ? discardAfter(context, context.safeIndex) : { context, effects: [] };
  const log = agrees ? kept.log.from(index) : Log.after(index, epoch);
  const isNews = index > kept.commitIndex;
  const next = {
    ...kept,
    log,
    snapshot,
    commitIndex: Math.max(kept.commitIndex, index),
    safeIndex: index,
    held: null,
    compactionAsked: false,
  };
  return {
    context: next,
    effects: [...effects, ...(isNews ? [restore(snapshot)] : []), snapshotWritten(next, snapshot, agrees)],
  };
}

/** A snapshot that has come to a primary is of no use. */
export const forgetIncoming = (): Result => ({ context: { incoming: null } });
