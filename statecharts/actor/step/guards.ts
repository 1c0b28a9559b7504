/** Guards as functions: named ones, and those that `not()`, `and()` and `or()` make of others. */

import { type AnyStateMachine, and, type EventObject, type MachineContext, not, or } from 'xstate';
import { ActorDefinitionError } from '../errors.ts';
import { nameOf } from '../names.ts';
import { paramsOf } from './params.ts';

interface Asked {
  readonly context: MachineContext;
  readonly event: EventObject;
}

/** Whether a transition may be taken. */
export type Condition = (asked: Asked) => boolean;

/** How XState tells its composed guards apart; it does not export that. */
const checkOf = (guard: unknown): unknown =>
  typeof guard === 'function' && 'check' in guard ? guard.check : undefined;
const kinds = new Map<unknown, 'not' | 'and' | 'or'>([
  [checkOf(not('any')), 'not'],
  [checkOf(and(['any'])), 'and'],
  [checkOf(or(['any'])), 'or'],
]);

/** The guards of which another is composed, and how; undefined for any other guard. */
export function compositionOf(
  guard: unknown,
): { readonly kind: 'not' | 'and' | 'or'; readonly parts: readonly unknown[] } | undefined {
  const kind = kinds.get(checkOf(guard));
  if (kind === undefined || typeof guard !== 'function' || !('guards' in guard)) return undefined;
  return Array.isArray(guard.guards) ? { kind, parts: guard.guards } : undefined;
}

/**
 * A guard of `chart`, by its name or composed, as a function.
 *
 * @throws ActorDefinitionError for a guard that is neither
 */
export function conditionOf(chart: AnyStateMachine, guard: unknown): Condition {
  const composed = compositionOf(guard);
  if (composed !== undefined) {
    const conditions = composed.parts.map((part) => conditionOf(chart, part));
    switch (composed.kind) {
      case 'not':
        return (asked) => !conditions.some((holds) => holds(asked));
      case 'and':
        return (asked) => conditions.every((holds) => holds(asked));
      case 'or':
        return (asked) => conditions.some((holds) => holds(asked));
    }
  }
  const implementation = chart.implementations.guards[nameOf(guard) ?? ''];
  if (typeof implementation !== 'function') {
    throw new ActorDefinitionError(`machine '${chart.id}' asks a guard that it does not know; name it in setup()`);
  }
  if (compositionOf(implementation) !== undefined) return conditionOf(chart, implementation);
  const params = paramsOf(guard);
  return (asked) => Boolean(implementation(asked, typeof params === 'function' ? params(asked) : params));
}
