/** Which part the server plays: seen in what was ordered, and in where it stands. */

import type { Ruling } from '../../../actor.ts';
import type { StandbyContext, StandbyEffect } from '../context.ts';

type Context = StandbyContext;
type Answer = Ruling<Context, StandbyEffect>;

const isFailing = ({ misses, settings }: Context): boolean => misses >= settings.failAfter;
const isReigning = ({ order, status }: Context): boolean =>
  (order.type === 'promote' || order.type === 'reign') &&
  status?.role === 'primary' &&
  status.incarnation === order.incarnation;

const isPromoted = ({ order, done }: Context): boolean =>
  order.type === 'promote' && done?.type === 'promote' && done.epoch === order.epoch;

export const roleRules = {
  noteReign: (): Answer => ({ context: { hasReigned: true } }),
  noteFollowing: (): Answer => ({ context: { hasReigned: false } }),

  isLetAlone: ({ order }: Context): boolean => order.type === 'rest',
  isSteered: ({ order }: Context): boolean => order.type !== 'rest',
  hasFailed: isFailing,
  isWorking: (context: Context): boolean => !isFailing(context),
  isReplaced: ({ order, hasReigned }: Context): boolean => order.type === 'follow' && hasReigned,
  isActive: (context: Context): boolean =>
    isReigning(context) && (context.order.type === 'reign' || isPromoted(context)),
  isPromoting: ({ order }: Context): boolean => order.type === 'promote',
  isFenced: ({ order, done }: Context): boolean =>
    order.type === 'fence' && done?.type === 'fence' && done.epoch === order.epoch,
  isFollowing: ({ order, status }: Context): boolean =>
    order.type === 'follow' && status?.role === 'standby' && status.follows === order.primary && status.isLinked,
  isWarming: ({ order, status }: Context): boolean =>
    (order.type === 'follow' || order.type === 'watch') && !(status?.role === 'standby' && status.isLinked),
};
