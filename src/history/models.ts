/** The sequential models that come with the checker: registers, a key-value store, a queue. */

import { HistoryOptionError, UnknownModelError } from './errors.ts';
import { keyValueWithLoss, type LossOptions } from './loss.ts';
import {
  acknowledgement,
  anything,
  type Call,
  type FunctionShape,
  mayReturn,
  nothing,
  type SequentialModel,
  type Shape,
  same,
  something,
} from './model.ts';
import { keyValueWithRanges } from './ranges.ts';

const reading: FunctionShape = { value: nothing, result: anything };
const writing: FunctionShape = { value: anything, result: acknowledgement };
const comparing: FunctionShape = {
  value: {
    form: 'a pair [expected, new]',
    read: (given) => (Array.isArray(given) && given.length === 2 ? given : undefined),
  },
  result: {
    form: 'no value, true or the invoked pair (it was exchanged), or false (it was compared, and found different)',
    read: (given, invoked) => {
      if (given === false) return false;
      return given === true || acknowledgement.read(given, invoked) === null ? true : undefined;
    },
  },
};

const read = (state: unknown, call: Call): unknown => (mayReturn(call, state) ? state : undefined);

function compareAndSet(state: unknown, call: Call): unknown {
  const [expected, next]: readonly unknown[] = Array.isArray(call.value) ? call.value : [];
  const exchanged = same(state, expected);
  return mayReturn(call, exchanged) ? (exchanged ? next : state) : undefined;
}

const isReadOnly = (call: Call): boolean =>
  call.f === 'read' || call.f === 'get' || (call.f === 'cas' && call.result === false);

/** How a model begins. */
export interface ModelOptions {
  /** The value of every object before the first write. Default null: nothing there. */
  readonly initial?: unknown;
}

/** A register: `write` sets it, `read` returns what was set last. */
export function register({ initial = null }: ModelOptions = {}): SequentialModel<unknown> {
  return {
    name: 'register',
    stateName: 'value',
    keys: 'optional',
    functions: { read: reading, write: writing },
    initial,
    isReadOnly,
    step: (state, call) => (call.f === 'read' ? read(state, call) : call.value),
  };
}

/** A register with `cas`, which sets the new value where it finds the expected one. */
export function casRegister({ initial = null }: ModelOptions = {}): SequentialModel<unknown> {
  return {
    name: 'cas-register',
    stateName: 'value',
    keys: 'optional',
    functions: { read: reading, write: writing, cas: comparing },
    initial,
    isReadOnly,
    step(state, call) {
      if (call.f === 'read') return read(state, call);
      return call.f === 'cas' ? compareAndSet(state, call) : call.value;
    },
  };
}

const appendable: Shape = {
  form: 'a string or an array',
  read: (given) => (typeof given === 'string' || Array.isArray(given) ? given : undefined),
};

function append(state: unknown, value: unknown): unknown {
  if (state === null) return value;
  if (typeof state === 'string' && typeof value === 'string') return state + value;
  if (Array.isArray(state) && Array.isArray(value)) return [...state, ...value];
  return undefined;
}

/**
 * A key-value store: `put`, `get` (null where there is nothing), `delete`, `cas` (with null for nothing there), and
 * `append`, which joins strings to strings and arrays to arrays, takes nothing for empty, and cannot succeed on others.
 */
export function keyValue({ initial = null }: ModelOptions = {}): SequentialModel<unknown> {
  return {
    name: 'kv',
    stateName: 'value',
    keys: 'required',
    functions: {
      get: reading,
      put: writing,
      append: { value: appendable, result: acknowledgement },
      delete: { value: nothing, result: acknowledgement },
      cas: comparing,
    },
    initial,
    isReadOnly,
    step(state, call) {
      switch (call.f) {
        case 'get':
          return read(state, call);
        case 'append':
          return append(state, call.value);
        case 'delete':
          return null;
        case 'cas':
          return compareAndSet(state, call);
        default:
          return call.value;
      }
    },
  };
}

/** A first-in-first-out queue: `enqueue`, and `dequeue`, which returns null when the queue is empty. */
export function queue(): SequentialModel<readonly unknown[]> {
  return {
    name: 'queue',
    stateName: 'queue',
    keys: 'optional',
    functions: {
      enqueue: { value: something, result: acknowledgement },
      dequeue: { value: nothing, result: anything },
    },
    initial: [],
    isReadOnly: (call) => call.f === 'dequeue' && call.result === null,
    step(state, call) {
      if (call.f === 'enqueue') return [...state, call.value];
      const [head = null, ...rest] = state;
      return mayReturn(call, head) ? rest : undefined;
    },
  };
}

/** The names that `modelNamed` knows. */
export const modelNames = ['register', 'cas-register', 'kv', 'kv-with-loss', 'kv-with-ranges', 'queue'] as const;

/**
 * The model of that name.
 *
 * @throws UnknownModelError
 * @throws HistoryOptionError for an initial value, or a bound of loss, where the model takes none
 */
export function modelNamed(name: string, options: ModelOptions & LossOptions = {}): SequentialModel<unknown> {
  if (options.maxLoss !== undefined && name !== 'kv-with-loss') {
    throw new HistoryOptionError(`expected no bound of loss for ${name}, which loses nothing; leave it out`);
  }
  switch (name) {
    case 'register':
      return register(options);
    case 'cas-register':
      return casRegister(options);
    case 'kv':
      return keyValue(options);
    case 'kv-with-loss':
      if (options.initial !== undefined) {
        throw new HistoryOptionError('expected no initial value for kv-with-loss: it begins empty; leave it out');
      }
      return keyValueWithLoss(options);
    case 'kv-with-ranges':
      if (options.initial !== undefined) {
        throw new HistoryOptionError('expected no initial value for kv-with-ranges: it begins empty; leave it out');
      }
      return keyValueWithRanges();
    case 'queue':
      if (options.initial !== undefined) {
        throw new HistoryOptionError('expected no initial value for a queue: it begins empty; leave it out');
      }
      return queue();
    default:
      throw new UnknownModelError(`expected a model (${modelNames.join(', ')}), got ${JSON.stringify(name)}`);
  }
}
