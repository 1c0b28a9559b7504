/** Turns the numbers of the search back into steps that people can read. */

import { ModelError } from '../errors.ts';
import { type ModelStep, stepKinds } from '../steps.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';

/** The step `kind` with numbers `a` and `b` that was visited in `state`. */
export function describeStep<History>(
  system: System<History>,
  state: Uint32Array,
  kind: number,
  a: number,
  b: number,
): ModelStep {
  const { model, envelopes, outcomes, operations, nodes } = system;
  const addressOf = (actor: number) => elementAt(model.actors, actor).address;
  const type = elementAt(stepKinds, kind);
  switch (type) {
    case 'deliver':
    case 'duplicate':
    case 'lose':
      return { type, ...envelopes.at(a) };
    case 'local': {
      const [first] = outcomes.local(state[a] ?? 0).inbox;
      if (first === undefined) throw new ModelError(`nothing was said to '${addressOf(a)}'`);
      return { type, from: first.from, to: addressOf(a), message: first.message };
    }
    case 'timer': {
      const timer = elementAt(outcomes.timers, b);
      return { type, actor: addressOf(a), delay: timer.delay, state: timer.state };
    }
    case 'request': {
      return { type, ...outcomes.asked.at(b) };
    }
    case 'flush':
      return { type, actor: addressOf(a) };
    case 'crash':
    case 'restart':
      return { type, node: elementAt(nodes, a) };
    case 'execute':
    case 'answer':
    case 'unknown': {
      const { operation, result } = elementAt(operations.moves(a), b);
      const { id, resource, actor } = operation;
      if (type === 'unknown') return { type, actor, id };
      if (type === 'answer' && result !== undefined) return { type, actor, id, result };
      return { type: 'execute', resource, id, ...(result !== undefined && { result }) };
    }
    case 'change': {
      const { resource, name, of } = elementAt(operations.ownMoves(a), b);
      return { type, resource, name, of };
    }
    case 'unreachable':
      return { type, actor: addressOf(a), node: elementAt(nodes, b) };
    case 'tick':
      return { type };
  }
}
