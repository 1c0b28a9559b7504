/** Objects in configuration files, which say of a key that is none of theirs, or of a word, which one was probably meant. */

import * as v from 'valibot';

/** An object with these keys and no others. */
export const section = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, ({ expected, received }) => {
    const keys = Object.keys(entries);
    if (expected === 'Object') return `expected an object, got ${received}`;
    if (expected === 'never') {
      return `there is no such key${meant(unquoted(received), keys) ?? `; there are ${listed(keys)}`}`;
    }
    return 'it is missing';
  });

/** One of these words. */
export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  v.picklist(
    words,
    ({ received }) => `expected ${listed(words)}, got ${received}${meant(unquoted(received), words) ?? ''}`,
  );

/** Names in quotes; the last after `or`. */
export const listed = (words: readonly string[]): string =>
  words
    .map((word) => `'${word}'`)
    .join(', ')
    .replace(/, (?='[^']*'$)/, ' or ');

/** Places and problems of what did not parse, the first ones, in lines. */
export function problemsOf(issues: readonly v.BaseIssue<unknown>[], most = 10): string {
  const lines = issues.slice(0, most).map((issue) => `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
  const left = issues.length - lines.length;
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].join('\n  ');
}

const unquoted = (text: string): string => text.replace(/^"(.*)"$/, '$1');

/** What was probably meant: the one that takes fewest changes of single characters; undefined unless these are few. */
function meant(word: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((one) => ({ one, changes: changesBetween(word.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, changes }) => changes <= Math.max(1, Math.floor(one.length / 3)))
    .sort((one, other) => one.changes - other.changes);
  return nearest === undefined ? undefined : `; did you mean '${nearest.one}'?`;
}

/** How many characters must be put in, taken out or replaced, or two neighbours swapped (optimal string alignment). */
function changesBetween(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const replaced = (last[column - 1] ?? 0) + (isSame ? 0 : 1);
      const isSwap = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const swapped = isSwap ? (before[column - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    before = last;
    last = next;
  }
  return last[other.length] ?? 0;
}
