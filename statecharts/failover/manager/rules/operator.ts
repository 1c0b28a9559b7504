/** What an operator asks, and what needs an operator's eye. An answer follows the record of what was asked for. */

import { type Delivered, deliver, type Ruling } from '../../../actor.ts';
import type { Wanted } from '../../group/changes.ts';
import { hasPrimary, isWanting } from '../../group/decide.ts';
import type { ManagerContext, ManagerEffect } from '../context.ts';
import { type Alarm, alarms, type ManagerMessage, type ManagerRefusal, type ManagerRequest } from '../messages.ts';
import { unfencedIn } from './electing.ts';
import { mayTake } from './keeping.ts';
import { want } from './office.ts';
import { isPrimaryGone } from './seeing.ts';

type Context = ManagerContext;
type Answer = Ruling<Context, ManagerEffect>;
type Asked<Type extends ManagerRequest['type']> = Delivered<Extract<ManagerRequest, { type: Type }>>;

const refuse = (id: number, reason: ManagerRefusal): Answer => ({
  effects: [deliver({ type: 'refused', id, reason })],
});

const urgent: readonly Wanted['type'][] = ['elect', 'degrade', 'choose', 'promoted'];

/** Changes of an election under way are not given up for a request. */
const isBusy = ({ wanted, asking }: Context): boolean => asking !== null || urgent.some((it) => it === wanted?.type);

const ask = (context: Context, id: number, wanted: Wanted): Answer =>
  isBusy(context) || !isWanting(context.standing, wanted) ? refuse(id, 'NOT_NOW') : want(context, wanted, id);

/** Who takes over where the operator names none: the first in sync, by priority. */
const bestTarget = (context: Context): string | undefined =>
  [...context.plan.servers]
    .sort((one, other) => other.priority - one.priority)
    .find(({ server, isPromotable }) => isPromotable && mayTake(context, server))?.server;

const targetOf = (context: Context, { target }: Asked<'switchover'>): string | undefined =>
  target ?? bestTarget(context);

/** Which alarms there should be. */
function alarmsIn(context: Context): readonly Alarm[] {
  const { standing, short, plan } = context;
  const { lateAfter } = plan.settings;
  const isDue: Readonly<Record<Alarm, boolean>> = {
    'no-candidate': standing.phase === 'degraded',
    'operator-needed': standing.phase === 'manual' && (!hasPrimary(standing) || isPrimaryGone(context)),
    'too-few-in-sync': hasPrimary(standing) && short.inSync >= lateAfter,
    'too-few-standbys': hasPrimary(standing) && short.standbys >= lateAfter,
  };
  return alarms.filter((it) => isDue[it]);
}

export const operatorRules = {
  refuseNotInOffice: (_context: Context, { id }: { readonly id: number }): Answer => refuse(id, 'NOT_IN_OFFICE'),
  refuseNotNow: (_context: Context, { id }: { readonly id: number }): Answer => refuse(id, 'NOT_NOW'),
  refuseNotReady: (_context: Context, { id }: { readonly id: number }): Answer => refuse(id, 'NOT_READY'),

  wantSwitchover(context: Context, asked: Asked<'switchover'>): Answer {
    const target = targetOf(context, asked) ?? null;
    return want(context, { type: 'elect', epoch: context.standing.epoch + 1, reason: 'switchover', target }, asked.id);
  },
  maintain: (context: Context, { id, isOn }: Asked<'maintain'>): Answer => ask(context, id, { type: 'maintain', isOn }),
  resume: (context: Context, { id }: Asked<'resume'>): Answer => ask(context, id, { type: 'resume' }),
  /** A primary that could go on confirming writes beside the next one is no loss that an operator can allow. */
  allowLoss: (context: Context, { id, epoch, off }: Asked<'allowLoss'>): Answer =>
    unfencedIn(context).every((server) => off.includes(server))
      ? ask(context, id, { type: 'allowLoss', epoch })
      : refuse(id, 'NOT_OFF'),

  /** Raises and clears alarms, each once. */
  sound(context: Context): Answer {
    const { epoch } = context.standing;
    const raised = alarmsIn(context);
    const isChanged = raised.length !== context.raised.length || raised.some((it) => !context.raised.includes(it));
    if (!isChanged) return {};
    return {
      context: { raised },
      effects: [
        ...raised
          .filter((it) => !context.raised.includes(it))
          .map((alarm) => deliver({ type: 'raised' as const, alarm, epoch })),
        ...context.raised
          .filter((it) => !raised.includes(it))
          .map((alarm) => deliver({ type: 'cleared' as const, alarm, epoch })),
      ],
    };
  },
  /** The founding needs more than it has found: a server that does not answer, or the name of the first primary. */
  soundFounding: ({ raised, standing }: Context): Answer =>
    raised.includes('no-candidate')
      ? {}
      : {
          context: { raised: ['no-candidate'] },
          effects: [deliver({ type: 'raised', alarm: 'no-candidate', epoch: standing.epoch })],
        },
  /** Whom the group has chosen, once that is recorded, and why it had to. */
  tellChoice: (context: Context, { standing }: Delivered<Extract<ManagerMessage, { type: 'recorded' }>>): Answer => {
    const { epoch, candidate, loss } = standing;
    if (candidate === null) return {};
    const own = loss?.epoch === epoch ? loss : null;
    const { reason } = context.standing;
    return { effects: [deliver({ type: 'chosen', epoch, server: candidate.server, reason, loss: own })] };
  },

  maySwitchOver: (context: Context, asked: Asked<'switchover'>): boolean => {
    const target = targetOf(context, asked);
    return hasPrimary(context.standing) && !isBusy(context) && target !== undefined && mayTake(context, target);
  },
};
