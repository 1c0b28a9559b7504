/** Judges a history of transactions by an isolation level. */

import { Effort, type EffortLimits, type SpentLimit } from '../effort.ts';
import { HistoryOptionError } from '../errors.ts';
import { shortestCycle } from './cycles.ts';
import { type Dependency, dependenciesOf, type ExternalRead, externalReads, realTimeDependencies } from './graph.ts';
import { type AnomalyName, anomalyOf, cycleRules, type IsolationName, isolationNames } from './levels.ts';
import { originsOf, valuesShown, wrongRead } from './reads.ts';
import type { Transaction, TransactionHistory } from './transaction.ts';
import { haveOrder, type ObjectVersions, ordersOf, type TransactionKey, type Version, versionsOf } from './versions.ts';

/** What an isolation level forbids, found in a history. */
export interface Anomaly {
  readonly name: AnomalyName;
  /** Those that take part, each once. */
  readonly transactions: readonly Transaction[];
  /** The cycle, from each to the next; empty for a wrong read. */
  readonly cycle: readonly Dependency[];
}

/** What came of judging a history by one isolation level. */
export interface IsolationResult {
  readonly isolation: IsolationName;
  /** `satisfied` and `violation` are certain. */
  readonly verdict: 'satisfied' | 'violation' | 'undecided';
  /** Why, where it is `undecided`; `version-order`: the history does not tell the order of versions, and not all were tried. */
  readonly reason: SpentLimit | 'nothing-committed' | 'version-order' | undefined;
  /** The shortest one, where the verdict is `violation`. */
  readonly anomaly: Anomaly | undefined;
  /** Objects whose order of versions the history does not tell. */
  readonly unordered: readonly TransactionKey[];
  /** Transactions that took effect: those that are known to, and those of unknown outcome whose writes were read. */
  readonly committed: number;
  readonly steps: number;
  readonly elapsedMs: number;
}

/** Orders of versions that are tried. */
const mostOrders = 1_000;
/** Versions of one object whose order is tried; of more, only what is known of it is judged by. */
const mostFree = 1_000;

/**
 * Judges a history of transactions. Those that aborted matter by what others read of them alone; one of unknown outcome took effect when
 * a transaction that did has read of it, and is left out else, which can only make the history right.
 *
 * What objects a query did not find is not in a history, so phantoms are not seen: G2 is that of items.
 *
 * @throws HistoryOptionError for a limit that is not positive, and for `strict-serializable` where the history has no times
 * @example
 * judgeIsolation(readTransactions(lines), 'snapshot-isolation', { clock }).anomaly?.name // 'G-single'
 */
export function judgeIsolation(
  history: TransactionHistory,
  isolation: IsolationName,
  limits: EffortLimits,
): IsolationResult {
  const effort = new Effort(limits);
  if (isolation === 'strict-serializable' && !history.isTimed && history.transactions.length > 0) {
    throw new HistoryOptionError(
      `expected times for ${isolation}, got none; record begin and end, or judge serializable`,
    );
  }
  const committed = committedOf(history.transactions);
  const objects = versionsOf(committed);
  const finding =
    committed.length === 0 ? undecided('nothing-committed') : find(history, committed, objects, isolation, effort);
  return {
    isolation,
    reason: undefined,
    anomaly: undefined,
    ...finding,
    unordered: objects.flatMap(({ key, free }) => (free.length > 1 ? [key] : [])),
    committed: committed.length,
    steps: effort.steps,
    elapsedMs: effort.elapsedMs,
  };
}

type Finding = Pick<IsolationResult, 'verdict'> & Partial<Pick<IsolationResult, 'reason' | 'anomaly'>>;

const undecided = (reason: IsolationResult['reason']): Finding => ({ verdict: 'undecided', reason });

/** Those that took effect for certain. */
function committedOf(transactions: readonly Transaction[]): readonly Transaction[] {
  const origins = originsOf(transactions);
  const committed = new Set(transactions.filter(({ status }) => status === 'ok'));
  for (const reader of committed) {
    for (const { f, key, value } of reader.operations) {
      for (const shown of f === 'read' ? valuesShown(value) : []) {
        const writer = origins.get(key)?.get(shown)?.writer;
        // A set gives out what is added while it is walked through.
        if (writer?.status === 'unknown') committed.add(writer);
      }
    }
  }
  return transactions.filter((it) => committed.has(it));
}

