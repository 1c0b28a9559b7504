/** Linearizability by its definition: tries every order, remembers nothing, leaves nothing out. For a few operations. */

import type { SequentialModel } from '../../../src/history/model.ts';
import type { History, Operation } from '../../../src/history/operation.ts';

const answeredAt = ({ outcome, completedAt }: Operation): number =>
  outcome === 'ok' && completedAt !== undefined ? completedAt.line : Number.POSITIVE_INFINITY;

const callOf = ({ f, value, outcome, result }: Operation) => ({ f, value, known: outcome === 'ok', result });

/** Whether all operations of `history`, whatever their keys, are a run of one object per key. */
export function isLinearizable(history: History, model: SequentialModel<unknown>): boolean {
  const keys = new Set(history.operations.map(({ key }) => key));
  return [...keys].every((key) => furthest(objectOf(history, key), model) === Number.POSITIVE_INFINITY);
}

/** The operations of one object that did not fail. */
export const objectOf = (history: History, key: Operation['key']): Operation[] =>
  history.operations.filter((operation) => operation.key === key && operation.outcome !== 'failed');

/** The line of the first answer that no order explains, or infinity. */
export function furthest(operations: readonly Operation[], model: SequentialModel<unknown>): number {
  const go = (rest: readonly Operation[], state: unknown): number => {
    const deadline = Math.min(...rest.map(answeredAt));
    if (deadline === Number.POSITIVE_INFINITY) return deadline;
    let best = deadline;
    for (const operation of rest) {
      if (operation.invokedAt.line > deadline) continue;
      const next = model.step(state, callOf(operation));
      if (next === undefined) continue;
      best = Math.max(
        best,
        go(
          rest.filter((other) => other !== operation),
          next,
        ),
      );
    }
    return best;
  };
  return go(operations, model.initial);
}
