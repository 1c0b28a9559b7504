/**
 * What a manager remembers beyond the lives of its coordinators: which life this is, which resource was the last one in
 * earlier lives, which transactions committed and under which idempotency keys, which one-phase commits were begun under
 * a key, and how far it has forgotten.
 *
 * Outcomes are kept in generations, each under an address of its own, so that forgetting one costs one record. The mark
 * of what is forgotten is written in the same atomic append: a committed transaction is either remembered, or below it,
 * or, when its life ended before it was remembered, known to the one resource that committed it.
 */

import { type Address, addressOf, parseTagged, partsOf } from '../../../statecharts/actor.ts';
import type { KeptAnswer } from '../../../statecharts/two-phase-commit.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import type { Holder } from './answers.ts';
import { type Generation, Generations, type MemoryLimits } from './generations.ts';
import { type Order, partsOfTransactionId } from './ids.ts';
import { createIntents, type Intent, type Intents } from './intents.ts';
import type { Surroundings } from './last-resources.ts';
import { beginLife, type ManagerLife } from './manager-life.ts';
import type { Memory } from './memory-contract.ts';
import {
  managerAddress,
  type OutcomeRecord,
  outcomeRecords,
  outcomesName,
  memoryVersion as version,
} from './memory-records.ts';

export type { Memory } from './memory-contract.ts';

/**
 * Opens what the journal keeps of a manager, and begins a new life of it.
 *
 * @throws RefusedInputError for records that this program does not read
 */
export const openMemory = (
  journal: Journal,
  clock: Clock,
  limits: MemoryLimits,
  surroundings: Omit<Surroundings, 'incarnation'>,
): Memory => new JournalMemory(journal, clock, limits, surroundings);

class JournalMemory implements Memory {
  readonly ready: Promise<void>;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #self: Address;
  readonly #life: ManagerLife;
  readonly #intents: Intents = createIntents();
  readonly #generations: Generations;
  /** Of transactions that are not known to have committed. */
  readonly #answers = new Map<string, KeptAnswer>();
  /** The latest generation, to which is added. */
  #current: Generation;
  #expiring: Promise<void> | undefined;
  #timeout: TimeoutHandle;

  constructor(journal: Journal, clock: Clock, limits: MemoryLimits, surroundings: Omit<Surroundings, 'incarnation'>) {
    this.#journal = journal;
    this.#clock = clock;
    this.#generations = new Generations(clock, limits);
    this.#self = managerAddress(journal.node);
    this.#life = beginLife(this.#self, journal.take(this.#self), surroundings);
    for (const address of journal.actors().filter((it) => partsOf(it).name === outcomesName)) {
      const generation = this.#generations.open(Number(partsOf(address).key));
      this.#generations.close(generation);
      for (const { record } of journal.take(address)) {
        this.#apply(parseTagged(address, 'record', outcomeRecords, record), generation);
      }
    }
    this.#current = this.#generations.open();
    this.#timeout = this.#tickLater();
    this.ready = this.#append([this.#lifeEntry()]);
    this.ready.catch(() => undefined);
  }

  get incarnation(): number {
    return this.#life.incarnation;
  }

  get mark(): Order {
    return this.#life.mark;
  }

  get witnesses(): readonly string[] {
    return this.#life.witnesses;
  }

  get livesKept(): number {
    return this.#life.livesKept;
  }

  get counts(): Memory['counts'] {
    return this.#generations.counts;
  }

  expireEarlierLives(): Promise<void> {
    if (this.#expiring === undefined) {
      this.#life.expireEarlier();
      this.#expiring = this.#append([this.#lifeEntry()]);
    }
    return this.#expiring;
  }

  lastResourceIn(incarnation: number): string | undefined {
    return this.#life.lastResourceIn(incarnation);
  }

  mayDecide(resource: string): boolean {
    return this.#life.mayDecide(resource);
  }

