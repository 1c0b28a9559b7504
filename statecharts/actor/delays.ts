/**
 * Delays as data. A chart names its timers; a definition says between which bounds each is drawn; the driver draws,
 * from its own random stream, so that charts hold neither a clock nor a generator.
 */

/** Bounds of a delay, in milliseconds; each arming of the timer draws uniformly from [minMs, maxMs). */
export interface DelayRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** A delay that is the same for all actors of a definition, or follows from an actor's context. */
export type Delay<Context = never> = DelayRange | ((context: Context) => DelayRange);

/** A delay drawn uniformly between two bounds, in milliseconds. */
export const between = (minMs: number, maxMs: number): DelayRange => ({ minMs, maxMs });

/** A delay that is always the same, in milliseconds. */
export const fixed = (ms: number): DelayRange => ({ minMs: ms, maxMs: ms });

/** The range of a delay for an actor with this context. */
export const rangeOf = <Context>(delay: Delay<Context>, context: Context): DelayRange =>
  typeof delay === 'function' ? delay(context) : delay;

/**
 * Draws a delay.
 *
 * @param uniform a number in [0, 1)
 * @returns milliseconds; not finite, or negative, when the range is: the driver must refuse that
 */
export const draw = (range: DelayRange, uniform: number): number => range.minMs + (range.maxMs - range.minMs) * uniform;

/**
 * The delays of a chart's `setup`, from those of its definition, so that their names are declared once. Under plain
 * XState each fires at its lower bound.
 */
export function named<Delays extends Record<string, DelayRange | ((context: never) => DelayRange)>>(
  delays: Delays,
): Record<keyof Delays & string, number>;
export function named(delays: Record<string, DelayRange | ((context: never) => DelayRange)>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(delays).map(([name, delay]) => [name, typeof delay === 'function' ? 0 : delay.minMs]),
  );
}
