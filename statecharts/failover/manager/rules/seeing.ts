/**
 * What is seen of servers. A standby is in sync from when it has reached a point at which the primary was seen after the
 * standby's present incarnation was; whatever earlier incarnations of it had confirmed lies before that point.
 */

import type { Delivered, Ruling } from '../../../actor.ts';
import type { Standing } from '../../group/standing.ts';
import { type ManagerContext, type ManagerEffect, planOf, type Seen, type Sight, sightOf } from '../context.ts';
import type { ManagerMessage, ManagerRequest } from '../messages.ts';

type Context = ManagerContext;
type Answer = Ruling<Context, ManagerEffect>;
type Said<Type extends ManagerMessage['type'] | ManagerRequest['type']> = Delivered<
  Extract<ManagerMessage | ManagerRequest, { type: Type }>
>;

const withSight = (sights: readonly Sight[], changed: Sight): readonly Sight[] =>
  sights.map((it) => (it.server === changed.server ? changed : it));

/** Whether it takes the data of this reign's primary, and has some of them. */
export function isFollowing({ histories, epoch, primary }: Standing, seen: Seen | null): boolean {
  if (seen === null || primary === null || seen.role !== 'standby') return false;
  const isOfEpoch = histories.some((it) => it.epoch === epoch && it.history === seen.position.history);
  return isOfEpoch && seen.isLinked && seen.follows === primary.server;
}

/** Whether it is the primary that the standing has, and is it in fact. */
const isPrimary = ({ primary }: Standing, server: string, seen: Seen): boolean =>
  primary?.server === server && seen.role === 'primary' && seen.incarnation === primary.incarnation;

/** A quorum of detectors says that the primary is dead, or it says itself that it is none, or has forgotten its data. */
export function isPrimaryGone(context: Context): boolean {
  const { standing } = context;
  const sight = sightOf(context, standing.primary?.server);
  if (sight === undefined) return false;
  return sight.opinion === 'confirmed' || (sight.seen !== null && !isPrimary(standing, sight.server, sight.seen));
}

function standbySeen(standing: Standing, before: Sight, seen: Seen): Partial<Sight> {
  if (!isFollowing(standing, seen)) return { floor: null, isCaughtUp: false };
  if (before.seen?.incarnation !== seen.incarnation) return { floor: null, isCaughtUp: false, isSpent: false };
  const hasReached = before.floor !== null && seen.position.offset >= before.floor;
  return hasReached ? { floor: null, isCaughtUp: true, late: 0, isSpent: false } : { isSpent: false };
}

/** The primary was seen at `offset`: the others are to be there at their next look. */
function measured({ standing, plan }: Context, sight: Sight, offset: number): Sight {
  if (sight.server === standing.primary?.server) return sight;
  const isBehind = sight.floor !== null || !isFollowing(standing, sight.seen);
  return {
    ...sight,
    floor: sight.floor ?? (sight.seen === null ? null : offset),
    late: isBehind ? Math.min(plan.settings.lateAfter, sight.late + 1) : sight.late,
  };
}

export const seeingRules = {
  judge: ({ sights }: Context, { server, opinion }: Said<'judged'>): Answer => ({
    context: { sights: sights.map((it) => (it.server === server ? { ...it, opinion } : it)) },
  }),

  see(context: Context, { server, status, done }: Said<'stands'>): Answer {
    const before = sightOf(context, server);
    if (before === undefined) return {};
    const { confirmed: _, gaveUp: __, ...seen } = status;
    const { standing } = context;
    const isReigning = isPrimary(standing, server, seen);
    const changed = { ...before, seen, done, isFailing: false, ...standbySeen(standing, before, seen) };
    const sights = withSight(context.sights, changed);
    if (!isReigning) return { context: { sights } };
    return {
      context: {
        sights: sights.map((it) => measured(context, it, seen.position.offset)),
        lastSeen: seen.position,
      },
    };
  },
  seeFailing(context: Context, { server, times }: Said<'fails'>): Answer {
    const before = sightOf(context, server);
    if (before === undefined) return {};
    const isFailing = times >= context.plan.settings.failAfter;
    return { context: { sights: withSight(context.sights, { ...before, isFailing }) } };
  },
  /** The candidate is the last choice from now on, until another manager takes office. */
  spend: ({ sights, standing }: Context): Answer => ({
    context: {
      sights: sights.map((it) => (it.server === standing.candidate?.server ? { ...it, isSpent: true } : it)),
    },
  }),

  isOfTerm: ({ standing, plan }: Context, said: Said<'stands' | 'fails'>): boolean =>
    said.term === standing.term && planOf({ plan }, said.server) !== undefined,

  isPrimarySuspected: (context: Context): boolean =>
    sightOf(context, context.standing.primary?.server)?.opinion === 'suspected',
  isPrimaryTrusted: (context: Context): boolean =>
    sightOf(context, context.standing.primary?.server)?.opinion !== 'suspected',
};
