/**
 * What follows for the order of a view's steps from what its reads returned. Where a read can have only one source, another
 * write to the same object that stands before the read stands before the source, and one that stands after the source stands after
 * the read. Taken together until nothing new follows, that refutes most views without a search, and leaves a search little to
 * choose. It is the saturation by which Bouajjani, Enea, Guerraoui & Hamza decide causal memory ("On verifying causal
 * consistency", 2017), and Wei et al. PRAM ("Verifying Pipelined-RAM consistency over read/write traces of data replicas", 2016).
 */

import type { Effort } from '../effort.ts';
import type { ObjectKey } from '../operation.ts';
import { initialSource } from './access.ts';
import type { Step, View } from './view.ts';

/** What stands before and after each step; undefined for steps that cannot be ordered at all. */
export interface Order {
  readonly before: readonly number[][];
  readonly after: readonly number[][];
}

/** A read, the step that it must have read from, and the other writes of its object. */
interface Obligation {
  readonly read: number;
  readonly source: number;
  readonly rivals: readonly number[];
}

/** @returns the order; `contradiction` when there is none, undefined when a limit was reached */
export function inferredOrder(view: View, effort: Effort): Order | 'contradiction' | undefined {
  const order = { before: view.before.map((places) => [...places]), after: view.after.map((places) => [...places]) };
  const words = Math.ceil(view.steps.length / 32);
  const bytes = view.steps.length * words * 4;
  if (!effort.take(bytes)) return undefined;
  try {
    return saturate(order, obligationsOf(view.steps), new Ancestors(view.steps.length), effort);
  } finally {
    effort.memory.give(bytes);
  }
}

function saturate(
  order: Order,
  obligations: readonly Obligation[],
  ancestors: Ancestors,
  effort: Effort,
): Order | 'contradiction' | undefined {
  for (const { read, source } of obligations) if (source !== initialSource) link(order, source, read);
  for (const { read, source, rivals } of obligations) {
    if (source === initialSource) for (const rival of rivals) link(order, read, rival);
  }
  for (;;) {
    if (!ancestors.fill(order)) return 'contradiction';
    if (!effort.spend(order.before.length)) return undefined;
    let changed = false;
    for (const { read, source, rivals } of obligations) {
      if (source === initialSource) continue;
      if (!effort.spend(1 + Math.ceil(rivals.length / 64))) return undefined;
      for (const rival of rivals) {
        if (ancestors.has(read, rival) && !ancestors.has(source, rival)) {
          link(order, rival, source);
          changed = true;
        }
        if (ancestors.has(rival, source) && !ancestors.has(rival, read)) {
          link(order, read, rival);
          changed = true;
        }
      }
    }
    if (!changed) return order;
  }
}

function link({ before, after }: Order, earlier: number, later: number): void {
  after[earlier]?.push(later);
  before[later]?.push(earlier);
}

function obligationsOf(steps: readonly Step[]): Obligation[] {
  const writers = new Map<ObjectKey, number[]>();
  steps.forEach(({ key, call, isReading, isOptional }, place) => {
    if (call === undefined || isReading || isOptional || isRefused(call)) return;
    const ofKey = writers.get(key);
    if (ofKey === undefined) writers.set(key, [place]);
    else ofKey.push(place);
  });
  return steps.flatMap(({ key, sources, isOptional }, read) => {
    const [source] = sources ?? [];
    if (isOptional || source === undefined || sources?.length !== 1) return [];
    const rivals = (writers.get(key) ?? []).filter((place) => place !== source && place !== read);
    return [{ read, source, rivals }];
  });
}

const isRefused = ({ f, result }: NonNullable<Step['call']>): boolean => f === 'cas' && result === false;

/** For each step the set of those that stand before it, as bits. */
class Ancestors {
  readonly #words: number;
  readonly #bits: Uint32Array;
  readonly #waiting: Int32Array;

  constructor(steps: number) {
    this.#words = Math.ceil(steps / 32);
    this.#bits = new Uint32Array(steps * this.#words);
    this.#waiting = new Int32Array(steps);
  }

  has(step: number, ancestor: number): boolean {
    const word = this.#bits[step * this.#words + (ancestor >>> 5)] ?? 0;
    return ((word >>> (ancestor & 31)) & 1) === 1;
  }

  /** Computes all sets. @returns whether the order has no cycle */
  fill({ before, after }: Order): boolean {
    this.#bits.fill(0);
    const ready: number[] = [];
    before.forEach(({ length }, step) => {
      this.#waiting[step] = length;
      if (length === 0) ready.push(step);
    });
    for (let next = 0; next < ready.length; next += 1) {
      const step = ready[next] ?? 0;
      for (const later of after[step] ?? []) {
        this.#inherit(later, step);
        const waiting = (this.#waiting[later] ?? 0) - 1;
        this.#waiting[later] = waiting;
        if (waiting === 0) ready.push(later);
      }
    }
    return ready.length === before.length;
  }

  #inherit(step: number, ancestor: number): void {
    const to = step * this.#words;
    const from = ancestor * this.#words;
    for (let word = 0; word < this.#words; word += 1) {
      this.#bits[to + word] = (this.#bits[to + word] ?? 0) | (this.#bits[from + word] ?? 0);
    }
    const own = to + (ancestor >>> 5);
    this.#bits[own] = (this.#bits[own] ?? 0) | (1 << (ancestor & 31));
  }
}
