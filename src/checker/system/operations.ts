/**
 * The resources of a model and the operations under way at them, interned as one value. What may happen next there is
 * worked out once per such value.
 */

import type { Address, Perform, Result, Tagged } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import type { ResourceModel, ResourceStep } from '../resources.ts';
import { createInterned } from '../tables/interned.ts';
import { createPartKeys } from '../tables/parts.ts';

/** An operation that was asked for. */
export interface Operation {
  readonly actor: Address;
  readonly id: string;
  readonly resource: string;
  readonly operation: Tagged;
  /** What its resource made of the state in which it was asked. */
  readonly connection?: unknown;
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

/** Something that may happen to an operation. */
export interface Move {
  readonly type: 'execute' | 'answer' | 'unknown';
  readonly next: number;
  readonly operation: Operation;
  /** Absent where the operation was carried out in part. */
  readonly result?: Result;
}

/** Something that may happen to a resource by itself. */
export interface OwnMove {
  readonly next: number;
  readonly resource: string;
  readonly name: string;
  readonly of: string;
}

/** What became of an operation as it was asked. */
export interface Started {
  readonly next: number;
  readonly answer?: Result;
}

export interface Operations {
  /** Before anything is asked, with other first states of the resources in `starts`. */
  initial(starts?: Readonly<Record<string, unknown>>): number;
  at(resources: number): Resources;
  /** The resources after `actor` has asked for `asked`, and the answer if that comes at once. */
  start(resources: number, actor: Address, asked: Perform): Started;
  /** What may happen next. */
  moves(resources: number): readonly Move[];
  /** What the resources may do by themselves. */
  ownMoves(resources: number): readonly OwnMove[];
  /** The resources after the actors among `addresses` have crashed. */
  crash(resources: number, addresses: readonly Address[]): number;
}

/** Makes the resources of a model; `actors` without operations cost nothing. */
export function createOperations(models: Readonly<Record<string, ResourceModel>>): Operations {
  const interned = createInterned<Resources>();
  const keyOf = createPartKeys();
  const movesOf = new Map<number, readonly Move[]>();
  const ownMovesOf = new Map<number, readonly OwnMove[]>();
  const changing = Object.entries(models).filter(([, { changes }]) => changes !== undefined);
  /** The name in the model of the resource that a part belongs to. */
  const ownerOf = new Map(
    Object.entries(models).flatMap(([name, { parts = [name] }]) => parts.map((it) => [it, name])),
  );
  /** By what was asked, as the object that a remembered step holds, and by resources and asker. */
  const startsOf = new WeakMap<Perform, Map<string, Started>>();
  /** By resources and the actors that crashed. */
  const crashesOf = new Map<string, number>();
  // Operations of different actors run concurrently: their order in the list carries no meaning.
  const idOf = ({ states, operations }: Resources): number => {
    const keyed = operations.map((operation) => ({ operation, key: keyOf(operation) }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const key = `${keyOf(states)} ${keyed.map((it) => it.key).join(' ')}`;
    return interned.idOf({ states, operations: keyed.map(({ operation }) => operation) }, key);
  };
  const without = ({ operations }: Resources, index: number): Operation[] =>
    operations.filter((_operation, at) => at !== index);

  const ownerAt = (actor: Address, part: string): readonly [ResourceModel, string] => {
    const owner = ownerOf.get(part) ?? '';
    const model = Object.hasOwn(models, owner) ? models[owner] : undefined;
    if (model === undefined) throw new ModelError(`'${actor}' performs on '${part}', which the model lacks`);
    return [model, owner];
  };
  const ownMovesAt = (resources: Resources): readonly OwnMove[] =>
    changing.flatMap(([resource, model]): readonly OwnMove[] =>
      (model.changes?.(resources.states[resource]) ?? []).map(({ name, of, state }) => ({
        next: idOf({ ...resources, states: { ...resources.states, [resource]: state } }),
        resource,
        name,
        of,
      })),
    );

  const started = (now: Resources, actor: Address, { id, resource, operation }: Perform): Started => {
    const [model, owner] = ownerAt(actor, resource);
    const connection = model.connect?.(now.states[owner], { actor, part: resource });
    if (model.isAtOnce?.(operation) !== true) {
      const connected = connection === undefined ? {} : { connection };
      return {
        next: idOf({ ...now, operations: [...now.operations, { actor, id, resource, operation, ...connected }] }),
      };
    }
    const [step, other] = model.perform(now.states[owner], operation, { actor, id, part: resource, connection });
    if (step === undefined || !('result' in step) || other !== undefined) {
      throw new ModelError(`expected '${operation.type}' at '${resource}' to end at once, in one way`);
    }
    return { next: idOf({ ...now, states: { ...now.states, [owner]: step.state } }), answer: step.result };
  };

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
      const [model, owner] = ownerAt(actor, resource);
      const { connection } = operation;
      const executed = model
        .perform(resources.states[owner], operation.operation, { actor, id, part: resource, connection })
        .map((step): Move => {
          const states = { ...resources.states, [owner]: step.state };
          const after = afterwards(operation, step);
          const isOver = isOrphan === true && 'result' in step;
          const next = idOf({ states, operations: isOver ? rest : [...rest, after] });
          return { type: 'execute', next, operation, ...('result' in step && { result: step.result }) };
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
      const starts = startsOf.get(asked) ?? new Map<string, Started>();
      startsOf.set(asked, starts);
      return remembered(starts, `${resources} ${actor}`, () => started(interned.at(resources), actor, asked));
    },
    moves: (resources) => remembered(movesOf, resources, () => movesAt(interned.at(resources))),
    ownMoves: (resources) => remembered(ownMovesOf, resources, () => ownMovesAt(interned.at(resources))),
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

/** An operation after it was carried out, or a part of it. */
function afterwards(operation: Operation, step: ResourceStep): Operation {
  return 'result' in step ? { ...operation, result: step.result } : { ...operation, operation: step.rest };
}

/** What is known under `key`, worked out the first time. */
function remembered<Key, Value>(known: Map<Key, Value>, key: Key, compute: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const value = compute();
  known.set(key, value);
  return value;
}
