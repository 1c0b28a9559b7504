/** Rules of snapshots: compaction (Raft §5.1) and the receiver's column of InstallSnapshot (Figure 5.3). */

import { checkpoint, deliverAhead, persist, send } from '../../actor/effects.ts';
import { configurationIn } from '../configuration.ts';
import type { Effect, Incoming, Received, Remembered, Result, ServerContext } from '../context.ts';
import { Log } from '../log.ts';
import type { Snapshot } from '../messages.ts';

type Chunk = Received<'snapshotChunk'>;

/**
 * What every life begins with: the first one writes its first entry down, a later one restores its application. The
 * snapshot was committed when it was taken, so that it may be delivered whatever happens to records.
 */
export function begin({ isNew, log, snapshot }: ServerContext): Result {
  if (isNew) {
    const entries = log.between(1, log.lastIndex);
    return { context: { isNew: false }, effects: [persist({ type: 'entries', entries })] };
  }
  return snapshot === null ? {} : { effects: [restore(snapshot)] };
}

const restore = ({ index, term, data }: Snapshot): Effect =>
  deliverAhead({ type: 'snapshotInstalled', index, term, snapshot: data });

const written = ({ term, votedFor, log }: Remembered, snapshot: Snapshot): Effect =>
  checkpoint({
    type: 'snapshot',
    term,
    votedFor,
    snapshot,
    baseIndex: log.baseIndex,
    baseTerm: log.baseTerm,
    entries: log.between(log.baseIndex + 1, log.lastIndex),
  });

/** Whether the application's snapshot is one of committed entries, and newer than the last. */
export const isSnapshotNews = ({ commitIndex, snapshot }: ServerContext, { index }: Received<'compact'>): boolean =>
  index <= commitIndex && index > (snapshot?.index ?? 0);

/** §5.1: the snapshot replaces the log up to it, but for a few entries that slow followers will want. */
export function compact(context: ServerContext, message: Received<'compact'>): Result {
  const { limits, log } = context;
  const { index } = message;
  const term = log.termAt(index) ?? log.baseTerm;
  const { index: _, ...members } = configurationIn(log, context.snapshot, index);
  const snapshot: Snapshot = { index, term, members, data: message.snapshot };
  const shorter = log.from(log.lowestWithin(index, limits.retainBytes));
  return {
    context: { log: shorter, snapshot, compactionAsked: false },
    effects: [written({ ...context, log: shorter }, snapshot)],
  };
}

/** Figure 5.3, 1: a leader of an earlier term hears of the later one, and steps down. */
export const refuseStaleChunk = ({ term }: ServerContext, { from, lastIndex }: Chunk): Result => ({
  effects: [send(from, { type: 'snapshotReply', term, lastIndex, receivedBytes: 0, installed: false })],
});

/**
 * Figure 5.3, 2 to 8. Chunks are taken in order; each answer says how many bytes are here, so that the leader goes on
 * from there after a loss. A snapshot of what is committed here already is as good as installed.
 */
export function receiveChunk(context: ServerContext, message: Chunk): Result {
  const { commitIndex, term } = context;
  const { from, lastIndex, sizeBytes } = message;
  const reply = { type: 'snapshotReply', term, lastIndex } as const;
  if (lastIndex <= commitIndex) {
    const effects = [send(from, { ...reply, receivedBytes: sizeBytes, installed: true })];
    return { context: { leader: from, incoming: null }, effects };
  }
  const incoming = withChunk(incomingOf(context, message), message);
  const { receivedBytes } = incoming;
  if (receivedBytes < sizeBytes) {
    const effects = [send(from, { ...reply, receivedBytes, installed: false })];
    return { context: { leader: from, incoming }, effects };
  }
  const { context: installed, effects = [] } = install(context, message, joined(incoming));
  return {
    context: { ...installed, leader: from, incoming: null },
    effects: [...effects, send(from, { ...reply, receivedBytes, installed: true })],
  };
}

/** What is here of the snapshot that `message` is part of. */
function incomingOf({ incoming }: ServerContext, { lastIndex, term }: Chunk): Incoming {
  if (incoming !== null && incoming.term === term && incoming.lastIndex === lastIndex) return incoming;
  return { term, lastIndex, receivedBytes: 0, chunks: [] };
}

/** Takes the chunk that is next; earlier ones are duplicates, and later ones will come again. */
function withChunk(incoming: Incoming, { data, offset }: Chunk): Incoming {
  const { chunks, receivedBytes } = incoming;
  if (offset !== receivedBytes || data.length === 0) return incoming;
  return { ...incoming, receivedBytes: receivedBytes + data.length, chunks: [...chunks, data] };
}

function joined({ chunks, receivedBytes }: Incoming): Uint8Array {
  const whole = new Uint8Array(receivedBytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** Figure 5.3, 6 to 8: entries that follow the snapshot stay if the log agrees with it, and go if not. */
function install(context: ServerContext, { lastIndex, lastTerm, members }: Chunk, data: Uint8Array): Result {
  const snapshot: Snapshot = { index: lastIndex, term: lastTerm, members, data };
  const agrees = context.log.termAt(lastIndex) === lastTerm;
  const log = agrees ? context.log.from(lastIndex) : Log.after(lastIndex, lastTerm);
  return {
    context: {
      log,
      snapshot,
      configuration: configurationIn(log, snapshot),
      commitIndex: lastIndex,
      compactionAsked: false,
    },
    effects: [restore(snapshot), written({ ...context, log }, snapshot)],
  };
}

/** A part of a snapshot is of use only to the one who goes on receiving it. */
export const forgetIncoming = (): Result => ({ context: { incoming: null } });
