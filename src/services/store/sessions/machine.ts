/**
 * Exactly-once on top of a log that may carry a request more than once: the replicated state around an application's
 * state machine. Clients register sessions through the log and number their requests; the first result of each is kept
 * until the client says that it has it, and repetitions get it again. After Ongaro, "Consensus: Bridging Theory and
 * Practice", §6.3.
 *
 * Who ends is decided by the log alone. A session ends when its client closes it, or when there is no room for a new one
 * and it was idle for long: by the time of the log, which each entry carries on by what its leader's clock measured. Where
 * none is idle, the registration is refused, and no session that lives ends for it. Limits travel in each entry, put there
 * by the leader that made it, so nodes never disagree about them.
 *
 * Requests may instead carry an idempotency key: the result is kept under that key for a number of further requests.
 */

import type { Applied, SlicedStateMachine, StateRestoration, StateView } from '../state-machine.ts';
import { decodeEntry, type Entry, type Operation, type SessionLimits } from './entries.ts';
import { KeyedResults } from './keyed.ts';
import { type Head, type Part, readPart, unreadable, viewOf } from './parts.ts';
import { type SavedSession, SavedSessions, type Session } from './saved.ts';

/** What became of an operation when its turn in the log came. */
export type Fate =
  /** Now, or when the same request came first. */
  | { readonly type: 'applied'; readonly result: unknown }
  | { readonly type: 'registered'; readonly session: number }
  /** There are as many sessions as may be, and none of them is idle; or one has this id by chance. */
  | { readonly type: 'sessions-full' }
  | { readonly type: 'closed' }
  /** Not applied: the session is not known any more, so nobody knows whether the request came before. */
  | { readonly type: 'session-expired' }
  /** Not applied: the client has said that it is done with this request. */
  | { readonly type: 'already-answered' }
  /** Not applied: too far ahead of the lowest unanswered request, or too many of its results are kept already. */
  | { readonly type: 'beyond-window' }
  /** Not applied: the key came before, with another command. */
  | { readonly type: 'key-reused' };

/** How far a session's requests may be ahead of its lowest unanswered one; bounds the results that it keeps. */
export const sessionWindow = 16_384;

/** A session that was never used is idle after this part of the time after which others are. */
const unusedPart = 60;

/** A state machine with sessions around it. */
export interface SessionedMachine {
  /**
   * Applies the operations of one log entry, in order.
   *
   * @returns one fate for each
   * @throws UnreadableStateError for an entry of another version of this program; whatever the state machine throws
   */
  apply(data: Uint8Array, index: number): readonly Fate[];
  /** As of now; a view that was not at its end is released by this. */
  view(): StateView;
  /** Begins to replace the state, which is empty from now on. */
  restoring(): StateRestoration;
  /** Operations applied or refused so far. */
  readonly revision: number;
  readonly sessions: number;
  /** Results kept, for sessions and for idempotency keys. */
  readonly keptResults: number;
}

