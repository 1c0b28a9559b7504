/** What a name has before it is a namespace: that is counted once. */

import type { VersionedTable } from '../table/table.ts';
import { namespaceBeginLimit, prefixOfNamespace, type Usage } from './namespaces.ts';
import { rangeOf } from './selection.ts';

/**
 * What a table has under a name that is no namespace yet, as of its last revision; undefined where that is too much to be
 * counted in one turn.
 */
export function usageUnder(table: VersionedTable, name: string, revision: number): Usage | undefined {
  const range = rangeOf({ prefix: prefixOfNamespace(name) });
  let [keys, bytes, steps] = [0, 0, 0];
  for (const scanned of table.scan(range.first, revision)) {
    const { keyAt, keyLength, valueLength } = scanned;
    if (range.sideOf(scanned.bytes, keyAt, keyLength) !== 'in') break;
    if (steps === namespaceBeginLimit) return undefined;
    steps += 1;
    if (valueLength === undefined) continue;
    keys += 1;
    bytes += keyLength + valueLength;
  }
  return { keys, bytes };
}
