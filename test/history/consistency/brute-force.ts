/** Consistency models by their definitions: every order is tried, nothing is inferred or remembered. For a few operations. */

import type { SequentialModel } from '../../../src/history/model.ts';
import { same } from '../../../src/history/model.ts';
import type { History, Operation } from '../../../src/history/operation.ts';
import type { ConsistencyName } from '../../../src/history.ts';
import { isLinearizable } from '../support/brute-force.ts';

/** Whether `later` stands after `earlier`. */
type Precedes = (earlier: Operation, later: Operation) => boolean;

const isRead = ({ f, outcome, result }: Operation): boolean =>
  outcome === 'ok' && (f === 'read' || (f === 'cas' && result !== undefined));
const isWrite = ({ f, outcome, result }: Operation): boolean =>
  f === 'write' || (f === 'cas' && !(outcome === 'ok' && result === false));
const pairOf = ({ value }: Operation): readonly unknown[] => (Array.isArray(value) ? value : []);
const written = (operation: Operation): unknown => (operation.f === 'cas' ? pairOf(operation)[1] : operation.value);
const found = (operation: Operation): unknown => (operation.f === 'cas' ? pairOf(operation)[0] : operation.result);

const inTurn: Precedes = (earlier, later) =>
  earlier.process === later.process && earlier.outcome === 'ok' && earlier.index < later.index;

/** Whether the needed ones of `operations`, and any of the others, have an order that is a run of the model. */
function hasSerialization(
  operations: readonly Operation[],
  needed: ReadonlySet<Operation>,
  precedes: Precedes,
  model: SequentialModel<unknown>,
  observer: Operation['process'] | undefined,
): boolean {
  const apply = (state: unknown, operation: Operation): unknown => {
    const { f, value, outcome, result } = operation;
    if (observer !== undefined && operation.process !== observer) return written(operation);
    if (f === 'cas' && outcome === 'unknown' && needed.has(operation)) {
      return model.step(state, { f, value, known: true, result: true });
    }
    return model.step(state, { f, value, known: outcome === 'ok', result });
  };
  const go = (rest: readonly Operation[], states: ReadonlyMap<Operation['key'], unknown>): boolean => {
    if (!rest.some((operation) => needed.has(operation))) return true;
    return rest.some((operation) => {
      if (rest.some((other) => needed.has(other) && precedes(other, operation))) return false;
      const next = apply(states.has(operation.key) ? states.get(operation.key) : model.initial, operation);
      if (next === undefined) return false;
      return go(
        // One that is left out now, and would have to stand before, is left out for good.
        rest.filter((other) => other !== operation && !precedes(other, operation)),
        new Map([...states, [operation.key, next]]),
      );
    });
  };
  return go(operations, new Map());
}

/**
 * Every way to say which write each read returned, and each exchange of unknown outcome that another one returned; undefined stands
 * for the initial value.
 */
function* writesInto(
  operations: readonly Operation[],
  initial: unknown,
): Generator<Map<Operation, Operation | undefined>> {
  const reads = operations.filter((it) => isRead(it) && !(it.f === 'cas' && it.result === false));
  function* go(
    rest: readonly Operation[],
    known: ReadonlyMap<Operation, Operation | undefined>,
  ): Generator<Map<Operation, Operation | undefined>> {
    const [first, ...others] = rest;
    if (first === undefined) {
      yield new Map(known);
      return;
    }
    const sources: (Operation | undefined)[] = operations.filter(
      (it) => it !== first && isWrite(it) && it.key === first.key && same(written(it), found(first)),
    );
    if (same(initial, found(first))) sources.push(undefined);
    for (const source of sources) {
      const hasRead = source?.f === 'cas' && source.outcome === 'unknown';
      const isNew = hasRead && !known.has(source) && !rest.includes(source);
      yield* go(isNew ? [...others, source] : others, new Map([...known, [first, source]]));
    }
  }
  yield* go(reads, new Map());
}

function closure(operations: readonly Operation[], precedes: Precedes): Precedes | undefined {
  const after = new Map(operations.map((it) => [it, new Set(operations.filter((other) => precedes(it, other)))]));
  for (const middle of operations) {
    for (const set of after.values()) if (set.has(middle)) for (const end of after.get(middle) ?? []) set.add(end);
  }
  if (operations.some((it) => after.get(it)?.has(it))) return undefined;
  return (earlier, later) => after.get(earlier)?.has(later) === true;
}

const answered = (operations: readonly Operation[]): Operation[] =>
  operations.filter(({ outcome }) => outcome === 'ok');

/** For each process: whether what it sees has a serialization in the order that `precedesFor` gives. */
function everyProcess(
  operations: readonly Operation[],
  needed: readonly Operation[],
  precedesFor: (process: Operation['process']) => Precedes,
  model: SequentialModel<unknown>,
): boolean {
  return [...new Set(operations.map(({ process }) => process))].every((process) => {
    const seen = operations.filter((it) => it.process === process || isWrite(it));
    const mine = new Set(needed.filter((it) => seen.includes(it)));
    return hasSerialization(seen, mine, precedesFor(process), model, process);
  });
}

function someWritesInto(
  operations: readonly Operation[],
  model: SequentialModel<unknown>,
  precedesFor: (into: ReadonlyMap<Operation, Operation | undefined>, process: Operation['process']) => Precedes,
): boolean {
  for (const into of writesInto(operations, model.initial)) {
    const needed = [...answered(operations), ...[...into.values()].flatMap((source) => source ?? [])];
    if (everyProcess(operations, needed, (process) => precedesFor(into, process), model)) return true;
  }
  return false;
}

/** Whether `history`, of reads, writes and `cas`, satisfies the consistency model. */
export function satisfies(history: History, model: SequentialModel<unknown>, name: ConsistencyName): boolean {
  const operations = history.operations.filter(
    ({ outcome, f }) => outcome !== 'failed' && !(outcome === 'unknown' && f === 'read'),
  );
  const ownReads =
    (process: Operation['process']): Precedes =>
    (one, other) =>
      one.process === process && inTurn(one, other) && isRead(one) && isRead(other);
  switch (name) {
    case 'linearizable':
      return isLinearizable(history, model);
    case 'sequential':
      return hasSerialization(operations, new Set(answered(operations)), inTurn, model, undefined);
    case 'causal':
      return someWritesInto(
        operations,
        model,
        (into) => closure(operations, (one, other) => inTurn(one, other) || into.get(other) === one) ?? (() => true),
      );
    case 'pram':
      return everyProcess(operations, answered(operations), () => inTurn, model);
    case 'monotonic-reads':
      return everyProcess(operations, answered(operations), ownReads, model);
    case 'read-your-writes':
      return everyProcess(
        operations,
        answered(operations),
        (process) => (one, other) => one.process === process && inTurn(one, other) && isWrite(one) && isRead(other),
        model,
      );
    case 'monotonic-writes':
      return everyProcess(
        operations,
        answered(operations),
        (process) => (one, other) =>
          ownReads(process)(one, other) || (inTurn(one, other) && isWrite(one) && isWrite(other)),
        model,
      );
    case 'writes-follow-reads':
      return someWritesInto(operations, model, (into, process) => (one, other) => {
        if (ownReads(process)(one, other)) return true;
        return [...into].some(([read, source]) => source === one && isWrite(other) && inTurn(read, other));
      });
    case 'eventual':
      throw new Error('eventual consistency is no matter of orders');
  }
}
