/**
 * Where the time of a failover goes: which manager was the first to suspect the primary and to confirm that, and when the group
 * recorded that it fences, whom it has chosen, and that this one is primary. Processes of one machine share their clock.
 */

import { nowMs } from './now.ts';

/** What a manager says, and when. */
export interface Moment {
  readonly what: Phase;
  readonly atMs: number;
}

/** In the order in which they come; each is told at the moment that ends it. */
export const phases = ['suspected', 'confirmed', 'fencing', 'chosen', 'promoted', 'told', 'written'] as const;
export type Phase = (typeof phases)[number];

/** How long each phase took, in milliseconds; NaN for one whose end was not seen. */
export type Durations = Readonly<Record<Phase, number>>;

/** Collects the first moment of each kind after a crash. */
export class Phases {
  #sinceMs = Number.POSITIVE_INFINITY;
  #first = new Map<Phase, number>();

  begin(): void {
    this.#sinceMs = nowMs();
    this.#first = new Map();
  }

  hear({ what, atMs }: Moment): void {
    if (atMs >= this.#sinceMs && !this.#first.has(what)) this.#first.set(what, atMs);
  }

  durations(): Durations {
    let beforeMs = this.#sinceMs;
    const of = (phase: Phase): number => {
      const atMs = this.#first.get(phase) ?? Number.NaN;
      const durationMs = atMs - beforeMs;
      beforeMs = atMs;
      return durationMs;
    };
    const [suspected, confirmed, fencing, chosen] = [of('suspected'), of('confirmed'), of('fencing'), of('chosen')];
    return {
      suspected,
      confirmed,
      fencing,
      chosen,
      promoted: of('promoted'),
      told: of('told'),
      written: of('written'),
    };
  }
}
