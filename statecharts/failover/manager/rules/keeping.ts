/**
 * Keeping a group that has a primary: its in-sync set, as many ready standbys as wanted, and the phases that follow a
 * failover. One thing is asked for at a time.
 *
 * Growing the in-sync set is recorded before the primary is told; shrinking it is intended first, told, and recorded as done once
 * the primary says that each of the rest holds what it did (the inverse order of `KIP-966`, for the same reason: an election
 * must ask no fewer than the primary waits for).
 */

import type { Ruling } from '../../../actor.ts';
import type { Wanted } from '../../group/changes.ts';
import { hasPrimary, isWanting } from '../../group/decide.ts';
import { byServer, isAmong, lastVersion, type Member, sameMembers, sortedMembers } from '../../group/standing.ts';
import {
  isBelievedAlive,
  isWell,
  type ManagerContext,
  type ManagerEffect,
  planOf,
  type Sight,
  sightOf,
} from '../context.ts';
import { isSteered, orders } from '../orders.ts';
import { isApart, isInFailedZone, isSpread } from '../zones.ts';
import { want } from './office.ts';
import { isFollowing } from './seeing.ts';

type Context = ManagerContext;
type Answer = Ruling<Context, ManagerEffect>;

const memberOf = ({ server, seen }: Sight): Member | null =>
  seen === null ? null : { server, incarnation: seen.incarnation };

/** Whether its confirmations may count: it may be chosen, and is kept for that. */
function isVoter(context: Context, { server }: Sight): boolean {
  const plan = planOf(context, server);
  return plan?.isPromotable === true && plan.standby !== 'warm' && isSteered(context, server);
}

/** Those that are not in sync, and have shown that they hold what the primary does. */
const joining = (context: Context): readonly Member[] =>
  context.sights.flatMap((sight) => {
    const one = memberOf(sight);
    const isNew = !context.standing.inSync.some(({ server }) => server === sight.server);
    return one !== null && isNew && sight.isCaughtUp && isVoter(context, sight) && isBelievedAlive(sight) ? [one] : [];
  });

/** A member as it should be: gone if it is dead, late or forgetful; in its new incarnation once it has caught up in that. */
function kept(context: Context, one: Member): readonly Member[] {
  const sight = sightOf(context, one.server);
  if (sight === undefined || !isVoter(context, sight)) return [];
  if (!isBelievedAlive(sight) || sight.late >= context.plan.settings.lateAfter) return [];
  const now = memberOf(sight);
  if (now === null || isAmong([one], now)) return [one];
  return sight.isCaughtUp ? [now] : [];
}

function inSyncWanted(context: Context): Wanted | null {
  const { standing } = context;
  const { inSync, shrinking, epoch } = standing;
  const reign = sightOf(context, standing.primary?.server)?.done ?? null;
  if (shrinking !== null && reign?.type === 'reign' && reign.epoch === epoch && reign.version === shrinking.version) {
    return { type: 'shrunk', epoch, version: shrinking.version };
  }
  const version = lastVersion(standing) + 1;
  const wanted = inSync.flatMap((it) => kept(context, it));
  const shrink: Wanted = { type: 'shrink', epoch, version, members: wanted };
  const isSmaller = !sameMembers(wanted, inSync);
  if (isSmaller && (shrinking !== null || isWanting(standing, shrink))) return shrink;
  // All may stay; or too few would be left, and writes wait for those that are missing, or for others.
  return { type: 'grow', epoch, version, members: sortedMembers([...inSync, ...joining(context)]) };
}

/** How many of the in-sync set follow the primary, each as the member that it is. */
const followersIn = ({ standing, sights }: Context): number =>
  standing.inSync.filter((one) => {
    const seen = sightOf({ sights }, one.server)?.seen ?? null;
    return seen?.incarnation === one.incarnation && isFollowing(standing, seen);
  }).length;

const isServing = (context: Context): boolean => followersIn(context) >= context.standing.confirmations;

function phaseWanted(context: Context): Wanted | null {
  const { standing, settling, plan } = context;
  const { epoch, phase } = standing;
  if (phase === 'redirecting' && isServing(context)) return { type: 'redirected', epoch };
  if (phase === 'settling' && settling >= plan.settings.settleAfter) return { type: 'settled', epoch };
  return null;
}

/** The server that should be primary if all were well; undefined if that is the one that is. */
function preferredIn(context: Context): string | undefined {
  const { plan, standing, spurned } = context;
  const priority = planOf(context, standing.primary?.server ?? '')?.priority ?? 0;
  const [best] = [...plan.servers]
    .filter((it) => it.isPromotable && it.standby === 'hot' && it.server !== standing.primary?.server)
    .sort((one, other) => other.priority - one.priority);
  const isPreferred = plan.failback === 'automatic' && best !== undefined && best.priority > priority;
  return isPreferred && best.server !== spurned ? best.server : undefined;
}

