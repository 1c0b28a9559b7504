/** The steps of resources: they execute operations and answer them, or their deadlines end the wait; and what they do by themselves. */

import { kindCode } from '../../steps.ts';
import { elementAt } from '../../tables/interned.ts';
import { happening } from '../outcomes.ts';
import type { Visitor, VisitorParts } from './visitor.ts';

/** Visits what may become of operations, and of resources without one. */
export function resourceVisitor(parts: VisitorParts, unknownBudget: number): Visitor {
  const { actors, layout, budgets, outcomes, operations, successor } = parts;
  const { next } = successor;
  const indexOf = new Map(actors.map(({ address }, index) => [address, index]));
  return (state, visit, watch) => {
    const before = state[layout.resources] ?? 0;
    const moves = operations.moves(before);
    for (let index = 0; index < moves.length; index += 1) {
      const move = elementAt(moves, index);
      successor.begin(state);
      next[layout.resources] = move.next;
      if (move.result === undefined || move.type === 'execute') {
        visit(kindCode.execute, before, index, next);
        continue;
      }
      if (move.type === 'unknown') {
        if (budgets.left(unknownBudget, state, layout.budgets) === 0) {
          watch?.withheld?.(kindCode.unknown, before, index);
          continue;
        }
        budgets.spend(unknownBudget, next, layout.budgets);
      }
      const actor = indexOf.get(move.operation.actor) ?? 0;
      const answer = outcomes.answers.idOf({ type: 'performed', id: move.operation.id, result: move.result });
      const outcome = outcomes.of(state[actor] ?? 0, happening.answer, answer, successor.instantOf(state));
      if (outcome !== undefined) successor.apply(actor, outcome, -1);
      visit(move.type === 'unknown' ? kindCode.unknown : kindCode.answer, before, index, next);
    }
    const own = operations.ownMoves(before);
    for (let index = 0; index < own.length; index += 1) {
      const move = elementAt(own, index);
      // A change that changes nothing is no step.
      if (move.next === before) continue;
      successor.begin(state);
      next[layout.resources] = move.next;
      visit(kindCode.change, before, index, next);
    }
  };
}
