/**
 * Numbers that JSON can write and JavaScript cannot hold. Read as something else they would make two values one, or one value
 * Infinity, and a history would be judged that nobody recorded.
 */

/** A string of JSON, which is skipped, or a number. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Digits that any number of 64 bits is told apart by; one with more may be read as its neighbour. */
const mostDigits = 17;

/** The first number in a JSON text that would not be read as it is written. */
export function unreadableNumber(json: string): string | undefined {
  for (const [token] of json.matchAll(tokens)) {
    if (token.startsWith('"')) continue;
    const value = Number(token);
    const [mantissa = ''] = token.split(/[eE]/);
    const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '');
    const isWhole = !/[.eE]/.test(token);
    const isLost = !Number.isFinite(value) || (value === 0 && digits !== '');
    if (isLost || (isWhole ? !Number.isSafeInteger(value) : digits.length > mostDigits)) return token;
  }
  return undefined;
}
