/**
 * What a manager remembers beyond the lives of its coordinators: which life this is, which resource was the last one in
 * earlier lives, which transactions committed and under which idempotency keys, which one-phase commits were begun under
 * a key, and how far it has forgotten.
 *
 * Outcomes are kept in generations, each under an address of its own, so that forgetting one costs one record. The mark
 * of what is forgotten is written in the same atomic append: a committed transaction is either remembered, or below it.
 */

import * as v from 'valibot';
import { type Address, addressOf, parseTagged, partsOf, type TaggedBy } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { compareOrder, type Order, partsOfTransactionId } from './ids.ts';
import {
  type LastResource,
  lastResource,
  lastResourceIn,
  type Surroundings,
  withLife,
  withoutSettled,
} from './last-resources.ts';

const version = 1;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const order = v.object({ incarnation: count, sequence: count });
const managerRecords = {
  /** Replaces the one before it. */
  life: v.object({ incarnation: count, mark: order, lastResources: v.array(lastResource) }),
};
const outcomeRecords = {
  committed: v.object({ transaction: v.string(), idempotencyKey: v.nullable(v.string()) }),
  /** A commit in one phase is about to be asked for under a key: the resource alone will know whether it happened. */
  intent: v.object({ transaction: v.string(), idempotencyKey: v.string(), resource: v.string() }),
  /** It did not happen. */
  dropped: v.object({ transaction: v.string() }),
};
type OutcomeRecord = TaggedBy<typeof outcomeRecords>;

/** A commit in one phase under an idempotency key, of which the manager does not know yet how it ended. */
export interface Intent {
  readonly transaction: string;
  readonly idempotencyKey: string;
  readonly resource: string;
}

/** How much is remembered: for `retentionMs`, or for the last `maxOutcomes` transactions, whichever ends first. */
export interface MemoryLimits {
  readonly retentionMs: number;
  readonly maxOutcomes: number;
}

export interface Memory {
  /** The present life of the manager, from 1. */
  readonly incarnation: number;
  /** Resolves when this life is durable; nothing may be begun before. @throws what the journal failed with */
  readonly ready: Promise<void>;
  /** The last resource of a life of the manager; undefined when it had none, or when that is not known any more. */
  lastResourceIn(incarnation: number): string | undefined;
  /** Whether earlier lives may have left branches prepared whose decision only this resource knows. */
  mayDecide(resource: string): boolean;
  /** Forgets the last resources of earlier lives of which nothing is prepared any more; `isSettled` says where not. */
  settleEarlierLives(isSettled: (resource: string) => boolean): void;
  /** Up to here, what is not remembered may have been forgotten. */
  readonly mark: Order;
  isCommitted(transaction: string): boolean;
  /** The transaction that committed under a key. */
  committedUnder(idempotencyKey: string): string | undefined;
  intentUnder(idempotencyKey: string): Intent | undefined;
  intents(): readonly Intent[];
  /** Remembers a commit that is durable elsewhere, so nobody waits for this. Repeating it is safe. */
  committed(transaction: string, idempotencyKey: string | null): void;
  /** Resolves when the intent is durable. @throws what the journal failed with */
  intend(intent: Intent): Promise<void>;
  /** The intent came to nothing. */
  dropped(transaction: string): void;
  /** Committed transactions that are remembered, and how many were forgotten before their retention was over. */
  readonly counts: { readonly outcomes: number; readonly keys: number; readonly forgottenEarly: number };
  /** Stops the timers. */
  close(): void;
}

interface Generation {
  readonly number: number;
  readonly sinceMs: number;
  /** When nothing was added any more. */
  closedMs: number | undefined;
  readonly transactions: Map<string, string | null>;
}

/** A generation covers this share of the retention. */
const generations = 8;

const managerName = 'txn.manager';
const outcomesName = 'txn.outcomes';

/** The address under which a manager keeps its records, and its endpoint answers. */
export const managerAddress = (node: string): Address => addressOf(node, managerName);

/**
 * Opens what the journal keeps of a manager, and begins a new life of it.
 *
 * @throws RefusedInputError for records that this program does not read
 */
