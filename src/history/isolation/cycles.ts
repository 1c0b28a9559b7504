/** The shortest cycle of dependencies that an isolation level forbids. */

import type { Effort } from '../effort.ts';
import type { Dependency, DependencyKind } from './graph.ts';
import type { Transaction } from './transaction.ts';

/** Which cycles are looked for. */
export interface CycleRule {
  readonly kinds: readonly DependencyKind[];
  /** Whether two anti-dependencies may stand next to each other. */
  readonly adjacentAntiDependencies: boolean;
}

interface Reached {
  readonly by: Dependency;
  readonly from: Reached | undefined;
  readonly length: number;
}

/** @returns the dependencies of the cycle in order; `none`, or undefined when a limit was reached */
export function shortestCycle(
  dependencies: readonly Dependency[],
  rule: CycleRule,
  effort: Effort,
): readonly Dependency[] | 'none' | undefined {
  const next = new Map<Transaction, Dependency[]>();
  for (const dependency of dependencies) {
    if (!rule.kinds.includes(dependency.kind)) continue;
    const list = next.get(dependency.from);
    if (list === undefined) next.set(dependency.from, [dependency]);
    else list.push(dependency);
  }
  let shortest: Reached | undefined;
  for (const start of inCycles(next)) {
    const found = cycleFrom(start, next, rule, shortest?.length ?? Number.POSITIVE_INFINITY, effort);
    if (found === undefined) return undefined;
    if (found !== 'none') shortest = found;
    if (shortest?.length === 2) break;
  }
  return shortest === undefined ? 'none' : pathTo(shortest);
}

/** A cycle through `start` that is shorter than `below`: breadth first. */
function cycleFrom(
  start: Transaction,
  next: ReadonlyMap<Transaction, readonly Dependency[]>,
  rule: CycleRule,
  below: number,
  effort: Effort,
): Reached | 'none' | undefined {
  // A cycle without adjacent anti-dependencies can be begun with another dependency, after which one may follow.
  const seen = { true: new Set<Transaction>(), false: new Set<Transaction>() };
  let wave: { at: Transaction; mayAnti: boolean; reached: Reached | undefined }[] = [
    { at: start, mayAnti: rule.adjacentAntiDependencies, reached: undefined },
  ];
  for (let length = 1; wave.length > 0 && length < below; length += 1) {
    const following: typeof wave = [];
    for (const { at, mayAnti, reached } of wave) {
      for (const by of next.get(at) ?? []) {
        if (!effort.spend(1)) return undefined;
        if (by.kind === 'rw' && !mayAnti) continue;
        const here = { by, from: reached, length };
        if (by.to === start) return here;
        const mayAntiNext = rule.adjacentAntiDependencies || by.kind !== 'rw';
        const known = seen[mayAntiNext ? 'true' : 'false'];
        if (known.has(by.to) || seen.true.has(by.to)) continue;
        known.add(by.to);
        following.push({ at: by.to, mayAnti: mayAntiNext, reached: here });
      }
    }
    wave = following;
  }
  return 'none';
}

function pathTo(reached: Reached): Dependency[] {
  const path: Dependency[] = [];
  for (let at: Reached | undefined = reached; at !== undefined; at = at.from) path.unshift(at.by);
  return path;
}

/** Transactions that may be in a cycle: what is left when those are taken away, again and again, that nothing leads to. */
function inCycles(next: ReadonlyMap<Transaction, readonly Dependency[]>): Transaction[] {
  const incoming = new Map<Transaction, number>();
  for (const [from, list] of next) {
    incoming.set(from, incoming.get(from) ?? 0);
    for (const { to } of list) incoming.set(to, (incoming.get(to) ?? 0) + 1);
  }
  const free = [...incoming].flatMap(([it, count]) => (count === 0 ? [it] : []));
  for (let it = free.pop(); it !== undefined; it = free.pop()) {
    incoming.delete(it);
    for (const { to } of next.get(it) ?? []) {
      const count = (incoming.get(to) ?? 0) - 1;
      incoming.set(to, count);
      if (count === 0) free.push(to);
    }
  }
  return [...incoming.keys()].filter((it) => next.has(it)).sort((one, other) => one.index - other.index);
}
