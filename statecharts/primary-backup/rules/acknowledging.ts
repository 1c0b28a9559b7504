/**
 * What may be acknowledged: what those hold durably whom its mode names, of the in-sync set in force and of the one that was
 * asked for, as either may decide who is primary next (KIP-966). A member that is silent is waited for until the authority
 * has recorded the set without it.
 */

import { jointOf, type Quorum, reachedBy } from '../../quorum.ts';
import { followerOf } from '../../replication/progress.ts';
import { holdingQuorum, type Mode } from '../configuration.ts';
import type { Leadership, ReplicaContext } from '../context.ts';

/** How far the log is acknowledged, and how far of that no failover loses anything. */
export interface Acknowledged {
  readonly commitIndex: number;
  readonly safeIndex: number;
}

/** Those who hold, under each in-sync set that may be in force, what is written in the lossless `mode`. */
export function holders({ configuration }: ReplicaContext, { asked }: Leadership, mode: Mode): Quorum {
  const current = holdingQuorum(mode, configuration.inSync);
  return asked === null ? current : jointOf(current, holdingQuorum(mode, asked.inSync));
}

/** The mode of what must survive, as the store's primaries are chosen. */
export const losslessMode = ({ configuration }: ReplicaContext): Mode =>
  configuration.mode === 'quorum' ? 'quorum' : 'synchronous';

/** How far `server` durably holds the primary's log. */
export const heldBy = ({ self }: ReplicaContext, { durableIndex, followers }: Leadership, server: string): number =>
  server === self ? durableIndex : (followerOf(followers, server)?.match ?? 0);

/** What `leadership` knows to be held by enough. An epoch's first entry comes before all that it inherits (VR §4.2). */
export function acknowledgedBy(context: ReplicaContext, leadership: Leadership): Acknowledged {
  const { commitIndex, configuration, log, safeIndex } = context;
  const reach = (mode: Mode): number =>
    reachedBy(holders(context, leadership, mode), (server) => heldBy(context, leadership, server));
  const synchronous = reach('synchronous');
  const reached: Readonly<Record<Mode, number>> = {
    synchronous,
    quorum: reach('quorum'),
    asynchronous: Math.min(leadership.durableIndex, synchronous + configuration.maxLoss),
  };
  let index = commitIndex;
  while (index < log.lastIndex) {
    const entry = log.entryAt(index + 1);
    const mode = (entry?.kind === 'command' ? entry.mode : undefined) ?? configuration.mode;
    if (reached[mode] <= index) break;
    index += 1;
  }
  if (index < leadership.firstIndex) return { commitIndex, safeIndex };
  const safe = Math.min(index, reached[losslessMode(context)]);
  return { commitIndex: index, safeIndex: safe < leadership.firstIndex ? safeIndex : Math.max(safeIndex, safe) };
}
