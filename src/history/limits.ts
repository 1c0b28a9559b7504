/** How limits are checked that a caller gives. */

import { HistoryOptionError } from './errors.ts';

/** @throws HistoryOptionError */
export function requirePositive(name: string, value: number): void {
  if (!(value > 0)) throw new HistoryOptionError(`expected ${name} to be positive, got ${value}`);
}
