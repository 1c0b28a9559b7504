/** Results kept under idempotency keys, from the oldest to the youngest, which leave in that order. */

/** The first result of a request that came with an idempotency key. Never changed. */
export interface Keyed {
  /** Of the command, so that another one under the same key is noticed. */
  readonly fingerprint: string;
  /** The number of its request, none passed over. */
  readonly revision: number;
  readonly result: unknown;
}

/** The kept results as of some moment, oldest first. */
export interface KeyedView {
  /** The next one; undefined at the end. */
  next(): readonly [string, Keyed] | undefined;
  release(): void;
}

export class KeyedResults {
  #results = new Map<string, Keyed>();
  /** Forgotten since the open view began, oldest first, and before it came to them. */
  #forgotten: (readonly [string, Keyed])[] | undefined;
  /** The revision of the last one that the open view has given out. */
  #seenRevision = 0;

  get size(): number {
    return this.#results.size;
  }

  get(key: string): Keyed | undefined {
    return this.#results.get(key);
  }

  /** Keeps a result under a key that has none; it is the youngest. */
  set(key: string, keyed: Keyed): void {
    this.#results.set(key, keyed);
  }

  /** Forgets all results of `revision` and before. */
  forget(revision: number): void {
    for (const entry of this.#results) {
      const [key, keyed] = entry;
      if (keyed.revision > revision) return;
      if (keyed.revision > this.#seenRevision) this.#forgotten?.push(entry);
      this.#results.delete(key);
    }
  }

  clear(): void {
    this.#results = new Map();
    this.#forgotten = undefined;
  }

  /** The results as of now. Ends the view before. */
  view(): KeyedView {
    const forgotten: (readonly [string, Keyed])[] = [];
    this.#forgotten = forgotten;
    this.#seenRevision = 0;
    let remaining = this.#results.size;
    let forgottenSeen = 0;
    const results = this.#results.entries();
    const release = (): void => {
      if (this.#forgotten === forgotten) this.#forgotten = undefined;
      remaining = 0;
    };
    return {
      next: () => {
        if (remaining === 0) return undefined;
        remaining -= 1;
        const aside = forgotten[forgottenSeen];
        if (aside !== undefined) forgottenSeen += 1;
        const entry = aside ?? results.next().value;
        if (entry !== undefined) this.#seenRevision = entry[1].revision;
        if (remaining === 0) release();
        return entry;
      },
      release,
    };
  }
}