  settleEarlierLives(isSettled: (resource: string) => boolean): void {
    if (this.#life.settleEarlier(isSettled)) this.#appendSoon([this.#lifeEntry()]);
  }

  isCommitted(transaction: string): boolean {
    return this.#generations.has(transaction);
  }

  committedUnder(idempotencyKey: string): Holder | undefined {
    const transaction = this.#generations.under(idempotencyKey);
    return transaction === undefined ? undefined : { transaction, answer: this.#generations.answerOf(transaction) };
  }

  intentUnder(idempotencyKey: string): Intent | undefined {
    return this.#intents.under(idempotencyKey);
  }

  intents(): readonly Intent[] {
    return [...this.#intents.all()];
  }

  committed(transaction: string, idempotencyKey: string | null): void {
    if (this.#generations.has(transaction)) return;
    const answer = this.#answers.get(transaction);
    const kept = answer === undefined ? {} : { answer };
    this.#appendSoon([this.#entryOf({ type: 'committed', transaction, idempotencyKey, ...kept })]);
  }

  answer(transaction: string, answer: KeptAnswer, mode: 'durable' | 'ahead'): Promise<void> {
    const entries = [this.#entryOf({ type: 'answered', transaction, answer })];
    if (mode === 'durable') return this.#append(entries);
    this.#appendSoon(entries);
    return Promise.resolve();
  }

  dropAnswers(): void {
    for (const transaction of [...this.#answers.keys()]) {
      if (!this.#intents.has(transaction)) this.dropped(transaction);
    }
  }

  intend(intent: Intent): Promise<void> {
    return this.#append([this.#entryOf({ type: 'intent', ...intent })]);
  }

  dropped(transaction: string): void {
    if (this.#intents.has(transaction) || this.#answers.has(transaction))
      this.#appendSoon([this.#entryOf({ type: 'dropped', transaction })]);
  }

  close(): void {
    this.#clock.clearTimeout(this.#timeout);
  }

  #append(entries: readonly JournalEntry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#journal.append(entries, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** The journal's failure stops the node; a caller that writes without waiting has nothing to add to that. */
  #appendSoon(entries: readonly JournalEntry[]): void {
    this.#journal.append(entries, () => {}, 'unforced');
  }

  #lifeEntry(): JournalEntry {
    return { actor: this.#self, version, record: this.#life.record(), replaces: 'checkpoint' };
  }

  /** Takes a record in, and says how it is to be written. */
  #entryOf(record: OutcomeRecord): JournalEntry {
    this.#rotate();
    this.#apply(record, this.#current);
    return { actor: this.#addressOf(this.#current), version, record };
  }

  #addressOf({ number }: Generation): Address {
    return addressOf(this.#journal.node, outcomesName, String(number).padStart(12, '0'));
  }

  #apply(record: OutcomeRecord, generation: Generation): void {
    const { transaction } = record;
    switch (record.type) {
      case 'committed': {
        const { idempotencyKey, answer } = record;
        this.#intents.forget(transaction);
        this.#answers.delete(transaction);
        this.#generations.add(generation, transaction, idempotencyKey, answer);
        return;
      }
      case 'intent': {
        const { idempotencyKey, resource } = record;
        this.#intents.add({ transaction, idempotencyKey, resource });
        return;
      }
      case 'answered':
        this.#answers.set(transaction, record.answer);
        return;
      case 'dropped':
        this.#answers.delete(transaction);
        this.#intents.forget(transaction);
    }
  }

  #tickLater(): TimeoutHandle {
    return this.#clock.setTimeout(
      () => {
        this.#rotate();
        this.#forgetOld();
        this.#timeout = this.#tickLater();
      },
      Math.max(1, this.#generations.intervalMs),
    );
  }

  #rotate(): void {
    if (!this.#generations.isDue(this.#current)) return;
    this.#generations.close(this.#current);
    this.#current = this.#generations.open();
    this.#forgetOld();
  }

  #forgetOld(): void {
    for (let old = this.#generations.forgetOldest(); old !== undefined; old = this.#generations.forgetOldest()) {
      for (const transaction of old.forgotten) {
        const place = partsOfTransactionId(transaction);
        if (place !== undefined) this.#life.raiseMark(place);
      }
      this.#writeForgotten(old.generation);
    }
  }

  #writeForgotten(generation: Generation): void {
    // What has no end may stand in any generation, and outlives it: it moves on.
    const unsettled: OutcomeRecord[] = [
      ...[...this.#intents.all()].map((intent) => ({ type: 'intent' as const, ...intent })),
      ...[...this.#answers].map(([transaction, answer]) => ({ type: 'answered' as const, transaction, answer })),
    ];
    const carried = unsettled.map(
      (record): JournalEntry => ({ actor: this.#addressOf(this.#current), version, record }),
    );
    const gone: JournalEntry = {
      actor: this.#addressOf(generation),
      version,
      record: { type: 'forgotten' },
      replaces: 'forget',
    };
    this.#appendSoon([this.#lifeEntry(), ...carried, gone]);
  }
}