function find(
  { transactions }: TransactionHistory,
  committed: readonly Transaction[],
  objects: readonly ObjectVersions[],
  isolation: IsolationName,
  effort: Effort,
): Finding {
  const wrong = wrongRead(transactions, committed);
  if (wrong !== undefined) {
    const involved = [wrong.reader, ...(wrong.other === undefined ? [] : [wrong.other])];
    return { verdict: 'violation', anomaly: { name: wrong.name, transactions: [...new Set(involved)], cycle: [] } };
  }
  const reads = readsByObject(committed);
  const realTime = isolation === 'strict-serializable' ? realTimeDependencies(committed) : [];
  // What was read and forbids every order is itself a cycle.
  if (!objects.every(haveOrder)) return certain(objects, reads, realTime, isolation, effort);
  if (objects.some(({ free }) => free.length > mostFree)) return certain(objects, reads, realTime, isolation, effort);
  let tried = 0;
  let shortest: readonly Dependency[] | undefined;
  for (const orders of choices(objects)) {
    tried += 1;
    if (tried > mostOrders) return certain(objects, reads, realTime, isolation, effort);
    const dependencies = objects.flatMap(({ key }, at) => dependenciesOf(key, orders[at] ?? [], reads.get(key) ?? []));
    const cycle = shortestCycle([...dependencies, ...realTime], cycleRules[isolation], effort);
    if (cycle === undefined) return undecided(effort.spent);
    if (cycle === 'none') return { verdict: 'satisfied' };
    if (shortest === undefined || cycle.length < shortest.length) shortest = cycle;
  }
  return shortest === undefined ? undecided('version-order') : violation(shortest);
}

function readsByObject(committed: readonly Transaction[]): Map<TransactionKey, ExternalRead[]> {
  const reads = new Map<TransactionKey, ExternalRead[]>();
  for (const read of externalReads(committed)) {
    const ofKey = reads.get(read.key);
    if (ofKey === undefined) reads.set(read.key, [read]);
    else ofKey.push(read);
  }
  return reads;
}

/** What is a cycle whatever the order of versions that the history does not tell. */
function certain(
  objects: readonly ObjectVersions[],
  reads: ReadonlyMap<TransactionKey, readonly ExternalRead[]>,
  realTime: readonly Dependency[],
  isolation: IsolationName,
  effort: Effort,
): Finding {
  const dependencies = objects.flatMap(({ key, chain, free }) => {
    const ofKey = reads.get(key) ?? [];
    const known: Dependency[] = dependenciesOf(key, chain, ofKey);
    const byValue = new Map(free.map((version) => [version.value, version.writer]));
    for (const { reader: to, value } of ofKey) {
      const from = value === undefined ? undefined : byValue.get(value);
      if (from !== undefined && from !== to) known.push({ kind: 'wr', from, to, key });
    }
    return known;
  });
  const cycle = shortestCycle([...dependencies, ...realTime], cycleRules[isolation], effort);
  if (cycle === undefined) return undecided(effort.spent);
  return cycle === 'none' ? undecided('version-order') : violation(cycle);
}

const violation = (cycle: readonly Dependency[]): Finding => ({
  verdict: 'violation',
  anomaly: { name: anomalyOf(cycle), transactions: [...new Set(cycle.map(({ from }) => from))], cycle },
});

/** Every way to choose an order of versions for each object, of which each has one. Without recursion, as there may be many. */
function* choices(objects: readonly ObjectVersions[]): Generator<readonly (readonly Version[])[]> {
  const orders: (readonly Version[])[] = [];
  const untried: Generator<readonly Version[]>[] = [];
  for (;;) {
    const object = objects[orders.length];
    if (object === undefined) yield [...orders];
    else untried.push(ordersOf(object));
    // The last object that has another order takes it; those after it begin anew.
    let next = untried.at(-1)?.next();
    while (next?.done === true) {
      untried.pop();
      orders.length = untried.length;
      next = untried.at(-1)?.next();
    }
    if (next === undefined) return;
    orders[untried.length - 1] = next.value;
    orders.length = untried.length;
  }
}

/** What a history of transactions satisfies. */
export interface StrongestIsolation {
  /** One for each level, the strongest first. */
  readonly results: readonly IsolationResult[];
  /** The strongest that is satisfied; undefined where none was shown to be. */
  readonly strongest: IsolationName | undefined;
}

/**
 * Judges a history of transactions by every isolation level; by strict serializability only where it has times.
 *
 * @throws HistoryOptionError for a limit that is not positive
 */
export function strongestIsolation(history: TransactionHistory, limits: EffortLimits): StrongestIsolation {
  const names = isolationNames.filter((name) => history.isTimed || name !== 'strict-serializable');
  const results = names.map((name) => judgeIsolation(history, name, limits));
  return { results, strongest: results.find(({ verdict }) => verdict === 'satisfied')?.isolation };
}
