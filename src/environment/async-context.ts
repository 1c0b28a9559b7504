/**
 * What holds within a call, and within all that it awaits, without being handed on: the runtime's own means for it. Browsers
 * have none, and Node only from 20.16 on; there nothing is known of the calls around.
 */

/** Values of calls that are under way. */
export interface AsyncContext<T> {
  /** Calls `act`, within which `value` is the current one, also after whatever it awaits. */
  run<R>(value: T, act: () => R): R;
  /** No call is under way that matters: until the next `run`, nothing is known, and promises cost what they would without. */
  rest(): void;
  /** The value of the innermost call around; undefined where there is none, or the runtime cannot tell. */
  current(): T | undefined;
}

/** One that knows nothing, and costs nothing. */
export const createNoContext = <T>(): AsyncContext<T> => ({
  run: (_, act) => act(),
  rest: () => undefined,
  current: () => undefined,
});

/** Makes a context of its own. From `run` on until it rests, the runtime follows every promise of the process. */
export function createAsyncContext<T>(): AsyncContext<T> {
  // Not imported: what is bundled for browsers must do without.
  const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks');
  if (hooks === undefined) return createNoContext();
  const storage = new hooks.AsyncLocalStorage<T>();
  return {
    run: (value, act) => storage.run(value, act),
    rest: () => storage.disable(),
    current: () => storage.getStore(),
  };
}