const isReady = (context: Context, server: string | undefined): boolean => {
  const sight = sightOf(context, server);
  return sight !== undefined && isWell(sight) && isFollowing(context.standing, sight.seen);
};

/** Whether a switchover to `server` loses nothing: it is in sync as it is, or there is no such promise. */
export function mayTake(context: Context, server: string | undefined): boolean {
  const { inSync, mode } = context.standing;
  const seen = sightOf(context, server)?.seen ?? null;
  const isInSync = inSync.some((it) => it.server === server && it.incarnation === seen?.incarnation);
  return isReady(context, server) && (isInSync || mode === 'pass-through');
}

/** Ready standbys, and those that may still become ready. */
const standbysIn = (context: Context): readonly Sight[] =>
  context.sights.filter((sight) => {
    const { server, isFailing } = sight;
    // Detectors take a cold server for dead until it has started.
    const isComing = context.recruited.includes(server)
      ? !isFailing && !isInFailedZone(context, server)
      : isBelievedAlive(sight);
    return server !== context.standing.primary?.server && isSteered(context, server) && isComing;
  });

/** As many as are wanted ready, besides the primary. */
const standbysWanted = ({ plan }: Context): number =>
  plan.standbys ?? Math.max(0, plan.servers.filter(({ standby }) => standby !== 'cold').length - 1);

/** Whether these are as many as wanted, and not all in the primary's zone. */
const isEnough = (context: Context, standbys: readonly Sight[]): boolean => {
  const wanted = standbysWanted(context);
  return standbys.length >= wanted && (wanted === 0 || isSpread(context, standbys));
};

/** The next cold server to be made ready: of another zone, where that is what is missing, by priority. */
function recruitIn(context: Context): string | undefined {
  const standbys = standbysIn(context);
  if (!hasPrimary(context.standing) || isEnough(context, standbys)) return undefined;
  const primary = context.standing.primary?.server;
  const able = [...context.plan.servers]
    .filter(({ server, standby }) => standby === 'cold' && !isSteered(context, server))
    .filter(({ server }) => !isInFailedZone(context, server))
    .sort((one, other) => other.priority - one.priority || byServer(one, other));
  const elsewhere = isSpread(context, standbys) ? undefined : able.find((it) => isApart(context, it.server, primary));
  return (elsewhere ?? (standbys.length < standbysWanted(context) ? able[0] : undefined))?.server;
}

export const keepingRules = {
  /** What is to be recorded next, if anything. */
  keepUp(context: Context): Answer {
    if (context.wanted !== null || !hasPrimary(context.standing)) return {};
    const wanted = [phaseWanted(context), inSyncWanted(context)].find(
      (it) => it !== null && isWanting(context.standing, it),
    );
    return wanted === undefined || wanted === null ? {} : want(context, wanted);
  },
  /** A used or failed standby is made up for by a cold one. */
  recruit(context: Context): Answer {
    const server = recruitIn(context);
    if (server === undefined) return {};
    const recruited = [...context.recruited, server].sort();
    return { context: { recruited }, effects: orders({ ...context, recruited }) };
  },
  /** Counts looks at the primary, which is how time is told here. */
  countLook(context: Context): Answer {
    const { plan, standing, settling, preferring, short, spurned } = context;
    const { settleAfter, failbackAfter, lateAfter } = plan.settings;
    const isServed = isServing(context);
    const preferred = preferredIn(context);
    const mayFallBack = standing.phase === 'monitoring' && preferred !== undefined && mayTake(context, preferred);
    const ready = standbysIn(context).filter(({ server }) => isReady(context, server));
    return {
      context: {
        settling: standing.phase === 'settling' && isServed ? Math.min(settleAfter, settling + 1) : 0,
        spurned: spurned === standing.primary?.server ? null : spurned,
        preferring: mayFallBack ? Math.min(failbackAfter, preferring + 1) : 0,
        short: {
          inSync: isServed ? 0 : Math.min(lateAfter, short.inSync + 1),
          standbys: isEnough(context, ready) ? 0 : Math.min(lateAfter, short.standbys + 1),
        },
      },
    };
  },
  /** The preferred server has its place again; where it does not take it, it is not asked again in this term. */
  wantFailback(context: Context): Answer {
    const target = preferredIn(context);
    if (target === undefined) return {};
    const answer = want(context, { type: 'elect', epoch: context.standing.epoch + 1, reason: 'failback', target });
    return { ...answer, context: { ...answer.context, spurned: target, preferring: 0 } };
  },

  isPrimarysLook: (
    { standing }: Context,
    { server, term }: { readonly server: string; readonly term: number },
  ): boolean => term === standing.term && server === standing.primary?.server,
  mayFallBack: ({ plan, preferring, wanted }: Context): boolean =>
    wanted === null && preferring >= plan.settings.failbackAfter,
};
