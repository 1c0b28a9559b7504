/** Lets go of what a node owns, within bounds: a disk that stalls, or a resource that refuses, must not hold it up. */

import type { Clock, TimeoutHandle } from '../environment/clock.ts';

/** Something that can be closed. */
export interface Closable {
  close(): Promise<void>;
}

/**
 * Closes all of `owned` at once, each whether or not another refuses.
 *
 * @returns false when `limitMs` milliseconds passed before all had closed; those go on closing
 */
export async function closeAll(owned: readonly Closable[], clock: Clock, limitMs: number): Promise<boolean> {
  const closed = Promise.allSettled(owned.map(async (it) => it.close())).then(() => true);
  let timeout: TimeoutHandle | undefined;
  const late = new Promise<boolean>((resolve) => {
    timeout = clock.setTimeout(() => resolve(false), limitMs);
  });
  const isClosed = await Promise.race([closed, late]);
  if (timeout !== undefined) clock.clearTimeout(timeout);
  return isClosed;
}
