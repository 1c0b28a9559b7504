/** What repeats itself, told now and then: so that a log shows that trouble lasts, and is not filled by it. */

import type { Clock } from './clock.ts';

/** What may be told now: how often the same was held back since it was told last, where it was. */
export interface Admitted {
  readonly heldBack?: number;
}

/** Kinds that are remembered, at most: their names may be a stranger's. The one that was told longest ago is forgotten. */
const kindsKept = 1_000;

/**
 * Makes what admits each kind of thing once in `everyMs` milliseconds, a minute by default.
 *
 * @returns undefined for what is to be held back
 */
export function occasionally({ nowMs }: Clock, everyMs = 60_000): (kind: string) => Admitted | undefined {
  const known = new Map<string, { readonly toldAtMs: number; heldBack: number }>();
  return (kind) => {
    const atMs = nowMs();
    const last = known.get(kind);
    if (last !== undefined && atMs - last.toldAtMs < everyMs) {
      last.heldBack += 1;
      return undefined;
    }
    // Deleted first, so that what was told longest ago comes first.
    known.delete(kind);
    if (known.size >= kindsKept) {
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    }
    known.set(kind, { toldAtMs: atMs, heldBack: 0 });
    return last === undefined || last.heldBack === 0 ? {} : { heldBack: last.heldBack };
  };
}
