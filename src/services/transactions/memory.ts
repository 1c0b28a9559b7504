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
import type { Clock } from '../../environment/clock.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { compareOrder, type Order, partsOfTransactionId } from './ids.ts';
import { type LastResource, lastResourceIn, type Surroundings, withLife, withoutSettled } from './last-resources.ts';
import {
  type LifeRecord,
  managerAddress,
  managerRecords,
  type OutcomeRecord,
  outcomeRecords,
  outcomesName,
  memoryVersion as version,
} from './memory-records.ts';

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
  /** Up to here, what is not remembered may have been forgotten, here and by the resources. */
  readonly mark: Order;
  /**
   * The resources of this life, and of all since one let resources forget: each may have committed by itself what nobody
   * here has heard of.
   */
  readonly witnesses: readonly string[];
  /** How many lives, this one included, have begun since one let resources forget. */
  readonly livesKept: number;
  /**
   * Raises the mark to the end of the earlier lives. Resources may forget when it has resolved: what one of them
   * committed by itself, and nobody here has heard of, is then known to nobody. @throws what the journal failed with
   */
  expireEarlierLives(): Promise<void>;
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
  let forgetful = 0;
  let witnesses: readonly string[] = surroundings.resources;
  let expiring: Promise<void> | undefined;

  const append = (entries: readonly JournalEntry[]): Promise<void> =>
    new Promise((resolve, reject) => {
      journal.append(entries, (error) => (error === undefined ? resolve() : reject(error)));
    });
  /** The journal's failure stops the node; whoever writes without waiting has nothing to add to that. */
  const appendSoon = (entries: readonly JournalEntry[]): void => journal.append(entries, () => {}, 'unforced');
  const lifeEntry = (): JournalEntry => {
    const record: LifeRecord = {
      type: 'life',
      incarnation,
      mark,
      lastResources: [...lastResources],
      forgetful,
      witnesses: [...witnesses],
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
    forgetful = life.forgetful ?? life.incarnation;
    witnesses = [...new Set([...life.witnesses, ...surroundings.resources])];
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
    get witnesses() {
      return witnesses;
    },
    get livesKept() {
      return incarnation - forgetful;
    },
    expireEarlierLives() {
      expiring ??= (() => {
        forgetful = incarnation;
        witnesses = surroundings.resources;
        const end = { incarnation: incarnation - 1, sequence: Number.MAX_SAFE_INTEGER };
        if (compareOrder(end, mark) > 0) mark = end;
        return append([lifeEntry()]);
      })();
      return expiring;
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
