/** What a statement of the application may do within a branch, and what its command tag says. */

import { assertStatementText, controlError } from '../sql/text.ts';

const maxParameters = 65_535;
const word = /[a-z_]+/iy;
/** What the server skips before a statement: whitespace, comments, statements without a word. */
const skipped = /(?:[\s;]|--[^\n\r]*)+/y;

/** Where the comment that begins at `from` ends; the server nests them. */
function endOfComment(text: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

/** The first words of a statement, in lower case, as far as nothing but words and comments comes. */
function firstWords(text: string, count: number): readonly string[] {
  const words: string[] = [];
  for (let at = 0; words.length < count; ) {
    skipped.lastIndex = at;
    word.lastIndex = at;
    if (text.startsWith('/*', at)) at = endOfComment(text, at);
    else if (skipped.test(text)) at = skipped.lastIndex;
    else if (word.test(text)) {
      words.push(text.slice(at, word.lastIndex).toLowerCase());
      at = word.lastIndex;
    } else break;
  }
  return words;
}

/** Whether it goes back to a savepoint: the only statement of the kind that leaves the transaction. */
export function goesBack(text: string): boolean {
  const [first, second, third] = firstWords(text, 3);
  if (first !== 'rollback') return false;
  return second === 'to' || ((second === 'work' || second === 'transaction') && third === 'to');
}

function isControl(text: string): boolean {
  const [first, second] = firstWords(text, 2);
  switch (first) {
    case 'begin':
    case 'commit':
    case 'end':
    case 'abort':
      return true;
    case 'start':
    case 'prepare':
      return second === 'transaction';
    case 'rollback':
      return !goesBack(text);
    default:
      return false;
  }
}

/**
 * Refuses what must not be sent within a branch.
 *
 * @throws StatementTextError for a text that is none, BranchControlError for a statement that begins or ends transactions
 */
export function assertStatement(text: unknown, values: unknown): asserts text is string {
  assertStatementText(text, values, maxParameters);
  if (isControl(text)) throw controlError(text);
}

const controlTags = new Set(['BEGIN', 'START', 'COMMIT']);
const readingTags = new Set([
  'SELECT',
  'SHOW',
  'EXPLAIN',
  'FETCH',
  'MOVE',
  'DECLARE',
  'CLOSE',
  'SAVEPOINT',
  'RELEASE',
  'ROLLBACK',
  'SET',
]);

/**
 * What became of the transaction that a statement was run in, by its tag and by what the server says of the transaction.
 *
 * `undone`: all that came before is rolled back, and nothing that comes later is atomic with the rest. `broken`: it was
 * ended, or prepared, and what came before may stay whatever is decided.
 */
export function judge(text: string, tag: string | null, status: string | null): 'whole' | 'undone' | 'broken' {
  if (tag !== null && controlTags.has(tag)) return 'broken';
  if (tag === 'ROLLBACK' && !goesBack(text)) return 'undone';
  return status === 'I' ? 'broken' : 'whole';
}

/** Whether a statement may have written, or notified: it is then prepared without asking whether it did. */
export const mayWrite = (text: string, tag: string | null): boolean =>
  tag === null || !readingTags.has(tag) || /notify/i.test(text);
