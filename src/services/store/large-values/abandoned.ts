/** The removal of parts that no manifest has: of writes whose writer is gone, and of values that were replaced or deleted. */

import { transactionLimit } from '../key-value/commands.ts';
import type { KeyValueStore } from '../key-value/contract.ts';
import type { Layout } from './layout.ts';

type Swept = Pick<KeyValueStore, 'range' | 'entries' | 'transaction' | 'delete'>;

/** How each request is made. */
export interface RequestOptions {
  /** How long each request may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
}

/** Removes the parts of a write that no manifest has and no writer keeps alive, and then what says so. @returns whether it was one */
export async function removeWrite(store: Swept, layout: Layout, id: number, options: RequestOptions): Promise<boolean> {
  const keys = { ...options, withValues: false, limit: transactionLimit };
  const standing = await store.range({ prefix: layout.write(id) }, keys);
  // Seen before its parts are: from then on there are no others.
  if (standing.entries.length !== 1) return false;
  for (;;) {
    const { entries } = await store.range({ prefix: layout.parts(id) }, keys);
    if (entries.length === 0) break;
    await store.transaction({ success: entries.map(({ key }) => ({ type: 'delete', key })) }, options);
  }
  await store.delete(layout.write(id), options);
  return true;
}

/** Removes what is abandoned, of `most` writes. @returns of how many */
export async function removeAbandoned(
  store: Swept,
  layout: Layout,
  most: number,
  options: RequestOptions,
): Promise<number> {
  const abandoned: number[] = [];
  // As of one revision, in which a write and its being alive stand side by side.
  for await (const { key } of store.entries({ prefix: layout.writes }, { ...options, withValues: false })) {
    const found = layout.writeIn(key);
    if (found === undefined) continue;
    if (found.isAlive) {
      if (abandoned.at(-1) === found.id) abandoned.pop();
    } else if (abandoned.push(found.id) > most) break;
  }
  let removed = 0;
  for (const id of abandoned.slice(0, most)) if (await removeWrite(store, layout, id, options)) removed += 1;
  return removed;
}
