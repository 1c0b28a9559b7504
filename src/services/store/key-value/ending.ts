/**
 * That something which asks again and again is over. `Promise.race` with a promise that lives as long would keep every answer
 * until then; what waits here is let go of with its own end.
 */

export interface Ending {
  readonly isOver: boolean;
  /** The outcome of `promise`, or undefined as soon as it is over. */
  orOver<T>(promise: Promise<T>): Promise<T | undefined>;
  /** It hears no more of its signal. */
  release(): void;
}

/** Makes one that is over when `signal` is aborted; never, without it. */
export function createEnding(signal: AbortSignal | undefined): Ending {
  const waiting = new Set<() => void>();
  let isOver = signal?.aborted === true;
  const end = (): void => {
    isOver = true;
    for (const stop of [...waiting]) stop();
  };
  signal?.addEventListener('abort', end, { once: true });
  return {
    get isOver() {
      return isOver;
    },
    orOver: (promise) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          waiting.delete(stop);
          resolve(undefined);
        };
        if (isOver) stop();
        else waiting.add(stop);
        promise.then(resolve, reject).finally(() => waiting.delete(stop));
      }),
    release: () => signal?.removeEventListener('abort', end),
  };
}
