/**
 * Idempotency keys: at most one transaction commits under each. A key is free when no transaction is remembered to have
 * committed under it, none is under way with it, and no earlier life left one unsettled that others than the journal decide.
 */

import type { Clock } from '../../environment/clock.ts';
import type { Holder } from './answers.ts';
import { TransactionOutcomeUnknownError } from './errors.ts';
import { partsOfTransactionId } from './ids.ts';
import type { Intent } from './intents.ts';
import type { Memory } from './memory.ts';
import type { DecisionRegister } from './register/register.ts';
import type { Participating } from './work.ts';

export interface IdempotencyParts {
  /** The node of the manager. */
  readonly node: string;
  readonly clock: Clock;
  readonly memory: Memory;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly register: DecisionRegister | undefined;
  readonly resourceDeadlineMs: number;
  /** Whether the transaction is under way in this life of the manager. */
  isOpen(transaction: string): boolean;
}

export interface IdempotencyKeys {
  /**
   * Waits until it is certain whether a transaction has committed under a key.
   *
   * @returns that transaction, and what repetitions are answered; undefined when the key is free, unless `isTaken` says otherwise by now
   * @throws TransactionOutcomeUnknownError
   */
  committedUnder(idempotencyKey: string, untilMs: number): Promise<Holder | undefined>;
  /** Takes a key for a transaction. `verdict` resolves to undefined when no caller will hear it. */
  take(idempotencyKey: string, transaction: string, verdict: Promise<unknown>): void;
  /** Whether the key is not free, as far as that is known at once. */
  isTaken(idempotencyKey: string): boolean;
  /** The transaction's verdict is heard. */
  release(idempotencyKey: string, transaction: string): void;
  /** Finds out about every transaction of an earlier life that others were to decide, as far as its resources answer. */
  settle(): Promise<void>;
}

/** Makes the keeper of the keys of one manager. */
export function createIdempotencyKeys(parts: IdempotencyParts): IdempotencyKeys {
  const { node, clock, memory, resources, register, resourceDeadlineMs, isOpen } = parts;
  const keysInUse = new Map<string, { readonly transaction: string; readonly verdict: Promise<unknown> }>();

  type Found = 'committed' | 'aborted' | undefined;
  const outcomeAt = async (transaction: string, resource: string): Promise<Found> => {
    const held = resources[resource];
    if (held === undefined) return undefined;
    const branch = { manager: node, transaction, branch: resource };
    const absence = await held.writeAbsence(branch, { timeoutMs: resourceDeadlineMs });
    if (absence.type === 'committed') return 'committed';
    return absence.type === 'absent' ? 'aborted' : undefined;
  };
  const intentOutcome = async ({ transaction, resource }: Intent): Promise<Found> => {
    if (partsOfTransactionId(transaction)?.kind !== 'acceptors') return outcomeAt(transaction, resource);
    // Any branch may have changed nothing, which leaves no trace; where one is absent for good, nothing commits any more.
    const found = await Promise.all(memory.witnesses.map((name) => outcomeAt(transaction, name)));
    if (found.includes('committed')) return 'committed';
    return found.every((it) => it === 'aborted') ? 'aborted' : undefined;
  };
  /** Finds out about such a transaction. @returns whether it is certain now */
  const settleIntent = async (intent: Intent): Promise<boolean> => {
    if (isOpen(intent.transaction)) return false;
    const outcome = await intentOutcome(intent);
    if (outcome === 'committed') memory.committed(intent.transaction, intent.idempotencyKey);
    else if (outcome === 'aborted') memory.dropped(intent.transaction);
    return outcome !== undefined;
  };

  /** The transaction that has committed under a key; returns undefined when the key is free. */
  const committedUnder = async (idempotencyKey: string, untilMs: number): Promise<Holder | undefined> => {
    for (;;) {
      const known = memory.committedUnder(idempotencyKey);
      if (known !== undefined) return known;
      const busy = keysInUse.get(idempotencyKey);
      const intent = memory.intentUnder(idempotencyKey);
      if (busy !== undefined) {
        const remainingMs = untilMs - clock.nowMs();
        if (!(await settledWithin(busy.verdict, remainingMs))) {
          throw new TransactionOutcomeUnknownError(busy.transaction, 'it is under way with the same idempotency key');
        }
      } else if (intent !== undefined) {
        if (!(await settleIntent(intent))) {
          const detail = `'${intent.resource}' does not say for certain whether it committed there`;
          throw new TransactionOutcomeUnknownError(intent.transaction, detail);
        }
      } else {
        return register === undefined ? undefined : heldInRegister(register, idempotencyKey);
      }
    }
  };
  const heldInRegister = async (decisions: DecisionRegister, idempotencyKey: string): Promise<Holder | undefined> => {
    let holder: Awaited<ReturnType<DecisionRegister['holderOf']>>;
    try {
      holder = await decisions.holderOf(idempotencyKey, resourceDeadlineMs);
    } catch {
      // Registration asks the register again, and is refused where the key is taken.
      return undefined;
    }
    if (holder === null || holder.outcome === 'aborted') return undefined;
    if (holder.outcome === 'committed') return { transaction: holder.transaction, answer: holder.answer };
    throw new TransactionOutcomeUnknownError(holder.transaction, 'another transaction with this key is under way');
  };
  /** Whether `promise` settles in time. */
  const settledWithin = (promise: Promise<unknown>, timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timeout = clock.setTimeout(() => resolve(false), Math.max(0, timeoutMs));
      promise.then((verdict) => {
        clock.clearTimeout(timeout);
        resolve(verdict !== undefined);
      });
    });

  return {
    committedUnder,
    take: (idempotencyKey, transaction, verdict) => void keysInUse.set(idempotencyKey, { transaction, verdict }),
    release(idempotencyKey, transaction) {
      if (keysInUse.get(idempotencyKey)?.transaction === transaction) keysInUse.delete(idempotencyKey);
    },
    isTaken: (idempotencyKey) => keysInUse.has(idempotencyKey) || memory.committedUnder(idempotencyKey) !== undefined,
    async settle() {
      await Promise.all(memory.intents().map(settleIntent));
    },
  };
}
