/**
 * Entries of a log that wait to be applied. They come in runs, of which one may be all that a log holds, and stay in
 * them: neither taking a run nor going through some of it takes longer the more there are.
 */

import type { LogEntry, LogRun } from './log/replicated-log.ts';

export class Backlog {
  #runs: LogRun[] = [];
  /** The next one of the first run. */
  #place = 0;

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  add(run: LogRun): void {
    if (run.length > 0) this.#runs.push(run);
  }

  /** Takes out the next one; undefined when there is none. */
  next(): LogEntry | undefined {
    const [run] = this.#runs;
    if (run === undefined) return undefined;
    const entry = run.at(this.#place);
    this.#place += 1;
    if (this.#place === run.length) {
      this.#runs.shift();
      this.#place = 0;
    }
    return entry;
  }

  clear(): void {
    this.#runs = [];
    this.#place = 0;
  }
}
