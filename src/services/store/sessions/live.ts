/**
 * The sessions that live, and the results that are kept of each: a request is applied when it comes first, and its result
 * given again when it comes once more. Which session ends for a new one is decided here, by the time of the log.
 */

import type { Applied, SlicedStateMachine } from '../state-machine.ts';
import type { Entry, Operation, SessionLimits } from './entries.ts';
import type { Fate } from './fate.ts';
import { type SavedSession, SavedSessions, type Session, type SessionsView } from './saved.ts';

/** How far a session's requests may be ahead of its lowest unanswered one; bounds the results that it keeps. */
export const sessionWindow = 16_384;

/** A session that was never used is idle after this part of the time after which others are. */
const unusedPart = 60;

export class LiveSessions {
  readonly #machine: SlicedStateMachine;
  /** From the least to the most recently used: a `Map` keeps the order of insertion. */
  readonly #sessions = new Map<number, Session>();
  /** Those that have had no request, from the oldest to the youngest. */
  readonly #unused = new Set<Session>();
  readonly #saved = new SavedSessions();
  #mostRecent: Session | undefined;
  #results = 0;
  /** The time of the log, in milliseconds. */
  timeMs = 0;

  /** @param machine what requests are applied to */
  constructor(machine: SlicedStateMachine) {
    this.#machine = machine;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Results kept, of all sessions. */
  get results(): number {
    return this.#results;
  }

  register(id: number, { limits, endsSessions }: Entry): Fate {
    const sessions = this.#sessions;
    if (sessions.has(id)) return { type: 'sessions-full' };
    while (sessions.size > 0 && sessions.size >= limits.sessions) {
      const leaving = endsSessions ? this.#leastRecent() : this.#idleOne(limits);
      if (leaving === undefined) return { type: 'sessions-full' };
      this.#end(leaving);
    }
    const session: Session = {
      id,
      lowestUnanswered: 1,
      results: new Map(),
      usedAtMs: this.timeMs,
      // Snapshots of version 1 did not tell, and nodes that restore one must agree with those that apply its entries.
      isUsed: endsSessions,
      mark: 0,
    };
    this.#saved.added(session);
    sessions.set(session.id, session);
    if (!session.isUsed) this.#unused.add(session);
    this.#mostRecent = session;
    return { type: 'registered', session: session.id };
  }

  close(id: number): Fate {
    this.#end(this.#sessions.get(id));
    return { type: 'closed' };
  }

  /** Applies a request, unless it was applied before or may not be any more. */
  apply(
    { session: id, sequence, lowestUnanswered, command }: Extract<Operation, { type: 'command' }>,
    { limits, endsSessions }: Entry,
    at: Applied,
  ): Fate {
    const session = this.#sessions.get(id);
    if (session === undefined) return { type: 'session-expired' };
    this.#saved.touch(session);
    this.#use(session);
    if (lowestUnanswered > session.lowestUnanswered) this.#forgetAnswered(session, lowestUnanswered);
    if (sequence < session.lowestUnanswered) return { type: 'already-answered' };
    const { results } = session;
    if (results.has(sequence)) return { type: 'applied', result: results.get(sequence) };
    if (sequence >= session.lowestUnanswered + sessionWindow) return { type: 'beyond-window' };
    const hasShare = results.size >= limits.results / this.#sessions.size;
    if (!endsSessions && this.#results >= limits.results && hasShare) return { type: 'beyond-window' };
    const result = this.#machine.apply(command, at);
    results.set(sequence, result);
    this.#results += 1;
    while (endsSessions && this.#results > limits.results && this.#sessions.size > 1) this.#end(this.#leastRecent());
    return { type: 'applied', result };
  }

  /** The sessions as of now. Ends the view before. */
  view(): SessionsView {
    return this.#saved.view(this.#sessions.values());
  }

  /** Begins anew: what `restore` puts in follows, in the order of a view. */
  clear(): void {
    this.timeMs = 0;
    this.#sessions.clear();
    this.#unused.clear();
    this.#mostRecent = undefined;
    this.#results = 0;
  }

  /** Puts in a saved session, or more results of one that is there. */
  restore({ results, ...kept }: SavedSession): void {
    const { id } = kept;
    const session: Session = this.#sessions.get(id) ?? { ...kept, results: new Map(), mark: 0 };
    if (!session.isUsed) this.#unused.add(session);
    for (const [sequence, result] of results) session.results.set(sequence, result);
    this.#results += results.length;
    this.#sessions.set(id, session);
    this.#mostRecent = session;
  }

  #use(session: Session): void {
    if (!session.isUsed) this.#unused.delete(session);
    session.isUsed = true;
    session.usedAtMs = this.timeMs;
    if (session === this.#mostRecent) return;
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
    this.#mostRecent = session;
  }

  #end(session: Session | undefined): void {
    if (session === undefined) return;
    this.#sessions.delete(session.id);
    this.#unused.delete(session);
    this.#results -= session.results.size;
    if (session === this.#mostRecent) this.#mostRecent = undefined;
  }

  #leastRecent(): Session | undefined {
    return this.#sessions.values().next().value;
  }

  /** One that may go: used least recently, or registered first of those that were never used, and idle for long. */
  #idleOne({ idleMs }: SessionLimits): Session | undefined {
    const [oldest, unusedOne] = [this.#leastRecent(), this.#unused.values().next().value];
    if (oldest !== undefined && this.timeMs - oldest.usedAtMs >= idleMs) return oldest;
    const isIdle = unusedOne !== undefined && this.timeMs - unusedOne.usedAtMs >= idleMs / unusedPart;
    return isIdle ? unusedOne : undefined;
  }

  #forgetAnswered(session: Session, lowestUnanswered: number): void {
    const { results } = session;
    const before = results.size;
    if (lowestUnanswered - session.lowestUnanswered <= before) {
      for (let it = session.lowestUnanswered; it < lowestUnanswered; it += 1) results.delete(it);
    } else {
      for (const sequence of results.keys()) if (sequence < lowestUnanswered) results.delete(sequence);
    }
    this.#results += results.size - before;
    session.lowestUnanswered = lowestUnanswered;
  }
}
