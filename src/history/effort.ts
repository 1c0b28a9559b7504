/** What a judgement may spend, over all its searches: time, steps, memory. Where it is spent, the verdict is `undecided`. */

import type { Clock } from '../environment/clock.ts';
import { requirePositive } from './limits.ts';
import { createMemoryBudget, type MemoryBudget } from './search/memory.ts';

/** Limits of a judgement. */
export interface EffortLimits {
  /** Measures the budget of time. */
  readonly clock: Clock;
  /** Time after which the verdict is `undecided`. Default 60,000 ms. */
  readonly budgetMs?: number;
  /** Steps of searches after which it is; the same on every machine. Default: no limit. */
  readonly stepLimit?: number;
  /** Memory of searches, after which it is. Default 512 MiB. */
  readonly memoryLimitBytes?: number;
}

/** Which limit was reached. */
export type SpentLimit = 'time' | 'steps' | 'memory';

/** What each says of a judgement, and what to do. */
export const limitReasons: Readonly<Record<SpentLimit, string>> = {
  time: 'the budget of time was used up; allow more, or check a shorter history',
  steps: 'the limit of steps was reached; allow more, or check a shorter history',
  memory: 'the limit of memory was reached; allow more, or check a shorter history',
};

/** Steps between two looks at the clock. */
const stepsPerLook = 1_024;

/** Counts what is spent. */
export class Effort {
  readonly memory: MemoryBudget;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #budgetMs: number;
  readonly #stepLimit: number;
  #steps = 0;
  #nextLook = 0;
  #spent: SpentLimit | undefined;

  /** @throws HistoryOptionError for a limit that is not positive */
  constructor({ clock, budgetMs = 60_000, stepLimit = Infinity, memoryLimitBytes = 512 * 2 ** 20 }: EffortLimits) {
    requirePositive('budgetMs', budgetMs);
    requirePositive('stepLimit', stepLimit);
    requirePositive('memoryLimitBytes', memoryLimitBytes);
    this.memory = createMemoryBudget(memoryLimitBytes);
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
    this.#budgetMs = budgetMs;
    this.#stepLimit = stepLimit;
  }

  get steps(): number {
    return this.#steps;
  }

  get elapsedMs(): number {
    return this.#clock.nowMs() - this.#startedAtMs;
  }

  /** Steps and time that are left, and the memory that there is, as limits of a search of its own. */
  get rest(): Required<EffortLimits> {
    return {
      clock: this.#clock,
      budgetMs: Math.max(Number.MIN_VALUE, this.#budgetMs - this.elapsedMs),
      stepLimit: Math.max(1, this.#stepLimit - this.#steps),
      memoryLimitBytes: this.memory.limitBytes,
    };
  }

  /** The limit that was reached. */
  get spent(): SpentLimit | undefined {
    return this.#spent;
  }

  /** Takes steps. @returns whether they, and time, were left */
  spend(steps: number): boolean {
    this.#steps += steps;
    if (this.#steps > this.#stepLimit) this.#spent ??= 'steps';
    if (this.#steps >= this.#nextLook) {
      this.#nextLook = this.#steps + stepsPerLook;
      if (this.elapsedMs >= this.#budgetMs) this.#spent ??= 'time';
    }
    return this.#spent === undefined;
  }

  /** Takes memory. @returns whether it was left */
  take(bytes: number): boolean {
    if (this.memory.take(bytes)) return true;
    this.#spent ??= 'memory';
    return false;
  }
}
