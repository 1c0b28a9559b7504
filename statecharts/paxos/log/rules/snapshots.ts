/** Rules of snapshots: compaction, and what comes to a server that lacks what others have compacted. */

import type { Address } from '../../../actor/address.ts';
import { checkpointAbove, deliverAhead, type Persist, send } from '../../../actor/effects.ts';
import type { SnapshotStanding } from '../../../replication/progress.ts';
import { fetchSnapshot } from '../../../transfer.ts';
import { configurationIn } from '../configuration.ts';
import type { Effect, Received, Remembered, Result, ServerContext } from '../context.ts';
import type { PaxosRecord, Snapshot } from '../messages.ts';
import { known, learnChosen } from './choosing.ts';
import { acceptance } from './records.ts';

type Offer = Received<'installSnapshot'>;

/**
 * What every life begins with: the first one writes down the stop-sign that everybody begins with; a later one restores
 * its application, up to what it had written down to be chosen.
 */
export function begin(context: ServerContext): Result {
  const { chosenIndex, isNew, promised, slots, snapshot } = context;
  const learned = learnChosen(context, chosenIndex);
  if (isNew && promised !== null) {
    const first = acceptance(promised, slots.proposals(promised, 1, slots.lastIndex));
    const chosen: Effect = { type: 'persist', record: { type: 'chosen', upTo: chosenIndex } };
    return { context: { ...known(learned), isNew: false }, effects: [first, chosen, ...learned.effects] };
  }
  return {
    context: known(learned),
    effects: snapshot === null ? learned.effects : [restore(snapshot), ...learned.effects],
  };
}

/** Ahead: what it holds was chosen when it was taken, whatever happens to records. */
const restore = ({ index, file }: Snapshot): Effect => deliverAhead({ type: 'snapshotInstalled', index, file });

/** The checkpoint of a snapshot; the records of slots after the base stay in force. */
const written = (
  { grantedMs, promised, slots }: Pick<Remembered, 'grantedMs' | 'promised' | 'slots'>,
  snapshot: Snapshot,
): Persist<PaxosRecord> => {
  const granted = grantedMs > 0 ? { grantsMs: grantedMs } : {};
  return checkpointAbove(
    { type: 'snapshot', promised, snapshot, baseIndex: slots.baseIndex, ...granted },
    slots.baseIndex,
  );
};

/** Whether the application's snapshot is one of chosen slots, and newer than the last. */
export const isSnapshotNews = ({ commitIndex, snapshot }: ServerContext, { index }: Received<'compact'>): boolean =>
  index <= commitIndex && index > (snapshot?.index ?? 0);

/** The snapshot replaces the slots up to it, but for a few that slow followers will want. */
export function compact(context: ServerContext, { file, index }: Received<'compact'>): Result {
  const { limits } = context;
  const { index: _, sizes, ...members } = configurationIn(context.slots, context.snapshot, index);
  const snapshot: Snapshot = { index, members, sizes, file };
  const slots = context.slots.after(context.slots.lowestWithin(index, limits.retainBytes));
  return {
    context: { slots, snapshot, compactionAsked: false },
    effects: [written({ ...context, slots }, snapshot)],
  };
}

const reply = ({ promised }: ServerContext, to: Address, lastIndex: number, standing: SnapshotStanding): Effect[] =>
  promised === null ? [] : [send(to, { type: 'snapshotReply', ballot: promised, lastIndex, standing } as const)];

/**
 * Fetches the leader's snapshot, one at a time; the leader repeats itself until it is in force. A snapshot of what is
 * known to be chosen here already is as good as installed.
 */
export function takeSnapshot(context: ServerContext, { from, snapshot }: Offer): Result {
  const { commitIndex, incoming } = context;
  const led = { leader: from, isLed: true } as const;
  if (snapshot.index <= commitIndex) {
    return { context: led, effects: reply(context, from, snapshot.index, 'installed') };
  }
  if (incoming !== null && incoming.sender === from) {
    return { context: led, effects: reply(context, from, incoming.snapshot.index, 'fetching') };
  }
  const { context: patch, effects = [] } = fetchFrom({ ...context, incoming: null }, from, snapshot);
  return { context: { ...led, ...patch }, effects };
}

/** Fetches the snapshot that `sender` has, unless another one is on its way. */
export function fetchFrom({ incoming, promised }: ServerContext, sender: Address, snapshot: Snapshot): Result {
  if (incoming !== null) return {};
  const id = `${snapshot.file.name} from ${sender} in round ${promised?.round ?? 0}`;
  return { context: { incoming: { id, sender, snapshot } }, effects: [fetchSnapshot(id, sender, snapshot.file)] };
}

/** Whether this is the end of the transfer that is under way; an earlier one may end late. */
export const isIncoming = ({ incoming }: ServerContext, { id }: Received<'performed'>): boolean => incoming?.id === id;

/**
 * The snapshot is whole and durable here, and in force from now on; or it has not come, and is offered again. It holds what
 * is chosen, so it makes no difference from whom it came, and who leads by now.
 */
export function endTransfer(context: ServerContext, { result }: Received<'performed'>): Result {
  const { commitIndex, incoming } = context;
  if (incoming === null) return {};
  const { sender, snapshot } = incoming;
  const ended = { ...context, incoming: null };
  const answer = (standing: SnapshotStanding): Effect[] =>
    context.leader === sender ? reply(ended, sender, snapshot.index, standing) : [];
  if (result.type !== 'done') return { context: { incoming: null }, effects: answer('failed') };
  const { context: installed, effects = [] } = snapshot.index <= commitIndex ? {} : install(ended, snapshot);
  return { context: { ...installed, incoming: null }, effects: [...effects, ...answer('installed')] };
}

/** What was accepted in later slots stays: each is an instance of its own. */
function install(context: ServerContext, snapshot: Snapshot): Result {
  const { index, members, sizes } = snapshot;
  const slots = context.slots.after(index);
  return {
    context: {
      slots,
      snapshot,
      configuration: { ...members, index, sizes },
      commitIndex: index,
      chosenIndex: Math.max(context.chosenIndex, index),
      compactionAsked: false,
    },
    effects: [restore(snapshot), written({ ...context, slots }, snapshot)],
  };
}

/** A snapshot that has come to a leader is of no use. */
export const forgetIncoming = (): Result => ({ context: { incoming: null } });
