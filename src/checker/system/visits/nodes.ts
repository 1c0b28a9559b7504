/** The steps of nodes: they crash, which their actors do together, and start again. */

import type { Address } from '../../../../statecharts/actor.ts';
import type { Model } from '../../model.ts';
import { kindCode } from '../../steps.ts';
import { elementAt } from '../../tables/interned.ts';
import { happening } from '../outcomes.ts';
import type { Visitor, VisitorParts } from './visitor.ts';

/** Visits the crashes and restarts that `crashes` allows. */
export function nodeVisitor(parts: VisitorParts, crashes: NonNullable<Model['crashes']>, crashBudget: number): Visitor {
  const { actors, nodes, nodeMembers, layout, budgets, outcomes, operations, successor } = parts;
  const { next } = successor;
  const mayCrash = nodes.map((node) => crashes.nodes?.includes(node) ?? true);
  const mayRestart = crashes.restarts ?? true;

  const crashNode = (state: Uint32Array, node: number): void => {
    successor.begin(state);
    const members = elementAt(nodeMembers, node);
    for (const actor of members) {
      const outcome = outcomes.of(state[actor] ?? 0, happening.crash, 0, 0);
      if (outcome !== undefined) next[actor] = outcome.next;
    }
    if (layout.resources >= 0) {
      const addresses: Address[] = members.map((actor) => elementAt(actors, actor).address);
      next[layout.resources] = operations.crash(next[layout.resources] ?? 0, addresses);
    }
    successor.observe({ type: 'crashed', node: elementAt(nodes, node) });
  };
  const restartNode = (state: Uint32Array, node: number): void => {
    successor.begin(state);
    successor.observe({ type: 'restarted', node: elementAt(nodes, node) });
    successor.startAll(elementAt(nodeMembers, node), happening.restart);
  };
  return (state, visit) => {
    for (let node = 0; node < nodes.length; node += 1) {
      if (mayCrash[node] !== true) continue;
      const [member = 0] = elementAt(nodeMembers, node);
      const isDown = outcomes.local(state[member] ?? 0).life === 'down';
      if (isDown) {
        if (!mayRestart) continue;
        restartNode(state, node);
        visit(kindCode.restart, node, 0, next);
      } else if (budgets.left(crashBudget, state, layout.budgets) > 0) {
        crashNode(state, node);
        budgets.spend(crashBudget, next, layout.budgets);
        visit(kindCode.crash, node, 0, next);
      }
    }
  };
}
