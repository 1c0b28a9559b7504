/**
 * What a store by primary-backup is begun with. The log of its configuration has it as its first entry, so that all nodes
 * agree on one, and a node that was told otherwise finds that out, whichever was first.
 */

import { type Address, nodeOf, QuorateError } from '../../../../../statecharts/actor.ts';
import type { Configuration } from '../../../../../statecharts/primary-backup/configuration.ts';
import type { Mode } from '../../../../../statecharts/replication/modes.ts';

/** What an acknowledgement is worth; what is left out is as the store was begun, or the default. */
export interface Durability {
  /** Default sync. */
  readonly mode?: Mode | undefined;
  /** Entries that a failover may lose of those acknowledged asynchronously. Default 100 in mode async, else 0. */
  readonly maxLoss?: number | undefined;
  /** While fewer are in sync, nothing is acknowledged. Default 1. */
  readonly minInSync?: number | undefined;
}

/** What is lost at most where async is asked for without a bound, in entries. */
export const defaultMaxLoss = 100;

/** All of it, for a store that is new. */
export function completed({ mode = 'sync', maxLoss, minInSync = 1 }: Durability): Required<KnownDurability> {
  return { mode, maxLoss: maxLoss ?? (mode === 'async' ? defaultMaxLoss : 0), minInSync };
}
type KnownDurability = { readonly [Part in keyof Durability]-?: Exclude<Durability[Part], undefined> };

/** The log in a journal was begun in another mode, or with other bounds, than what is to go on with it; or it has none. */
export class OtherModeError extends QuorateError {
  readonly code = 'OTHER_MODE';
}

/** The nodes of a store were told different things as they began it. */
export class FoundingMismatchError extends QuorateError {
  readonly code = 'FOUNDING_MISMATCH';
}

/** What differs, as `expected ..., got ...`; undefined where nothing does. */
export function differenceBetween(wanted: Durability, found: Required<KnownDurability>): string | undefined {
  for (const part of ['mode', 'maxLoss', 'minInSync'] as const) {
    const value = wanted[part];
    if (value !== undefined && value !== found[part]) return `expected ${part} ${value}, got ${found[part]}`;
  }
  return undefined;
}

/** @throws FoundingMismatchError unless the store was begun with these `replicas`, and as `wanted` */
export function checkFounding(found: Configuration, replicas: readonly Address[], wanted: Durability): void {
  const namesOf = (addresses: readonly Address[]): string => addresses.map(nodeOf).toSorted().join(', ');
  const difference =
    namesOf(replicas) === namesOf(found.replicas)
      ? differenceBetween(wanted, found)
      : `expected the replicas ${namesOf(replicas)}, got ${namesOf(found.replicas)}`;
  if (difference === undefined) return;
  throw new FoundingMismatchError(
    `${difference}, with which the other nodes have begun the store; start this node as them, or all of them anew in other directories`,
  );
}
