/**
 * The transactions of a decision register, found by id, by the node of their coordinator and by idempotency key. Ended
 * ones are kept up to a number; of older ones is known that they may have been.
 */

import { type Address, nodeOf } from '../../../../statecharts/actor.ts';
import type { StateView } from '../../store/state-machine.ts';
import { type Viewed, ViewedMap } from '../../store/viewed-map.ts';
import { compareOrder, type Order, partsOfTransactionId } from '../ids.ts';
import type { RegisterEntry } from './messages.ts';
import { OpenByNode } from './open-by-node.ts';
import { type RegisterPart, viewOf } from './snapshots.ts';

export class RegisterEntries {
  /** Ended transactions that are remembered. */
  readonly #kept: number;
  /** Characters of their results. */
  readonly #keptLength: number;
  readonly #entries = new ViewedMap<RegisterEntry & Viewed>();
  readonly #open = new OpenByNode();
  readonly #keys = new Map<string, string>();
  /** In the order in which they ended. */
  readonly #ended = new Set<string>();
  /** Those of them with a result, in the same order. */
  readonly #answered = new Set<string>();
  #resultLength = 0;
  /** For each origin of ids, the latest transaction that was forgotten. */
  readonly #marks = new Map<string, Order>();

  constructor(kept: number, keptLength: number) {
    this.#kept = kept;
    this.#keptLength = keptLength;
  }

  /** Transactions that are not ended. */
  get openCount(): number {
    return this.#entries.size - this.#ended.size;
  }

  get(transaction: string): RegisterEntry | undefined {
    return this.#entries.get(transaction);
  }

  /** The transaction that holds an idempotency key. */
  holderOf(idempotencyKey: string): string | undefined {
    return this.#keys.get(idempotencyKey);
  }

  /** The first `count` open transactions of a node after `transaction`. */
  openOf(node: string, transaction: string, count: number): readonly RegisterEntry[] {
    return this.#open.after(node, transaction, count).flatMap((it) => plainEntry(this.#entries.get(it)) ?? []);
  }

  /** Whether a transaction that is not there may have been; then nothing may be written about it. */
  isForgotten(transaction: string): boolean {
    const parts = partsOfTransactionId(transaction);
    const mark = parts === undefined ? undefined : this.#marks.get(parts.origin);
    return parts !== undefined && mark !== undefined && compareOrder(parts, mark) <= 0;
  }

  add(added: RegisterEntry): void {
    this.#entries.set(added.transaction, { ...added, mark: 0 });
    if (!added.isEnded) this.#open.add(nodeOf(added.owner), added.transaction);
    const { idempotencyKey } = added;
    if (idempotencyKey !== null && added.outcome !== 'aborted') this.#keys.set(idempotencyKey, added.transaction);
  }

  change(before: RegisterEntry, changes: Partial<RegisterEntry>): RegisterEntry {
    const after = { ...before, ...changes };
    this.#entries.set(after.transaction, { ...after, mark: 0 });
    if (!before.isEnded) this.#open.remove(nodeOf(before.owner), before.transaction);
    if (!after.isEnded) this.#open.add(nodeOf(after.owner), after.transaction);
    if (after.outcome === 'aborted') this.#freeKey(after);
    return after;
  }

  end(it: RegisterEntry): void {
    this.change(it, { isEnded: true, branches: [] });
    this.#ended.add(it.transaction);
    this.#keepResult(it.transaction);
    this.#forgetOldest();
    this.#forgetOldestResults();
  }

  /** Writes down as aborted a transaction that is not there: it cannot be registered afterwards. */
  addAborted(transaction: string, epoch: number, owner: Address): RegisterEntry {
    const parts = { manager: nodeOf(owner), owner, branches: [], idempotencyKey: null };
    const aborted: RegisterEntry = { transaction, epoch, outcome: 'aborted', isEnded: true, ...parts };
    this.add(aborted);
    this.#ended.add(transaction);
    this.#forgetOldest();
    return aborted;
  }

  view(): StateView {
    const view = this.#entries.view();
    const endedThen = [...this.#ended].values();
    const marksThen = [...this.#marks].map(([origin, mark]) => ({ origin, ...mark })).values();
    return viewOf({
      entries: () => plainEntry(view.next()?.[1]),
      ended: () => endedThen.next().value,
      marks: () => marksThen.next().value,
      release: () => view.release(),
    });
  }

  clear(): void {
    this.#entries.clear();
    this.#open.clear();
    this.#keys.clear();
    this.#ended.clear();
    this.#answered.clear();
    this.#resultLength = 0;
    this.#marks.clear();
  }

  /** Takes in a part of a view. */
  restore({ entries, ended, marks }: RegisterPart): void {
    for (const it of entries) this.add(it);
    for (const it of ended) {
      this.#ended.add(it);
      this.#keepResult(it);
    }
    for (const { origin, ...mark } of marks) this.#marks.set(origin, mark);
  }

  #freeKey({ idempotencyKey, transaction }: RegisterEntry): void {
    if (idempotencyKey !== null && this.#keys.get(idempotencyKey) === transaction) this.#keys.delete(idempotencyKey);
  }

  #keepResult(transaction: string): void {
    const result = this.#entries.get(transaction)?.answer?.result;
    if (typeof result !== 'string') return;
    this.#answered.add(transaction);
    this.#resultLength += result.length;
  }

  #forgetResult(transaction: string): void {
    if (this.#answered.delete(transaction)) {
      this.#resultLength -= this.#entries.get(transaction)?.answer?.result?.length ?? 0;
    }
  }

  #forgetOldestResults(): void {
    for (const transaction of this.#answered) {
      if (this.#resultLength <= this.#keptLength) return;
      this.#forgetResult(transaction);
      const entry = this.#entries.get(transaction);
      if (entry?.answer === undefined) continue;
      this.#entries.set(transaction, { ...entry, answer: { ...entry.answer, result: null }, mark: 0 });
    }
  }

  #forgetOldest(): void {
    for (const transaction of this.#ended) {
      if (this.#ended.size <= this.#kept) return;
      this.#ended.delete(transaction);
      this.#forgetResult(transaction);
      const forgotten = this.#entries.get(transaction);
      this.#entries.delete(transaction);
      if (forgotten !== undefined) this.#freeKey(forgotten);
      const parts = partsOfTransactionId(transaction);
      if (parts === undefined) continue;
      const mark = this.#marks.get(parts.origin);
      const { incarnation, sequence } = parts;
      if (mark === undefined || compareOrder(parts, mark) > 0) this.#marks.set(parts.origin, { incarnation, sequence });
    }
  }
}

function plainEntry(found: (RegisterEntry & Viewed) | undefined): RegisterEntry | undefined {
  if (found === undefined) return undefined;
  const { mark: _, ...plain } = found;
  return plain;
}
