/** How the rows of a result are to be made of what the server sent. */

import { StatementTextError } from '../errors.ts';

/** What both databases offer. */
export interface ResultFormat {
  /** Rows as arrays of their values, in the order of the columns, so that columns of one name are kept apart. */
  readonly rowMode?: 'array' | undefined;
}

/**
 * Refuses a format that says anything else than what is offered: what drivers take as options can change what is sent.
 *
 * @param offered the names that it may have, each with what its value must be like
 * @throws StatementTextError
 */
export function assertFormat(
  format: unknown,
  offered: Readonly<Record<string, (value: unknown) => boolean>>,
): asserts format is object | undefined {
  if (format === undefined) return;
  if (typeof format !== 'object' || format === null) {
    throw new StatementTextError(`expected an object as the format of a result, got ${String(format)}`);
  }
  for (const [name, value] of Object.entries(format)) {
    if (value === undefined || (Object.hasOwn(offered, name) && offered[name]?.(value) === true)) continue;
    throw new StatementTextError(
      `expected as the format of a result one of ${Object.keys(offered).join(', ')} with a value as documented, got '${name}'`,
    );
  }
}

/** What `rowMode` may be. */
export const isRowMode = (value: unknown): boolean => value === 'array';
