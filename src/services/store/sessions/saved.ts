/** Sessions as they were at some moment, while they go on: one that changes is copied first, once. */

/** What is kept of a client that registered. */
export interface Session {
  readonly id: number;
  lowestUnanswered: number;
  readonly results: Map<number, unknown>;
  /** When it was used last, or registered, by the time of the log. */
  usedAtMs: number;
  /** Whether it has had a request. */
  isUsed: boolean;
  /** The last view that has it behind it. */
  mark: number;
}

/** A session that does not change. */
export interface SavedSession {
  readonly id: number;
  readonly lowestUnanswered: number;
  readonly results: readonly (readonly [number, unknown])[];
  readonly usedAtMs: number;
  readonly isUsed: boolean;
}

/** The sessions as of some moment, from the least to the most recently used. */
export interface SessionsView {
  /** The next one; undefined at the end. */
  next(): SavedSession | undefined;
  release(): void;
}

const saved = ({ id, lowestUnanswered, results, usedAtMs, isUsed }: Session): SavedSession => ({
  id,
  lowestUnanswered,
  results: [...results],
  usedAtMs,
  isUsed,
});

export class SavedSessions {
  #number = 0;
  #copies: Map<number, SavedSession> | undefined;

  /** To be called before a session changes. */
  touch(session: Session): void {
    if (this.#copies === undefined || session.mark === this.#number) return;
    session.mark = this.#number;
    this.#copies.set(session.id, saved(session));
  }

  /** To be called with a new session. */
  added(session: Session): void {
    session.mark = this.#number;
  }

  /** `sessions` as of now, in their order. Ends the view before. Copies nothing but the list of them. */
  view(sessions: Iterable<Session>): SessionsView {
    this.#number += 1;
    const number = this.#number;
    const copies = new Map<number, SavedSession>();
    this.#copies = copies;
    const listed = [...sessions].values();
    return {
      next: () => {
        const session: Session | undefined = listed.next().value;
        if (session === undefined) return undefined;
        const copy = copies.get(session.id);
        copies.delete(session.id);
        if (copy !== undefined) return copy;
        session.mark = number;
        return saved(session);
      },
      release: () => {
        if (this.#copies === copies) this.#copies = undefined;
      },
    };
  }
}
