/** The steps of actors: what they do by themselves, what is asked of them, and what they hear of unreachable nodes. */

import { nodeOf } from '../../../../statecharts/actor.ts';
import { kindCode } from '../../steps.ts';
import { elementAt } from '../../tables/interned.ts';
import { exhausted, unlimited } from '../budgets.ts';
import type { Conditions } from '../conditions.ts';
import { happening } from '../outcomes.ts';
import type { Visit, Watch } from './visit.ts';
import type { Visitor, VisitorParts } from './visitor.ts';

/** Visits what depends on nothing but the local states: timers, flushes and local messages. */
export function ownVisitor(parts: VisitorParts, timerBudgets: readonly number[]): Visitor {
  const { layout, budgets, outcomes, successor } = parts;
  const { next } = successor;

  const visitActor = (state: Uint32Array, actor: number, visit: Visit, watch: Watch | undefined): void => {
    const local = state[actor] ?? 0;
    const own = outcomes.ownHappenings(local);
    for (let at = 0; at < own.length; at += 2) {
      const kind = own[at] ?? 0;
      const number = own[at + 1] ?? 0;
      const budget = kind === happening.fire ? elementAt(timerBudgets, number) : unlimited;
      if (budgets.left(budget, state, layout.budgets) === 0) {
        watch?.withheld?.(kindCode.timer, actor, number);
        continue;
      }
      const outcome = outcomes.of(local, kind, number, successor.instantOf(state));
      if (outcome === undefined) continue;
      successor.begin(state);
      budgets.spend(budget, next, layout.budgets);
      successor.apply(actor, outcome, -1);
      const code =
        kind === happening.fire ? kindCode.timer : kind === happening.flush ? kindCode.flush : kindCode.local;
      visit(code, actor, number, next);
    }
  };
  return (state, visit, watch) => {
    for (let actor = 0; actor < layout.actors; actor += 1) visitActor(state, actor, visit, watch);
  };
}

/** Visits what the application asks. `requestActors` and `requestBudgets` are by the index of the request. */
export function requestVisitor(
  parts: VisitorParts,
  conditions: Conditions,
  requestActors: readonly number[],
  requestBudgets: readonly number[],
): Visitor {
  const { layout, budgets, outcomes, successor, isStep } = parts;
  const { next } = successor;
  return (state, visit) => {
    for (let index = 0; index < requestActors.length; index += 1) {
      const budget = requestBudgets[index] ?? exhausted;
      if (budgets.left(budget, state, layout.budgets) === 0) continue;
      const actor = requestActors[index] ?? 0;
      if (outcomes.local(state[actor] ?? 0).life !== 'running') continue;
      const fixed = conditions.fixed(index);
      if (fixed >= 0 && outcomes.isKnownNoStep(state[actor] ?? 0, fixed, successor.instantOf(state))) continue;
      const asked = conditions.askedIn(index, state);
      for (let at = 0; at < asked.length; at += 1) {
        const number = asked[at] ?? 0;
        const outcome = outcomes.of(state[actor] ?? 0, happening.request, number, successor.instantOf(state));
        if (outcome === undefined || !isStep(outcome)) continue;
        successor.begin(state);
        budgets.spend(budget, next, layout.budgets);
        successor.apply(actor, outcome, -1);
        visit(kindCode.request, index, number, next);
      }
    }
  };
}

/** Visits the notices that a node is unreachable. */
export function noticeVisitor(parts: VisitorParts, unreachableBudget: number): Visitor {
  const { actors, nodes, layout, budgets, outcomes, successor } = parts;
  const { next } = successor;
  const hears = actors.map(({ definition }) => definition.hearsUnreachable);
  return (state, visit, watch) => {
    const isSpent = budgets.left(unreachableBudget, state, layout.budgets) === 0;
    if (isSpent && watch?.withheld === undefined) return;
    for (let actor = 0; actor < actors.length; actor += 1) {
      if (hears[actor] !== true) continue;
      for (let node = 0; node < nodes.length; node += 1) {
        if (nodes[node] === nodeOf(elementAt(actors, actor).address)) continue;
        if (isSpent) {
          if (outcomes.local(state[actor] ?? 0).life === 'running') {
            watch?.withheld?.(kindCode.unreachable, actor, node);
          }
          continue;
        }
        const outcome = outcomes.of(state[actor] ?? 0, happening.unreachable, node, successor.instantOf(state));
        if (outcome === undefined) continue;
        successor.begin(state);
        budgets.spend(unreachableBudget, next, layout.budgets);
        successor.apply(actor, outcome, -1);
        visit(kindCode.unreachable, actor, node, next);
      }
    }
  };
}
