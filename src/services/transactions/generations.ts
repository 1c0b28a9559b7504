/**
 * Committed transactions and their idempotency keys, in generations: a generation is forgotten as a whole, when its
 * retention is over or there is too much.
 */

import type { KeptAnswer } from '../../../statecharts/two-phase-commit.ts';
import type { Clock } from '../../environment/clock.ts';

/**
 * How much is remembered: for `retentionMs`, or for the last `maxOutcomes` transactions, or those with the last
 * `maxResultBytes` of results, whichever ends first.
 */
export interface MemoryLimits {
  readonly retentionMs: number;
  readonly maxOutcomes: number;
  readonly maxResultBytes: number;
}

export interface Generation {
  readonly number: number;
  readonly sinceMs: number;
  /** When nothing was added any more. */
  closedMs: number | undefined;
  /** With the key that each committed under. */
  readonly transactions: Map<string, string | null>;
  readonly answers: Map<string, KeptAnswer>;
  /** Of its answers. */
  sizeBytes: number;
}

/** A generation covers this share of the retention. */
const shares = 8;

/** JSON is mostly ASCII, and what a text takes in memory is about its length. */
const sizeOf = ({ fingerprint, result }: KeptAnswer): number => fingerprint.length + (result?.length ?? 0);

export class Generations {
  /** How long a generation takes in what is added. */
  readonly intervalMs: number;
  readonly #clock: Clock;
  readonly #limits: MemoryLimits;
  readonly #committed = new Map<string, Generation>();
  readonly #keys = new Map<string, string>();
  /** Oldest first. */
  readonly #kept: Generation[] = [];
  #sizeBytes = 0;
  #forgottenEarly = 0;

  constructor(clock: Clock, limits: MemoryLimits) {
    this.intervalMs = limits.retentionMs / shares;
    this.#clock = clock;
    this.#limits = limits;
  }

  get counts(): { readonly outcomes: number; readonly keys: number; readonly forgottenEarly: number } {
    return { outcomes: this.#committed.size, keys: this.#keys.size, forgottenEarly: this.#forgottenEarly };
  }

  has(transaction: string): boolean {
    return this.#committed.has(transaction);
  }

  /** The transaction that committed under a key. */
  under(idempotencyKey: string): string | undefined {
    return this.#keys.get(idempotencyKey);
  }

  /** What repetitions of a transaction are answered, if that is kept. */
  answerOf(transaction: string): KeptAnswer | undefined {
    return this.#committed.get(transaction)?.answers.get(transaction);
  }

  add(generation: Generation, transaction: string, idempotencyKey: string | null, answer?: KeptAnswer): void {
    if (answer !== undefined && !generation.answers.has(transaction)) {
      generation.answers.set(transaction, answer);
      generation.sizeBytes += sizeOf(answer);
      this.#sizeBytes += sizeOf(answer);
    }
    generation.transactions.set(transaction, idempotencyKey);
    this.#committed.set(transaction, generation);
    if (idempotencyKey !== null) this.#keys.set(idempotencyKey, transaction);
  }

  /** Opens a generation, which follows the latest unless its number is known. */
  open(number = (this.#kept.at(-1)?.number ?? 0) + 1): Generation {
    const generation: Generation = {
      number,
      sinceMs: this.#clock.nowMs(),
      closedMs: undefined,
      transactions: new Map(),
      answers: new Map(),
      sizeBytes: 0,
    };
    this.#kept.push(generation);
    return generation;
  }

  /** Nothing is added to the generation any more. */
  close(generation: Generation): void {
    generation.closedMs = this.#clock.nowMs();
  }

  /** Whether a generation has taken in what one may. */
  isDue({ transactions, sinceMs, sizeBytes }: Generation): boolean {
    if (transactions.size === 0) return false;
    const { maxOutcomes, maxResultBytes } = this.#limits;
    const isFull = transactions.size >= Math.ceil(maxOutcomes / shares) || sizeBytes >= maxResultBytes / shares;
    return isFull || this.#clock.nowMs() - sinceMs >= this.intervalMs;
  }

  /** Forgets the oldest closed generation, if that is due. @returns it, and the transactions that are forgotten with it */
  forgetOldest(): { readonly generation: Generation; readonly forgotten: readonly string[] } | undefined {
    const [oldest] = this.#kept;
    if (oldest?.closedMs === undefined) return undefined;
    const isOver = this.#clock.nowMs() - oldest.closedMs >= this.#limits.retentionMs;
    const { maxOutcomes, maxResultBytes } = this.#limits;
    const isTooMuch = this.#committed.size > maxOutcomes || this.#sizeBytes > maxResultBytes;
    if (!isOver && !isTooMuch) return undefined;
    this.#kept.shift();
    this.#sizeBytes -= oldest.sizeBytes;
    const forgotten: string[] = [];
    for (const [transaction, idempotencyKey] of oldest.transactions) {
      if (this.#committed.get(transaction) !== oldest) continue;
      this.#committed.delete(transaction);
      if (idempotencyKey !== null && this.#keys.get(idempotencyKey) === transaction) this.#keys.delete(idempotencyKey);
      if (!isOver) this.#forgottenEarly += 1;
      forgotten.push(transaction);
    }
    return { generation: oldest, forgotten };
  }
}