export function openMemory(
  journal: Journal,
  clock: Clock,
  limits: MemoryLimits,
  surroundings: Omit<Surroundings, 'incarnation'>,
): Memory {
  const self = managerAddress(journal.node);
  const outcomesAddress = (generation: number): Address =>
    addressOf(journal.node, outcomesName, String(generation).padStart(12, '0'));
  const committed = new Map<string, Generation>();
  const keys = new Map<string, string>();
  const intents = new Map<string, Intent>();
  const intentKeys = new Map<string, string>();
  const kept: Generation[] = [];
  let forgottenEarly = 0;
  let incarnation = 1;
  let mark: Order = { incarnation: 0, sequence: 0 };
  let lastResources: readonly LastResource[] = [];

  const append = (entries: readonly JournalEntry[]): Promise<void> =>
    new Promise((resolve, reject) => {
      journal.append(entries, (error) => (error === undefined ? resolve() : reject(error)));
    });
  /** The journal's failure stops the node; whoever writes without waiting has nothing to add to that. */
  const appendSoon = (entries: readonly JournalEntry[]): void => journal.append(entries, () => {}, 'unforced');
  const lifeEntry = (): JournalEntry => {
    const record: TaggedBy<typeof managerRecords> = {
      type: 'life',
      incarnation,
      mark,
      lastResources: [...lastResources],
    };
    return { actor: self, version, record, replaces: 'checkpoint' };
  };
  const apply = (record: OutcomeRecord, generation: Generation): void => {
    const { transaction } = record;
    switch (record.type) {
      case 'committed': {
        const { idempotencyKey } = record;
        forgetIntent(transaction);
        generation.transactions.set(transaction, idempotencyKey);
        committed.set(transaction, generation);
        if (idempotencyKey !== null) keys.set(idempotencyKey, transaction);
        return;
      }
      case 'intent': {
        const { idempotencyKey, resource } = record;
        intents.set(transaction, { transaction, idempotencyKey, resource });
        intentKeys.set(idempotencyKey, transaction);
        return;
      }
      case 'dropped':
        forgetIntent(transaction);
    }
  };
  const forgetIntent = (transaction: string): void => {
    const intent = intents.get(transaction);
    if (intent === undefined) return;
    intents.delete(transaction);
    if (intentKeys.get(intent.idempotencyKey) === transaction) intentKeys.delete(intent.idempotencyKey);
  };
  const openGeneration = (number: number): Generation => {
    const generation: Generation = { number, sinceMs: clock.nowMs(), closedMs: undefined, transactions: new Map() };
    kept.push(generation);
    return generation;
  };

  for (const { record } of journal.take(self)) {
    const life = parseTagged(self, 'record', managerRecords, record);
    incarnation = life.incarnation + 1;
    mark = life.mark;
    lastResources = life.lastResources;
  }
  const life: Surroundings = { ...surroundings, incarnation };
  lastResources = withLife(lastResources, life);
  for (const address of journal.actors().filter((it) => partsOf(it).name === outcomesName)) {
    const generation = openGeneration(Number(partsOf(address).key));
    generation.closedMs = clock.nowMs();
    for (const { record } of journal.take(address)) {
      apply(parseTagged(address, 'record', outcomeRecords, record), generation);
    }
  }
  let current = openGeneration((kept.at(-1)?.number ?? 0) + 1);
  const entryOf = (record: OutcomeRecord): JournalEntry => {
    rotate();
    apply(record, current);
    return { actor: outcomesAddress(current.number), version, record };
  };

  const rotate = (): void => {
    const ageMs = clock.nowMs() - current.sinceMs;
    const isFull = current.transactions.size >= Math.ceil(limits.maxOutcomes / generations);
    if (current.transactions.size === 0 || (!isFull && ageMs < limits.retentionMs / generations)) return;
    current.closedMs = clock.nowMs();
    current = openGeneration(current.number + 1);
    forgetOld();
  };
  const forgetOld = (): void => {
    for (let oldest = kept[0]; oldest !== undefined && oldest !== current; oldest = kept[0]) {
      const isOver = clock.nowMs() - (oldest.closedMs ?? oldest.sinceMs) >= limits.retentionMs;
      const isTooMuch = committed.size > limits.maxOutcomes;
      if (!isOver && !isTooMuch) return;
      kept.shift();
      forget(oldest, isOver);
    }
  };
  const forget = (generation: Generation, isOver: boolean): void => {
    const carried: JournalEntry[] = [];
    for (const [transaction, idempotencyKey] of generation.transactions) {
      if (committed.get(transaction) !== generation) continue;
      committed.delete(transaction);
      if (idempotencyKey !== null && keys.get(idempotencyKey) === transaction) keys.delete(idempotencyKey);
      if (!isOver) forgottenEarly += 1;
      const parts = partsOfTransactionId(transaction);
      if (parts !== undefined && compareOrder(parts, mark) > 0) {
        mark = { incarnation: parts.incarnation, sequence: parts.sequence };
      }
    }
    // Intents may stand in any generation, and outlive it: those without an end move on.
    for (const intent of intents.values()) {
      const record: OutcomeRecord = { type: 'intent', ...intent };
      carried.push({ actor: outcomesAddress(current.number), version, record });
    }
    const gone: JournalEntry = {
      actor: outcomesAddress(generation.number),
      version,
      record: { type: 'forgotten' },
      replaces: 'forget',
    };
    appendSoon([lifeEntry(), ...carried, gone]);
  };

  const intervalMs = Math.max(1, limits.retentionMs / generations);
  let timeout = clock.setTimeout(tick, intervalMs);
  function tick(): void {
    rotate();
    forgetOld();
    timeout = clock.setTimeout(tick, intervalMs);
  }
  const ready = append([lifeEntry()]);
  ready.catch(() => undefined);

  return {
    incarnation,
    ready,
    get mark() {
      return mark;
    },
    lastResourceIn: (of) => lastResourceIn(lastResources, of),
    mayDecide: (resource) => lastResources.some((it) => it.from < incarnation && it.last === resource),
    settleEarlierLives(isSettled) {
      const left = withoutSettled(lastResources, life, isSettled);
      if (left.length === lastResources.length && left.every((it, index) => it === lastResources[index])) return;
      lastResources = left;
      appendSoon([lifeEntry()]);
    },
    isCommitted: (transaction) => committed.has(transaction),
    committedUnder: (idempotencyKey) => keys.get(idempotencyKey),
    intentUnder(idempotencyKey) {
      const transaction = intentKeys.get(idempotencyKey);
      return transaction === undefined ? undefined : intents.get(transaction);
    },
    intents: () => [...intents.values()],
    committed(transaction, idempotencyKey) {
      if (committed.has(transaction)) return;
      appendSoon([entryOf({ type: 'committed', transaction, idempotencyKey })]);
    },
    intend: (intent) => append([entryOf({ type: 'intent', ...intent })]),
    dropped(transaction) {
      if (intents.has(transaction)) appendSoon([entryOf({ type: 'dropped', transaction })]);
    },
    get counts() {
      return { outcomes: committed.size, keys: keys.size, forgottenEarly };
    },
    close: () => clock.clearTimeout(timeout),
  };
}
