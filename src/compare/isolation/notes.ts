/** What transactions of several statements found and left, noted as it is answered, as a history of transactions. */

import { readTransactions, type TransactionHistory, type TransactionStatus } from '../../history.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { Statements, Step } from './statements.ts';

/** What a statement found, or left. */
export interface Answered {
  readonly step: Step;
  readonly balance: number;
}

/** One transaction, as its client saw it. */
export interface NotedStatements {
  readonly id: string;
  readonly client: number;
  readonly beginMs: number;
  endMs: number;
  status: TransactionStatus;
  readonly answered: Answered[];
}

/** Begins the note of a transaction, of which nothing is known yet. */
export const noteOf = ({ id }: Statements, client: number, beginMs: number): NotedStatements => ({
  id,
  client,
  beginMs,
  endMs: beginMs,
  status: 'unknown',
  answered: [],
});

const statuses: Readonly<Record<OperationEnd['type'], TransactionStatus>> = {
  ok: 'ok',
  failed: 'aborted',
  unknown: 'unknown',
};

/** Its client hears how it ended. */
export function endNote(note: NotedStatements, { type }: OperationEnd, endMs: number): void {
  note.status = statuses[type];
  note.endMs = endMs;
}

/**
 * The history. Balances only grow, and say who wrote them: they are told by the names of their writers, and numbered in their order.
 * A balance that none has left is told as it is, and the judge finds that no transaction wrote it.
 */
export function historyOf(notes: readonly NotedStatements[]): TransactionHistory {
  const left = new Map<string, Map<number, string>>();
  for (const { id, answered } of notes) {
    for (const { step, balance } of answered) {
      if (step.f === 'write') left.set(step.account, (left.get(step.account) ?? new Map()).set(balance, id));
    }
  }
  const orders = new Map(
    [...left].map(([account, writers]) => [account, [...writers.keys()].sort((one, other) => one - other)]),
  );
  const operationOf = ({ step: { f, account }, balance }: Answered) => {
    const writer = left.get(account)?.get(balance);
    const version = orders.get(account)?.indexOf(balance) ?? -1;
    const value = writer ?? (balance === 0 ? null : balance);
    return { f, key: account, value, ...(version < 0 ? {} : { version }) };
  };
  return readTransactions(
    notes.map(({ id, client, beginMs, endMs, status, answered }) =>
      JSON.stringify({
        id,
        session: client,
        status,
        begin: beginMs,
        end: endMs,
        operations: answered.map(operationOf),
      }),
    ),
  );
}
