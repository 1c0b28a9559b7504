/** The steps of the network: it delivers, loses and duplicates envelopes. */

import type { Model } from '../../model.ts';
import { kindCode } from '../../steps.ts';
import { createEnvelopeBuffer } from '../network.ts';
import { happening } from '../outcomes.ts';
import type { Visitor, VisitorParts } from './visitor.ts';

/** Visits what may happen to the envelopes in transit. */
export function networkVisitor(
  parts: VisitorParts,
  kind: NonNullable<Model['network']>['kind'],
  lossBudget: number,
  duplicateBudget: number,
): Visitor {
  const { layout, budgets, envelopes, networks, outcomes, successor, isStep } = parts;
  const { next } = successor;
  const keeps = kind === 'duplicating';
  // In a queue, what a chart ignores must still make way for what stands behind it.
  const isQueued = kind === 'ordered';
  const inTransit = createEnvelopeBuffer();
  return (state, visit) => {
    const before = state[layout.network] ?? 0;
    const length = networks.read(before, inTransit);
    const mayLose = budgets.left(lossBudget, state, layout.budgets) > 0;
    const mayRepeat = !keeps && budgets.left(duplicateBudget, state, layout.budgets) > 0;
    for (let at = 0; at < length; at += 1) {
      if (!networks.isDeliverable(inTransit, at)) continue;
      const envelope = inTransit[at] ?? 0;
      const actor = envelopes.addresseeOf(envelope);
      const outcome = outcomes.of(state[actor] ?? 0, happening.receive, envelope, successor.instantOf(state));
      if (mayLose) {
        successor.begin(state);
        next[layout.network] = networks.update(before, envelope, []);
        budgets.spend(lossBudget, next, layout.budgets);
        visit(kindCode.lose, envelope, 0, next);
      }
      if (outcome === undefined || !(isQueued || isStep(outcome))) continue;
      successor.begin(state);
      successor.apply(actor, outcome, keeps ? -1 : envelope);
      visit(kindCode.deliver, envelope, 0, next);
      if (!mayRepeat) continue;
      successor.begin(state);
      budgets.spend(duplicateBudget, next, layout.budgets);
      successor.apply(actor, outcome, -1);
      visit(kindCode.duplicate, envelope, 0, next);
    }
  };
}
