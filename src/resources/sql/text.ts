/** What an application hands over as a statement, before anything looks into it. */

import { BranchControlError, StatementTextError } from '../errors.ts';

/**
 * Refuses what is no text of a statement: drivers take objects, which say things of their own, and a text that ends early
 * on the wire.
 *
 * @throws StatementTextError
 */
export function assertStatementText(text: unknown, values: unknown, maxParameters: number): asserts text is string {
  if (typeof text === 'object' && text !== null && 'submit' in text) {
    throw new StatementTextError(
      'expected the text of a statement, got a query that speaks to the connection by itself, such as a Cursor or QueryStream of pg; use openCursor, or DECLARE and FETCH as statements',
    );
  }
  if (typeof text !== 'string') {
    throw new StatementTextError(`expected the text of a statement, got ${text === null ? 'null' : typeof text}`);
  }
  if (text.includes('\0')) {
    throw new StatementTextError('expected the text of a statement, got one with a character NUL in it');
  }
  if (values !== undefined && !Array.isArray(values)) {
    throw new StatementTextError(`expected an array as the parameters of a statement, got ${typeof values}`);
  }
  if (Array.isArray(values) && values.length > maxParameters) {
    throw new StatementTextError(`expected at most ${maxParameters} parameters of a statement, got ${values.length}`);
  }
}

/** The error of a statement that would begin or end a transaction, with what to do instead. */
export const controlError = (text: string): BranchControlError =>
  new BranchControlError(
    `expected a statement within the transaction, got one that begins or ends transactions: ${text.trim().slice(0, 40)}; return from the transaction's function to commit, throw to abort, and take a part back to a savepoint`,
  );
