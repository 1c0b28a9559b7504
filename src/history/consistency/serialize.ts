/**
 * Searches an order of a view's steps that keeps to what has to stand before what, and that is a run of the sequential model.
 * Depth first, with a memory of what led nowhere (steps done, and the values of all objects), as in the search for linearizability.
 * A read that is possible is done at once, since it changes nothing; a write that would hide a value which is still to be read is
 * not tried; and writes are tried in the order in which reads need them.
 */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import type { Effort, SpentLimit } from '../effort.ts';
import type { SequentialModel } from '../model.ts';
import type { ObjectKey, Operation } from '../operation.ts';
import { initialSource } from './access.ts';
import { inferredOrder, type Order } from './order.ts';
import type { View } from './view.ts';

/** What came of a search. */
export type Serialization =
  | { readonly verdict: 'satisfied'; readonly order: readonly Operation[] }
  | { readonly verdict: 'violation' }
  | { readonly verdict: 'undecided'; readonly reason: SpentLimit };

/** Searches a serialization of `view`; undefined stands for a view with a read that nothing explains. */
export function serialize(view: View | undefined, model: SequentialModel<unknown>, effort: Effort): Serialization {
  if (view === undefined) return { verdict: 'violation' };
  const order = inferredOrder(view, effort);
  if (order === 'contradiction') return { verdict: 'violation' };
  if (order === undefined) return { verdict: 'undecided', reason: effort.spent ?? 'steps' };
  const search = new SerializationSearch(view, order, model);
  let takenBytes = 0;
  const result = ((): Serialization => {
    for (;;) {
      const status = search.advance();
      if (status === 'found') return { verdict: 'satisfied', order: search.path() };
      if (status === 'exhausted') return { verdict: 'violation' };
      const bytes = search.bytes - takenBytes;
      takenBytes = search.bytes;
      if (!effort.take(bytes)) takenBytes -= bytes;
      effort.spend(search.takeSteps());
      if (effort.spent !== undefined) return { verdict: 'undecided', reason: effort.spent };
    }
  })();
  effort.memory.give(takenBytes);
  return result;
}

/** A step that was done, and what it changed. */
interface Done {
  readonly step: number;
  readonly state: unknown;
  readonly writer: number;
}

interface Frame {
  /** How many steps were done when it began. */
  readonly depth: number;
  /** The rank of the write that was tried last. */
  tried: number;
}

/** Bytes of a remembered configuration beside its key. */
const overheadBytes = 64;

class SerializationSearch {
  readonly #view: View;
  readonly #after: Order['after'];
  readonly #model: SequentialModel<unknown>;
  /** For each step, how early its effect is needed. */
  readonly #rank: Int32Array;
  readonly #waiting: Int32Array;
  /** Steps whose turn may be now. */
  readonly #open = new Set<number>();
  readonly #path: Done[] = [];
  readonly #done: Uint16Array;
  readonly #states = new Map<ObjectKey, unknown>();
  readonly #writers = new Map<ObjectKey, number>();
  /** For each step, how many reads that are still to be done can have no other source. */
  readonly #unread: Int32Array;
  readonly #initialUnread = new Map<ObjectKey, number>();
  readonly #visited = new Set<string>();
  readonly #stateNumbers = new Map<string, number>();
  readonly #frames: Frame[] = [];
  #needed = 0;
  #steps = 0;
  bytes = 0;

  constructor(view: View, order: Order, model: SequentialModel<unknown>) {
    const { steps } = view;
    this.#view = view;
    this.#after = order.after;
    this.#model = model;
    this.#rank = ranksOf(view, order.before);
    this.#waiting = Int32Array.from(order.before, ({ length }) => length);
    this.#done = new Uint16Array(Math.ceil(steps.length / 16));
    this.#unread = new Int32Array(steps.length);
    steps.forEach(({ key, isOptional }, step) => {
      this.#states.set(key, model.initial);
      this.#writers.set(key, initialSource);
      if (!isOptional) this.#needed += 1;
      this.#expectRead(step, 1);
      if (this.#waiting[step] === 0) this.#open.add(step);
    });
    this.#enter();
  }

  /** Tries one more write, or goes back. */
  advance(): 'found' | 'exhausted' | 'searching' {
    if (this.#needed === 0) return 'found';
    const frame = this.#frames.at(-1);
    if (frame === undefined) return 'exhausted';
    const next = this.#nextWrite(frame.tried);
    if (next === undefined) {
      this.#frames.pop();
      this.#undoTo(this.#frames.at(-1)?.depth ?? 0);
      return 'searching';
    }
    frame.tried = this.#rank[next.step] ?? 0;
    this.#do(next.step, next.state);
    if (!this.#enter()) this.#undoTo(frame.depth);
    return 'searching';
  }

  /** Steps since it was last asked. */
  takeSteps(): number {
    const steps = this.#steps;
    this.#steps = 0;
    return steps;
  }

  /** The operations, in the order that was found. */
  path(): Operation[] {
    return this.#path.flatMap(({ step }) => {
      const { call, operation } = this.#view.steps[step] ?? {};
      return call === undefined || operation === undefined ? [] : [operation];
    });
  }

  /** Does what costs nothing. @returns whether the configuration is a new one */
  #enter(): boolean {
    this.#doReads();
    if (this.#needed === 0) return true;
    const key = this.#configuration();
    if (this.#visited.has(key)) return false;
    this.#visited.add(key);
    this.bytes += overheadBytes + key.length * 2;
    this.#frames.push({ depth: this.#path.length, tried: -1 });
    return true;
  }

  #doReads(): void {
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const step of this.#open) {
        const { call, isReading, key } = this.#view.steps[step] ?? {};
        this.#steps += 1;
        if (call !== undefined && (isReading !== true || this.#stateAfter(step) === undefined)) continue;
        this.#do(step, this.#states.get(key));
        isChanged = true;
      }
    }
  }

  /** The state after `step`; undefined where it is not possible now. */
  #stateAfter(step: number): unknown {
    const { call, key } = this.#view.steps[step] ?? {};
    return call === undefined ? undefined : this.#model.step(this.#states.get(key), call);
  }

