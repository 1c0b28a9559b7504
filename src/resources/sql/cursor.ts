/** A query whose rows are read a few at a time, so that a result may be larger than memory. */

import { StatementTextError } from '../errors.ts';
import type { AnyRow, Row } from './connection.ts';

/** What a cursor asks of its database. */
interface Steps<R> {
  fetch(count: number): Promise<readonly R[]>;
  close(): Promise<unknown>;
}

/** The most rows of one read. */
const maxRowsPerFetch = 100_000;

/**
 * Rows of a query in order: a read at a time, or all by `for await`, which closes it at the end, at `break` and when the
 * loop throws. What is left open is closed by the end of its branch, before that is prepared or commits.
 */
export class Cursor<R extends AnyRow = Row> implements AsyncIterable<R, undefined, undefined> {
  readonly #steps: Steps<R>;
  readonly #rowsPerFetch: number;
  #isOver = false;

  /** @throws StatementTextError when `rowsPerFetch` is no number from 1 to 100,000 */
  constructor(steps: Steps<R>, rowsPerFetch: number) {
    this.#steps = steps;
    this.#rowsPerFetch = assertCount(rowsPerFetch);
  }

  /**
   * The next rows, `count` of them as long as there are so many; none at the end, and once it is closed.
   *
   * @param count from 1 to 100,000
   * @throws what the session's `query` throws, and StatementTextError for another count
   */
  async read(count = this.#rowsPerFetch): Promise<readonly R[]> {
    assertCount(count);
    if (this.#isOver) return [];
    try {
      return await this.#steps.fetch(count);
    } catch (error) {
      // It went with what its transaction did.
      this.#isOver = true;
      throw error;
    }
  }

  /** Idempotent. @throws what the session's `query` throws */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#steps.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<R, undefined, undefined> {
    try {
      for (;;) {
        const rows = await this.read();
        if (rows.length === 0) return;
        yield* rows;
      }
    } finally {
      await this.close();
    }
  }

  /** The same rows; what it asks is passed through `ask`. */
  through(ask: <T>(step: () => Promise<T>) => Promise<T>): Cursor<R> {
    const { fetch, close } = this.#steps;
    return new Cursor<R>({ fetch: (count) => ask(() => fetch(count)), close: () => ask(close) }, this.#rowsPerFetch);
  }
}

function assertCount(count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= maxRowsPerFetch) return count;
  throw new StatementTextError(`expected 1 to ${maxRowsPerFetch} rows of a read, got ${String(count)}`);
}
