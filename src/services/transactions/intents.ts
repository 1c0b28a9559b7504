/** Transactions under an idempotency key that others than the journal decide, and whose end a manager may not know. */

/** Such a transaction; `resource` is one of those that will know. */
export interface Intent {
  readonly transaction: string;
  readonly idempotencyKey: string;
  readonly resource: string;
}

export interface Intents {
  add(intent: Intent): void;
  /** Its end is known. */
  forget(transaction: string): void;
  has(transaction: string): boolean;
  /** The latest under a key. */
  under(idempotencyKey: string): Intent | undefined;
  all(): Iterable<Intent>;
}

/** Makes an empty table of intents. */
export function createIntents(): Intents {
  const intents = new Map<string, Intent>();
  const byKey = new Map<string, string>();
  return {
    add(intent) {
      intents.set(intent.transaction, intent);
      byKey.set(intent.idempotencyKey, intent.transaction);
    },
    forget(transaction) {
      const intent = intents.get(transaction);
      if (intent === undefined) return;
      intents.delete(transaction);
      if (byKey.get(intent.idempotencyKey) === transaction) byKey.delete(intent.idempotencyKey);
    },
    has: (transaction) => intents.has(transaction),
    under(idempotencyKey) {
      const transaction = byKey.get(idempotencyKey);
      return transaction === undefined ? undefined : intents.get(transaction);
    },
    all: () => intents.values(),
  };
}