  /** The possible write that is needed first, of those that rank after `tried`. */
  #nextWrite(tried: number): { step: number; state: unknown } | undefined {
    let best: { step: number; state: unknown } | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const step of this.#open) {
      this.#steps += 1;
      const rank = this.#rank[step] ?? 0;
      if (rank <= tried || rank >= bestRank || this.#view.steps[step]?.isReading === true) continue;
      if (this.#hides(step)) continue;
      const state = this.#stateAfter(step);
      if (state === undefined) continue;
      best = { step, state };
      bestRank = rank;
    }
    return best;
  }

  /** Whether a write would hide a value that another step must still find. */
  #hides(step: number): boolean {
    const { key, sources, isOptional } = this.#view.steps[step] ?? {};
    const writer = this.#writers.get(key) ?? initialSource;
    const unread = writer === initialSource ? (this.#initialUnread.get(key) ?? 0) : (this.#unread[writer] ?? 0);
    const readsItItself = isOptional !== true && sources?.length === 1 && sources[0] === writer;
    return unread > (readsItItself ? 1 : 0);
  }

  #expectRead(step: number, by: number): void {
    const { sources, isOptional, key } = this.#view.steps[step] ?? {};
    const [source] = sources ?? [];
    if (isOptional === true || source === undefined || sources?.length !== 1) return;
    if (source === initialSource) this.#initialUnread.set(key, (this.#initialUnread.get(key) ?? 0) + by);
    else this.#unread[source] = (this.#unread[source] ?? 0) + by;
  }

  #do(step: number, state: unknown): void {
    const { key, call, isReading, isOptional } = this.#view.steps[step] ?? {};
    this.#path.push({ step, state: this.#states.get(key), writer: this.#writers.get(key) ?? initialSource });
    if (call !== undefined && isReading !== true) {
      this.#states.set(key, state);
      // An exchange that found another value has written nothing.
      if (call.result !== false) this.#writers.set(key, step);
    }
    this.#mark(step, isOptional === true ? 0 : -1);
    this.#open.delete(step);
    this.#expectRead(step, -1);
    for (const later of this.#after[step] ?? []) {
      const waiting = (this.#waiting[later] ?? 0) - 1;
      this.#waiting[later] = waiting;
      if (waiting === 0) this.#open.add(later);
    }
  }

  #undoTo(depth: number): void {
    while (this.#path.length > depth) {
      const done = this.#path.pop();
      if (done === undefined) return;
      const { step, state, writer } = done;
      const { key, isOptional } = this.#view.steps[step] ?? {};
      for (const later of this.#after[step] ?? []) {
        if (this.#waiting[later] === 0) this.#open.delete(later);
        this.#waiting[later] = (this.#waiting[later] ?? 0) + 1;
      }
      this.#states.set(key, state);
      this.#writers.set(key, writer);
      this.#expectRead(step, 1);
      this.#mark(step, isOptional === true ? 0 : 1);
      this.#open.add(step);
    }
  }

  #mark(step: number, needed: number): void {
    this.#needed += needed;
    this.#done[step >>> 4] = (this.#done[step >>> 4] ?? 0) ^ (1 << (step & 15));
  }

  /** Equal for configurations from which the same can follow. */
  #configuration(): string {
    let key = '';
    for (let from = 0; from < this.#done.length; from += 4_096) {
      key += String.fromCharCode(...this.#done.subarray(from, from + 4_096));
    }
    for (const state of this.#states.values()) key += `,${this.#numberOf(state)}`;
    return key;
  }

  #numberOf(state: unknown): number {
    const key = canonicalKey(state);
    const known = this.#stateNumbers.get(key);
    if (known !== undefined) return known;
    this.#stateNumbers.set(key, this.#stateNumbers.size);
    return this.#stateNumbers.size - 1;
  }
}

/** Ranks steps: reads in the order of their invocation, before each what stands before it, and last what no read needs. */
function ranksOf({ steps }: View, before: Order['before']): Int32Array {
  const rank = new Int32Array(steps.length).fill(-1);
  let next = 0;
  const needed = steps.flatMap(({ sources, isReading }, step) => (isReading || sources !== undefined ? [step] : []));
  const isEntered = new Uint8Array(steps.length);
  for (const root of [...needed, ...steps.keys()]) {
    const stack = [root];
    while (stack.length > 0) {
      const step = stack.at(-1) ?? 0;
      if (isEntered[step] === 1) {
        stack.pop();
        if (rank[step] === -1) rank[step] = next++;
        continue;
      }
      isEntered[step] = 1;
      const sources = (steps[step]?.sources ?? []).filter((source) => source !== initialSource);
      for (const earlier of [...sources.slice(0, 1), ...(before[step] ?? [])]) {
        if (isEntered[earlier] !== 1) stack.push(earlier);
      }
    }
  }
  return rank;
}
