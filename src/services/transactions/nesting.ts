/**
 * Transactions that are begun within the function of another one of the same manager. They are transactions of their own,
 * and commit or abort by themselves. At a resource that both use, that is never what was meant: the inner one waits for the
 * locks of the outer one, which waits for it, or what it has committed stays when the outer one aborts.
 */

import { createAsyncContext, createNoContext } from '../../environment/async-context.ts';
import { NestedTransactionError } from './errors.ts';

/** A transaction, as those know it that are begun within its function. */
export interface Level {
  /** Runs the transaction's function. */
  run<R>(act: () => R): R;
  /** The transaction is to have a branch there. @throws NestedTransactionError */
  take(resource: string): void;
  /** The function is over, or its transaction. Idempotent. */
  end(): void;
}

/** Who is within whom, at one manager. */
export interface Nesting {
  /** Refuses a key for whose verdict the transaction would wait that waits for it. @throws NestedTransactionError */
  assertKeyIsFree(idempotencyKey: string | undefined): void;
  /** A transaction begins, within whichever function this is called in. */
  begin(transaction: string, idempotencyKey: string | undefined): Level;
}

interface Enclosing {
  readonly transaction: string;
  readonly idempotencyKey: string | undefined;
  around: Enclosing | undefined;
  readonly taken: Set<string>;
  /** What transactions within have taken, and which. */
  readonly takenWithin: Map<string, string>;
  isAtWork: boolean;
}

const wayOut =
  "work with the sessions that the enclosing transaction's function was given, or begin the other transaction outside of it";

/** Makes the nesting of a manager's transactions. @param nested `unchecked`: every transaction counts as outermost */
export function createNesting(nested: 'refused' | 'unchecked'): Nesting {
  const context = nested === 'refused' ? createAsyncContext<Enclosing>() : createNoContext<Enclosing>();
  let atWork = 0;
  /** The transactions around that are at work, the innermost first. */
  const around = (innermost: Enclosing | undefined): readonly Enclosing[] => {
    const found: Enclosing[] = [];
    for (let at = innermost; at !== undefined; at = at.around) if (at.isAtWork) found.push(at);
    return found;
  };
  return {
    assertKeyIsFree(idempotencyKey) {
      if (idempotencyKey === undefined) return;
      const holder = around(context.current()).find((it) => it.idempotencyKey === idempotencyKey);
      if (holder === undefined) return;
      throw new NestedTransactionError(
        `expected another idempotency key than that of transaction ${holder.transaction}, within whose function this one was to begin: each would wait for the other; ${wayOut}`,
      );
    },
    begin(transaction, idempotencyKey) {
      const own: Enclosing = {
        transaction,
        idempotencyKey,
        around: around(context.current())[0],
        taken: new Set(),
        takenWithin: new Map(),
        isAtWork: true,
      };
      atWork += 1;
      return {
        run: (act) => context.run(own, act),
        take(resource) {
          const outer = around(own.around);
          const holder = outer.find(({ taken }) => taken.has(resource));
          if (holder !== undefined) {
            throw new NestedTransactionError(
              `expected no transaction at '${resource}' within the function of transaction ${holder.transaction}, which is at work there: it would wait for locks of that one, or stay when that one aborts; ${wayOut}`,
            );
          }
          const within = own.takenWithin.get(resource);
          if (within !== undefined) {
            throw new NestedTransactionError(
              `expected no work at '${resource}' in transaction ${transaction}, within whose function transaction ${within} was at work there: both are not atomic together; ${wayOut}`,
            );
          }
          own.taken.add(resource);
          for (const it of outer) it.takenWithin.set(resource, transaction);
        },
        end() {
          if (!own.isAtWork) return;
          own.isAtWork = false;
          atWork -= 1;
          if (atWork === 0) context.rest();
          // What a function leaves running may begin another one, and so on: those that are over are not kept.
          [own.around] = around(own.around);
        },
      };
    },
  };
}
