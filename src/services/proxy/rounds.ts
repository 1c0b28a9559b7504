/**
 * Confirmation in rounds. A round asks the primary how far its data reach, and waits until enough of the in-sync set hold
 * that much; so all that was said by the primary before the round began may be shown when it ends. One round goes on at a
 * time, for all clients together (group commit); what arrives meanwhile waits for the next one.
 */

import type { Clock, TimeoutHandle } from '../../environment/clock.ts';

/** What waits for confirmation: the replies of one client. */
export interface Awaiting {
  /** Since when the oldest of it waits; kept by the rounds. */
  sinceMs: number | undefined;
  /** A round begins; what is there now belongs to it. */
  begin(): void;
  /** What belongs to the round is confirmed. */
  release(): void;
  /** It has waited for too long. Leads to `dismiss`. */
  overdue(): void;
}

/** What a round found. */
export type RoundResult = { readonly type: 'confirmed' } | { readonly type: 'unconfirmed'; readonly why: string };

/** Carries out one round; rejects when the primary can no longer be asked. */
export type AskRound = () => Promise<RoundResult>;

export interface RoundsOptions {
  readonly ask: AskRound;
  readonly clock: Clock;
  readonly confirmTimeoutMs: number;
  /** Told of each round that ended. */
  readonly onRound: (result: RoundResult, durationMs: number) => void;
}

/** An unconfirmed round is followed by another one after this time, in milliseconds. */
const retryMs = 20;

/** The rounds of one control session. */
export class Rounds {
  readonly #options: RoundsOptions;
  /** Those with something that came after the round under way began. */
  #next = new Set<Awaiting>();
  #current = new Set<Awaiting>();
  #isUnderWay = false;
  #isClosed = false;
  #check: TimeoutHandle | undefined;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** Takes note that there is something new to be confirmed. */
  enlist(awaiting: Awaiting): void {
    if (this.#isClosed || this.#next.has(awaiting)) return;
    const { clock, confirmTimeoutMs } = this.#options;
    this.#next.add(awaiting);
    awaiting.sinceMs ??= clock.nowMs();
    this.#check ??= clock.setTimeout(() => this.#findOverdue(), confirmTimeoutMs / 4);
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    // All replies that are read in this turn share the round.
    clock.enqueue(() => this.#begin());
  }

  /** Forgets what is no longer wanted. */
  dismiss(awaiting: Awaiting): void {
    this.#next.delete(awaiting);
    this.#current.delete(awaiting);
    awaiting.sinceMs = undefined;
  }

  /** No round begins any more, and none is acted on. Idempotent. */
  close(): void {
    this.#isClosed = true;
    if (this.#check !== undefined) this.#options.clock.clearTimeout(this.#check);
    this.#next.clear();
    this.#current.clear();
  }

  #begin(): void {
    if (this.#isClosed) return;
    for (const awaiting of this.#next) this.#current.add(awaiting);
    this.#next = new Set();
    for (const awaiting of this.#current) awaiting.begin();
    const { ask, clock, onRound } = this.#options;
    const beganMs = clock.nowMs();
    ask().then(
      (result) => {
        if (this.#isClosed) return;
        onRound(result, clock.nowMs() - beganMs);
        if (result.type === 'confirmed') this.#release(beganMs);
        else clock.setTimeout(() => this.#begin(), retryMs);
      },
      // The session has ended, and all that belongs to it is being cut.
      () => this.close(),
    );
  }

  #release(beganMs: number): void {
    const released = this.#current;
    this.#current = new Set();
    for (const awaiting of released) {
      awaiting.sinceMs = this.#next.has(awaiting) ? beganMs : undefined;
      awaiting.release();
    }
    if (this.#next.size > 0) this.#begin();
    else this.#isUnderWay = false;
  }

  #findOverdue(): void {
    const { clock, confirmTimeoutMs } = this.#options;
    const dueMs = clock.nowMs() - confirmTimeoutMs;
    for (const awaiting of [...this.#current, ...this.#next]) {
      if (awaiting.sinceMs !== undefined && awaiting.sinceMs <= dueMs) awaiting.overdue();
    }
    const isNeeded = !this.#isClosed && this.#current.size + this.#next.size > 0;
    this.#check = isNeeded ? clock.setTimeout(() => this.#findOverdue(), confirmTimeoutMs / 4) : undefined;
  }
}