/** Puts sessions around `machine`. */
export function createSessionedMachine(machine: SlicedStateMachine): SessionedMachine {
  /** From the least to the most recently used: a `Map` keeps the order of insertion. */
  const sessions = new Map<number, Session>();
  /** Those that have had no request, from the oldest to the youngest. */
  const unused = new Set<Session>();
  const saved = new SavedSessions();
  const keyed = new KeyedResults();
  let revision = 0;
  /** The time of the log, in milliseconds. */
  let timeMs = 0;
  let sessionResults = 0;
  let mostRecent: Session | undefined;

  const use = (session: Session): void => {
    if (!session.isUsed) unused.delete(session);
    session.isUsed = true;
    session.usedAtMs = timeMs;
    if (session === mostRecent) return;
    sessions.delete(session.id);
    sessions.set(session.id, session);
    mostRecent = session;
  };
  const end = (session: Session | undefined): void => {
    if (session === undefined) return;
    sessions.delete(session.id);
    unused.delete(session);
    sessionResults -= session.results.size;
    if (session === mostRecent) mostRecent = undefined;
  };
  const leastRecent = (): Session | undefined => sessions.values().next().value;
  /** One that may go: used least recently, or registered first of those that were never used, and idle for long. */
  const idleOne = ({ idleMs }: SessionLimits): Session | undefined => {
    const [oldest, unusedOne] = [leastRecent(), unused.values().next().value];
    if (oldest !== undefined && timeMs - oldest.usedAtMs >= idleMs) return oldest;
    const isIdle = unusedOne !== undefined && timeMs - unusedOne.usedAtMs >= idleMs / unusedPart;
    return isIdle ? unusedOne : undefined;
  };
  const forgetAnswered = (session: Session, lowestUnanswered: number): void => {
    const { results } = session;
    const before = results.size;
    if (lowestUnanswered - session.lowestUnanswered <= before) {
      for (let it = session.lowestUnanswered; it < lowestUnanswered; it += 1) results.delete(it);
    } else {
      for (const sequence of results.keys()) if (sequence < lowestUnanswered) results.delete(sequence);
    }
    sessionResults += results.size - before;
    session.lowestUnanswered = lowestUnanswered;
  };
  const register = (id: number, { limits, endsSessions }: Entry): Fate => {
    if (sessions.has(id)) return { type: 'sessions-full' };
    while (sessions.size > 0 && sessions.size >= limits.sessions) {
      const leaving = endsSessions ? leastRecent() : idleOne(limits);
      if (leaving === undefined) return { type: 'sessions-full' };
      end(leaving);
    }
    const session: Session = {
      id,
      lowestUnanswered: 1,
      results: new Map(),
      usedAtMs: timeMs,
      // Snapshots of version 1 did not tell, and nodes that restore one must agree with those that apply its entries.
      isUsed: endsSessions,
      mark: 0,
    };
    saved.added(session);
    sessions.set(session.id, session);
    if (!session.isUsed) unused.add(session);
    mostRecent = session;
    return { type: 'registered', session: session.id };
  };

  const close = (id: number): Fate => {
    end(sessions.get(id));
    return { type: 'closed' };
  };

  const applyInSession = (
    operation: Extract<Operation, { type: 'command' }>,
    { limits, endsSessions }: Entry,
    at: Applied,
  ): Fate => {
    const { sequence, lowestUnanswered, command } = operation;
    const session = sessions.get(operation.session);
    if (session === undefined) return { type: 'session-expired' };
    saved.touch(session);
    use(session);
    if (lowestUnanswered > session.lowestUnanswered) forgetAnswered(session, lowestUnanswered);
    if (sequence < session.lowestUnanswered) return { type: 'already-answered' };
    const { results } = session;
    if (results.has(sequence)) return { type: 'applied', result: results.get(sequence) };
    if (sequence >= session.lowestUnanswered + sessionWindow) return { type: 'beyond-window' };
    const hasShare = results.size >= limits.results / sessions.size;
    if (!endsSessions && sessionResults >= limits.results && hasShare) return { type: 'beyond-window' };
    const result = machine.apply(command, at);
    results.set(sequence, result);
    sessionResults += 1;
    while (endsSessions && sessionResults > limits.results && sessions.size > 1) end(leastRecent());
    return { type: 'applied', result };
  };

  const applyKeyed = ({ key, command }: Extract<Operation, { type: 'keyed' }>, at: Applied): Fate => {
    const fingerprint = fingerprintOf(command);
    const first = keyed.get(key);
    if (first !== undefined) {
      return first.fingerprint === fingerprint ? { type: 'applied', result: first.result } : { type: 'key-reused' };
    }
    const result = machine.apply(command, at);
    keyed.set(key, { fingerprint, revision, result });
    return { type: 'applied', result };
  };

  const applyOne = (operation: Operation, entry: Entry, index: number): Fate => {
    revision += 1;
    if (keyed.size > 0) keyed.forget(revision - entry.limits.keptKeyRequests - 1);
    switch (operation.type) {
      case 'register':
        return register(operation.session ?? revision, entry);
      case 'close':
        return close(operation.session);
      case 'command':
        return applyInSession(operation, entry, { index, revision });
      case 'keyed':
        return applyKeyed(operation, { index, revision });
    }
  };

  const restoreSession = ({ results, ...kept }: SavedSession): void => {
    const { id } = kept;
    const session: Session = sessions.get(id) ?? { ...kept, results: new Map(), mark: 0 };
    if (!session.isUsed) unused.add(session);
    for (const [sequence, result] of results) session.results.set(sequence, result);
    sessionResults += results.length;
    sessions.set(id, session);
    mostRecent = session;
  };

  return {
    apply(data, index) {
      const entry = decodeEntry(data);
      timeMs += entry.elapsedMs;
      return entry.operations.map((operation) => applyOne(operation, entry, index));
    },
    view: () =>
      viewOf({
        head: { revision, timeMs, sessions: sessions.size, keyed: keyed.size },
        machine: machine.view(),
        sessions: saved.view(sessions.values()),
        keyed: keyed.view(),
      }),
    restoring() {
      const inner = machine.restoring();
      revision = 0;
      timeMs = 0;
      sessions.clear();
      unused.clear();
      keyed.clear();
      mostRecent = undefined;
      sessionResults = 0;
      let head: Head | undefined;
      const take = (part: Part): void => {
        switch (part.type) {
          case 'head':
            head = part.head;
            revision = head.revision;
            timeMs = head.timeMs;
            break;
          case 'machine':
            inner.take(part.part);
            break;
          case 'sessions':
            for (const session of part.sessions) restoreSession(session);
            break;
          case 'keyed':
            for (const [key, it] of part.keyed) keyed.set(key, it);
        }
      };
      return {
        take(bytes) {
          for (const part of readPart(bytes)) take(part);
        },
        finish() {
          if (head === undefined || head.sessions !== sessions.size || head.keyed !== keyed.size) {
            throw unreadable('number of parts');
          }
          inner.finish();
        },
      };
    },
    get revision() {
      return revision;
    },
    get sessions() {
      return sessions.size;
    },
    get keptResults() {
      return sessionResults + keyed.size;
    },
  };
}

/**
 * Tells commands apart that came under one idempotency key: their length and two multiplicative hashes in the manner of
 * FNV-1a, 64 bits in all. It guards against mistakes, not against somebody who looks for a collision in his own keys.
 */
function fingerprintOf(command: Uint8Array): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (const byte of command) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return `${command.length}-${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}`;
}
