/** What a statement of the application may do within a branch, and what its command tag says. */

import { BranchControlError } from '../errors.ts';

/** Statements that begin or end transactions; savepoints (`ROLLBACK TO`, `RELEASE`) are the application's own. */
const control =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:begin|start\s+transaction|commit|end|abort|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b)|prepare\s+transaction)\b/i;
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
const leavingTraces = new Set([
  'SET',
  'RESET',
  'LISTEN',
  'UNLISTEN',
  'PREPARE',
  'DEALLOCATE',
  'DISCARD',
  'LOAD',
  'CREATE',
]);

/** @throws BranchControlError for a statement that would end the branch behind the manager's back */
export function assertNoControl(text: string): void {
  if (!control.test(text)) return;
  throw new BranchControlError(
    `expected a statement within the transaction, got one that begins or ends transactions: ${text.trim().slice(0, 40)}; return from the transaction to commit, throw to abort`,
  );
}

/** Whether a statement that reported this tag began or ended a transaction, for instance inside a longer text. */
export const isControlTag = (tag: string | null): boolean => tag !== null && controlTags.has(tag);

/** Whether a statement may have written, or notified: it is then prepared without asking whether it did. */
export const mayWrite = (text: string, tag: string | null): boolean =>
  tag === null || !readingTags.has(tag) || /notify/i.test(text);

/** Whether a statement leaves its session different for whoever uses the connection next. */
export const leavesTraces = (tag: string | null): boolean => tag !== null && leavingTraces.has(tag);
