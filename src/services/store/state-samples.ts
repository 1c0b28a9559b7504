/** What the state was after each of the last entries, as hashes, for a comparison with what it was at other nodes. */

import type { LogToken } from './log/replicated-log.ts';

/** The state as of one entry. */
export interface StateSample {
  readonly index: number;
  /** Of the entry: states as of different ones are not to be compared. */
  readonly token: LogToken;
  readonly revision: number;
  readonly hash: number;
}

/** Entries of which the state is known: those of a second of a store that is written hard. */
export const samplesKept = 4_096;

export class StateSamples {
  readonly #indexes = new Float64Array(samplesKept);
  readonly #revisions = new Float64Array(samplesKept);
  readonly #hashes = new Float64Array(samplesKept);
  readonly #tokens: LogToken[] = new Array<LogToken>(samplesKept).fill(0);
  #last = 0;

  /** The last entry that was noted; 0 for none. */
  get lastIndex(): number {
    return this.#last;
  }

  note(index: number, token: LogToken, revision: number, hash: number): void {
    const place = index % samplesKept;
    this.#indexes[place] = index;
    this.#tokens[place] = token;
    this.#revisions[place] = revision;
    this.#hashes[place] = hash;
    this.#last = index;
  }

  /** The state as of `index`; undefined where it is not known, or not any more. */
  at(index: number): StateSample | undefined {
    const place = index % samplesKept;
    if (index < 1 || this.#indexes[place] !== index) return undefined;
    return {
      index,
      token: this.#tokens[place] ?? 0,
      revision: this.#revisions[place] ?? 0,
      hash: this.#hashes[place] ?? 0,
    };
  }

  /** All that was is void. */
  clear(): void {
    this.#indexes.fill(0);
    this.#last = 0;
  }
}
