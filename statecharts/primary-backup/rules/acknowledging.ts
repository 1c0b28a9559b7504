/**
 * What may be acknowledged: what those hold durably whom its mode names, of the in-sync set in force and of the one that was
 * asked for, as either may decide who is primary next (KIP-966). A member that is silent is waited for until the authority
 * has recorded the set without it.
 */

import { jointOf, type Quorum, reachedBy } from '../../quorum.ts';
import type { Mode } from '../../replication/modes.ts';
import { followerOf } from '../../replication/progress.ts';
import { holdingQuorum, isEnough } from '../configuration.ts';
import type { Leadership, ReplicaContext } from '../context.ts';
import type { Entry } from '../messages.ts';

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
  configuration.mode === 'quorum' ? 'quorum' : 'sync';

/** How far `server` durably holds the primary's log. */
export const heldBy = ({ self }: ReplicaContext, { durableIndex, followers }: Leadership, server: string): number =>
  server === self ? durableIndex : (followerOf(followers, server)?.match ?? 0);

/**
 * How an entry is acknowledged. The one that opens an epoch survives every failover, so that what the primaries before it
 * had acknowledged and lost stays apart from what this one acknowledges.
 */
const modeOf = (context: ReplicaContext, entry: Entry | undefined): Mode =>
  entry?.kind === 'command' ? (entry.mode ?? context.configuration.mode) : losslessMode(context);

/** Whether each in-sync set that may be in force is as large as the store asks for. */
export const hasEnoughInSync = ({ configuration }: ReplicaContext, { asked }: Leadership): boolean =>
  isEnough(configuration, configuration.inSync) && (asked === null || isEnough(configuration, asked.inSync));

/**
 * What `leadership` knows to be held by enough; nothing new while too few are in sync. An epoch's first entry comes before
 * all that it inherits (VR §4.2).
 */
export function acknowledgedBy(context: ReplicaContext, leadership: Leadership): Acknowledged {
  const { commitIndex, configuration, log, safeIndex } = context;
  if (!hasEnoughInSync(context, leadership)) return { commitIndex, safeIndex };
  const reach = (mode: Mode): number =>
    reachedBy(holders(context, leadership, mode), (server) => heldBy(context, leadership, server));
  const sync = reach('sync');
  const reached: Readonly<Record<Mode, number>> = {
    sync,
    quorum: reach('quorum'),
    async: Math.min(leadership.durableIndex, sync + configuration.maxLoss),
  };
  let index = commitIndex;
  while (index < log.lastIndex) {
    if (reached[modeOf(context, log.entryAt(index + 1))] <= index) break;
    index += 1;
  }
  if (index < leadership.firstIndex) return { commitIndex, safeIndex };
  const safe = Math.min(index, reached[losslessMode(context)]);
  return { commitIndex: index, safeIndex: safe < leadership.firstIndex ? safeIndex : Math.max(safeIndex, safe) };
}
