/**
 * What a sequential model is: the object that clients believe they talk to, one call after the other. A history is
 * linearizable when some order of its operations, in which none is moved before one that ended before it began, is a
 * run of the model (Herlihy & Wing, "Linearizability: a correctness condition for concurrent objects", 1990).
 */

import { canonicalKey } from '../../statecharts/actor/plain.ts';

/** A call as the model sees it. */
export interface Call {
  readonly f: string;
  /** As `FunctionShape.value` read it; null when the function takes nothing. */
  readonly value: unknown;
  /** Whether the client saw the result. When it did not, any result is as good as another. */
  readonly known: boolean;
  /** As `FunctionShape.result` read it; undefined when it is not known. */
  readonly result: unknown;
}

/** The form that a value in a history must have. */
export interface Shape {
  /** The form in words, to follow "expected": `a pair [expected, new]`. */
  readonly form: string;
  /**
   * The value as the model wants it, undefined to refuse it. `given` is undefined where the line has none; `invoked` is
   * the value of the invocation, where a result is read.
   */
  read(given: unknown, invoked: unknown): unknown;
}

/** What goes into a function and comes out of it. */
export interface FunctionShape {
  readonly value: Shape;
  readonly result: Shape;
}

/**
 * An object that serves one call at a time. All of it is pure: `step` returns a new state and leaves the old one alone.
 * States are plain data.
 *
 * @typeParam State what the object remembers between calls; never undefined
 */
export interface SequentialModel<State> {
  readonly name: string;
  /** What the state is called in a report: `value`, `queue`. */
  readonly stateName: string;
  /** Whether each operation must say which object it is about. Objects are independent of each other. */
  readonly keys: 'required' | 'optional';
  /** The functions that a history may call, by name. */
  readonly functions: Readonly<Record<string, FunctionShape>>;
  readonly initial: State;
  /**
   * The state after `call` took effect in `state`; undefined when it cannot have returned what it did. A call whose
   * result is not known must be possible wherever the object would have served it.
   */
  step(state: State, call: Call): State | undefined;
  /**
   * Whether a call that returned this leaves every state in which it is possible as it is: reads do, and whatever was
   * refused. Such calls cost the search nothing. Default: none does.
   */
  isReadOnly?(call: Call): boolean;
  /** A string that is equal exactly for equal states. Default: `canonicalKey`. */
  stateKey?(state: State): string;
}

/** Whether a call may have returned `value`: always, where the result is not known. */
export const mayReturn = (call: Call, value: unknown): boolean => !call.known || same(call.result, value);

/** Whether two plain values are equal. */
export const same = (left: unknown, right: unknown): boolean =>
  left === right ||
  (typeof left === 'object' && typeof right === 'object' && canonicalKey(left) === canonicalKey(right));

/** No value, or null. */
export const nothing: Shape = {
  form: 'no value, or null',
  read: (given) => (given === undefined || given === null ? null : undefined),
};

/** Any JSON value; null says that there is nothing. */
export const anything: Shape = {
  form: 'a JSON value (null for nothing there)',
  read: (given) => given,
};

/** Any JSON value but null. */
export const something: Shape = {
  form: 'a JSON value other than null',
  read: (given) => (given === null ? undefined : given),
};

/** The result of a function that only says that it is done: nothing, or the value of the invocation once more. */
export const acknowledgement: Shape = {
  form: 'no value, or that of the invocation once more',
  read: (given, invoked) => (given === undefined || given === null || same(given, invoked) ? null : undefined),
};
