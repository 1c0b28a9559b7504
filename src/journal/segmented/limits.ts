/** What may be appended at once, and wait: a journal that is asked for more fails, for its node did not push back. */

import { JournalLimitError } from '../errors.ts';
import type { JournalEntry, JournalLimits } from '../journal.ts';

/** Addresses have two bytes for their length, and a character may take three. */
const addressCharacters = Math.floor((2 ** 16 - 1) / 3);

/**
 * Which limit an append went beyond, if one.
 *
 * @param sizeBytes what its entries take
 * @param unflushedBytes what waits, with them
 */
export function beyondLimits(
  limits: JournalLimits,
  entries: readonly JournalEntry[],
  sizeBytes: number,
  unflushedBytes: number,
): JournalLimitError | undefined {
  const longest = entries.reduce((most, entry) => Math.max(most, entry.actor.length), 0);
  if (sizeBytes <= limits.appendBytes && unflushedBytes <= limits.unflushedBytes && longest <= addressCharacters) {
    return undefined;
  }
  return new JournalLimitError(
    `expected at most ${limits.appendBytes} bytes at once, ${limits.unflushedBytes} bytes waiting and ` +
      `${addressCharacters} characters of an address, got ${sizeBytes} bytes, ${unflushedBytes} waiting and ` +
      `${longest} characters; push back before, or raise the limits of the journal`,
  );
}
