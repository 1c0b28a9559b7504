/**
 * The resources of a model and the operations under way at them, interned as one value. What may happen next there is
 * worked out once per such value.
 */

import { type Address, canonicalKey, type Perform, type Result, type Tagged } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import type { ResourceModel } from '../resources.ts';
import { createInterned } from '../tables/interned.ts';

/** An operation that was asked for. */
export interface Operation {
  readonly actor: Address;
  readonly id: string;
  readonly resource: string;
  readonly operation: Tagged;
  /** Set once it was carried out. */
  readonly result?: Result;
  /** The answer is not waited for any more: its asker has crashed, or was told `unknown`. */
  readonly isOrphan?: true;
}

/** All resources, and the operations that are not answered. */
export interface Resources {
  readonly states: Readonly<Record<string, unknown>>;
  readonly operations: readonly Operation[];
}

/** Something that may happen at the resources. */
export interface Move {
  readonly type: 'execute' | 'answer' | 'unknown';
  readonly next: number;
  readonly operation: Operation;
  readonly result: Result;
}

export interface Operations {
  /** Before anything is asked, with other first states of the resources in `starts`. */
  initial(starts?: Readonly<Record<string, unknown>>): number;
  at(resources: number): Resources;
  /** The resources after `actor` has asked for `asked`. */
  start(resources: number, actor: Address, asked: Perform): number;
  /** What may happen next. */
  moves(resources: number): readonly Move[];
  /** The resources after the actors among `addresses` have crashed. */
  crash(resources: number, addresses: readonly Address[]): number;
}

/** Makes the resources of a model; `actors` without operations cost nothing. */
export function createOperations(models: Readonly<Record<string, ResourceModel>>): Operations {
  const interned = createInterned<Resources>();
  const movesOf = new Map<number, readonly Move[]>();
  /** By what was asked, as the object that a remembered step holds, and by resources and asker. */
  const startsOf = new WeakMap<Perform, Map<string, number>>();
  /** By resources and the actors that crashed. */
  const crashesOf = new Map<string, number>();
  // Operations of different actors run concurrently: their order in the list carries no meaning.
  const idOf = ({ states, operations }: Resources): number => {
    const keyed = operations.map((operation) => ({ operation, key: canonicalKey(operation) }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return interned.idOf({ states, operations: keyed.map(({ operation }) => operation) });
  };
  const without = ({ operations }: Resources, index: number): Operation[] =>
    operations.filter((_operation, at) => at !== index);

  const movesAt = (resources: Resources): readonly Move[] =>
    resources.operations.flatMap((operation, index): Move[] => {
      const { actor, id, resource, result, isOrphan } = operation;
      const rest = without(resources, index);
      if (result !== undefined) {
        const next = idOf({ ...resources, operations: rest });
        const error = `no answer from '${resource}'`;
        return [
          { type: 'answer', next, operation, result },
          { type: 'unknown', next, operation, result: { type: 'unknown', error } },
        ];
      }
      const model = Object.hasOwn(models, resource) ? models[resource] : undefined;
      if (model === undefined) throw new ModelError(`'${actor}' performs on '${resource}', which the model lacks`);
      const executed = model
        .perform(resources.states[resource], operation.operation, { actor, id })
        .map(({ state, result: answer }): Move => {
          const states = { ...resources.states, [resource]: state };
          const done = isOrphan === true ? rest : [...rest, { ...operation, result: answer }];
          return { type: 'execute', next: idOf({ states, operations: done }), operation, result: answer };
        });
      if (isOrphan === true) return executed;
      const orphaned = idOf({ ...resources, operations: [...rest, { ...operation, isOrphan: true }] });
      const unknown: Result = { type: 'unknown', error: `no answer from '${resource}'` };
      return [...executed, { type: 'unknown', next: orphaned, operation, result: unknown }];
    });

  return {
    initial: (starts = {}) =>
      idOf({
        states: Object.fromEntries(
          Object.entries(models).map(([name, { start }]) => [name, Object.hasOwn(starts, name) ? starts[name] : start]),
        ),
        operations: [],
      }),
    at: interned.at,
    start(resources, actor, asked) {
      const starts = startsOf.get(asked) ?? new Map<string, number>();
      startsOf.set(asked, starts);
      return remembered(starts, `${resources} ${actor}`, () => {
        const { id, resource, operation } = asked;
        const now = interned.at(resources);
        return idOf({ ...now, operations: [...now.operations, { actor, id, resource, operation }] });
      });
    },
    moves(resources) {
      let moves = movesOf.get(resources);
      if (moves === undefined) {
        moves = movesAt(interned.at(resources));
        movesOf.set(resources, moves);
      }
      return moves;
    },
    crash(resources, addresses) {
      return remembered(crashesOf, `${resources} ${addresses.join(' ')}`, () => {
        const now = interned.at(resources);
        const operations = now.operations.flatMap((operation): Operation[] => {
          if (!addresses.includes(operation.actor)) return [operation];
          return operation.result === undefined ? [{ ...operation, isOrphan: true }] : [];
        });
        return idOf({ ...now, operations });
      });
    },
  };
}

/** What is known under `key`, worked out the first time. */
function remembered(known: Map<string, number>, key: string, compute: () => number): number {
  const found = known.get(key);
  if (found !== undefined) return found;
  const value = compute();
  known.set(key, value);
  return value;
}
