/** What a key and a value may be, and how much a transaction may hold. */

import { KeyLimitError, ValueLimitError } from '../../errors.ts';

/** The longest key, in bytes of UTF-8. A constant, because all nodes must agree on it. */
export const keyLimitBytes = 1_024;
/** The longest value, in bytes. A constant, because all nodes must agree on it. */
export const valueLimitBytes = 1_024 * 1_024;
/** Comparisons of a transaction, and operations of each of its branches. A constant, because all nodes must agree on it. */
export const transactionLimit = 128;

/** Refuses what is too large. @throws ValueLimitError */
export function assertValue(value: Uint8Array): void {
  if (value.length <= valueLimitBytes) return;
  throw new ValueLimitError(
    `expected a value of at most ${valueLimitBytes} bytes, got ${value.length}; split it over several keys`,
  );
}

/** Refuses what is no key. @throws KeyLimitError */
export function assertKey(key: string): void {
  const problem = problemOfKey(key);
  if (problem === undefined) return;
  throw new KeyLimitError(
    problem === 'malformed'
      ? 'expected a key of well-formed text, got half of a surrogate pair'
      : `expected a key of 1 to ${keyLimitBytes} bytes, got ${key.length === 0 ? 'an empty one' : 'a longer one'}`,
  );
}

const utf8 = new TextEncoder();

/** What is wrong with a key, if anything. */
export function problemOfKey(key: string): 'key-limit' | 'malformed' | undefined {
  if (key.length === 0 || key.length > keyLimitBytes) return 'key-limit';
  if (/\p{Surrogate}/u.test(key)) return 'malformed';
  // A code unit takes at most three bytes, so most keys need not be encoded to be measured.
  return key.length * 3 > keyLimitBytes && utf8.encode(key).length > keyLimitBytes ? 'key-limit' : undefined;
}
