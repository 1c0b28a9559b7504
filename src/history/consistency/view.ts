/**
 * A view: the operations that one observer must be able to put into one order, and what has to stand before what in it. Most
 * consistency models say that views with certain operations and a certain order have a serialization: an order that is a run of
 * the sequential model.
 */

import type { Call, SequentialModel } from '../model.ts';
import type { ObjectKey, Operation } from '../operation.ts';
import { type Access, initialValue, sourcesOf } from './access.ts';

/** One operation in a view. */
export interface Step {
  readonly operation: Operation;
  readonly key: ObjectKey;
  /** Undefined for an operation that the observer does not see, and that orders others all the same. */
  readonly call: Call | undefined;
  /** Whether it leaves the state as it is. */
  readonly isReading: boolean;
  /** Whether it may be left out, as it is not known to have taken effect. */
  readonly isOptional: boolean;
  /** The steps whose value it must find, `initialSource` among them; undefined when that is not known, or nothing. */
  readonly sources: readonly number[] | undefined;
}

/** Steps, and for each the steps that stand before and after it. */
export interface View {
  readonly steps: readonly Step[];
  readonly before: readonly (readonly number[])[];
  readonly after: readonly (readonly number[])[];
}

/** How an observer sees an operation: with its answer, as a change whose answer is hidden, or only as a link of an order. */
export type Sight = 'whole' | 'change' | 'link';

interface Draft {
  readonly access: Access;
  readonly sight: Sight;
}

/** Builds a view of reads, writes and exchanges. */
export class ViewBuilder {
  readonly #model: SequentialModel<unknown>;
  readonly #drafts: Draft[] = [];
  readonly #before: number[][] = [];
  readonly #after: number[][] = [];

  constructor(model: SequentialModel<unknown>) {
    this.#model = model;
  }

  /** Adds an operation. @returns its place */
  add(access: Access, sight: Sight): number {
    this.#before.push([]);
    this.#after.push([]);
    return this.#drafts.push({ access, sight }) - 1;
  }

  /** Orders two steps. */
  order(earlier: number, later: number): void {
    this.#after[earlier]?.push(later);
    this.#before[later]?.push(earlier);
  }

  /** The view; undefined when a step read what no step wrote. */
  build(): View | undefined {
    const accesses = this.#drafts.map(({ access, sight }) => visiblePart(access, sight));
    const sources = sourcesOf(accesses, initialValue(this.#model));
    const isNeeded = accesses.map((_, place) => (this.#after[place]?.length ?? 0) > 0);
    const isUseful = accesses.map(() => false);
    const comparedKeys = new Set(accesses.flatMap(({ differs, key }) => (differs ? [key] : [])));
    for (const [reader, found] of sources.entries()) {
      if (found === undefined || accesses[reader]?.isUnknown === true) continue;
      if (found.length === 0) return undefined;
      const [only] = found;
      if (found.length === 1 && only !== undefined) isNeeded[only] = true;
    }
    for (const found of sources) for (const source of found ?? []) isUseful[source] = true;
    const steps = accesses.map((access, place): Step => {
      const mayBeAbsent = access.isUnknown && isNeeded[place] !== true;
      const isFree = mayBeAbsent || this.#isUnordered(place);
      // A write that explains nothing, and was perhaps never done or may stand at the end, is best left out.
      const isIdle = isFree && isUseful[place] !== true && access.reads === undefined && !comparedKeys.has(access.key);
      const sight = isIdle ? 'link' : (this.#drafts[place]?.sight ?? 'link');
      return {
        operation: access.operation,
        key: access.key,
        call: this.#callOf(access, sight, !mayBeAbsent),
        isReading: access.writes === undefined,
        isOptional: mayBeAbsent,
        sources: sight === 'whole' ? sources[place] : undefined,
      };
    });
    return { steps, before: this.#before, after: this.#after };
  }

  #isUnordered(place: number): boolean {
    return this.#before[place]?.length === 0 && this.#after[place]?.length === 0;
  }

  #callOf({ operation, writes }: Access, sight: Sight, tookEffect: boolean): Call | undefined {
    if (sight === 'link') return undefined;
    const { f, value, result, outcome } = operation;
    if (f === 'cas' && sight === 'change') {
      const [, next]: readonly unknown[] = Array.isArray(value) ? value : [];
      return { f: 'write' in this.#model.functions ? 'write' : 'put', value: next, known: true, result: null };
    }
    // An exchange whose value was read did take place, whatever its client knows.
    if (f === 'cas' && outcome === 'unknown' && tookEffect && writes !== undefined) {
      return { f, value, known: true, result: true };
    }
    return { f, value, known: outcome === 'ok', result };
  }
}

/** What there is to see of an operation. */
function visiblePart(access: Access, sight: Sight): Access {
  if (sight === 'whole') return access;
  if (sight === 'change') return { ...access, reads: undefined, differs: false };
  return { ...access, reads: undefined, differs: false, writes: undefined };
}
