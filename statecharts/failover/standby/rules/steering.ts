/**
 * Under whose orders a server is. Exclusive control at the server comes first, and only then the question whether the term is
 * still in office: whoever takes office afterwards claims the server later, and ends what is under way. So what a deposed
 * manager asks for came before the claim of its successor, or never happens (Lampson 1996, §4: a lease or a fence).
 */

import { canonicalKey, type Delivered, type Ruling, send } from '../../../actor.ts';
import { isElecting } from '../../group/decide.ts';
import type { StandbyContext, StandbyEffect } from '../context.ts';
import type { StandbyMessage } from '../messages.ts';
import { perform } from './operating.ts';

type Context = StandbyContext;
type Answer = Ruling<Context, StandbyEffect>;
type Said<Type extends StandbyMessage['type']> = Delivered<Extract<StandbyMessage, { type: Type }>>;

const isInOffice = ({ claim, term }: Context, { asked, standing }: Said<'recorded'>): boolean =>
  asked === claim && standing.term === term;

export const steeringRules = {
  obey: ({ hasReigned }: Context, { term, order }: Said<'steer'>): Answer => ({
    context: { term, order, hasReigned: hasReigned || order.type === 'reign' },
  }),

  /** Exclusive control, before anything else. */
  claimServer: (context: Context): Answer => {
    const claim = context.claim + 1;
    return {
      context: { claim, status: null, done: null, doing: null },
      effects: [perform({ ...context, claim }, { type: 'claim', term: context.term })],
    };
  },

  /** Whether the term is still in office, asked after the claim was granted: read through the log. */
  askWhoIsInOffice: ({ register, claim }: Context): Answer => ({
    effects: [send(register, { type: 'enquire', asked: claim })],
  }),

  /** Another question than that of the claim, so that no answer to that one is taken for its own. */
  beginQuestion: ({ claim }: Context): Answer => ({ context: { claim: claim + 1 } }),

  /** It was primary, or is while another one is being looked for; and it does not answer. */
  mayHaveToStop: ({ canStop, order, hasReigned, stops, settings }: Context): boolean => {
    const isReplaced = order.type === 'fence' || (order.type === 'follow' && hasReigned);
    return canStop && isReplaced && stops < settings.failAfter;
  },
  /** Not before it is recorded that another one is to be primary, by a manager that is in office then. */
  isToStop(context: Context, said: Said<'recorded'>): boolean {
    const { server, hasReigned } = context;
    const { standing } = said;
    if (!isInOffice(context, said)) return false;
    const leads = (standing.candidate ?? standing.primary)?.server === server;
    return isElecting(standing) ? standing.target === null && (leads || hasReigned) : hasReigned && !leads;
  },
  isToStart: (context: Context, said: Said<'recorded'>): boolean => context.canStart && isInOffice(context, said),

  /** Another manager is in office; the own one hears of it, too. */
  standDown: (): Answer => ({ context: { order: { type: 'rest' }, status: null, done: null, doing: null } }),

  isOutdated: ({ term }: Context, said: Said<'steer'>): boolean => said.term < term,
  isRest: ({ term }: Context, said: Said<'steer'>): boolean => said.term >= term && said.order.type === 'rest',
  isOfLaterTerm: ({ term }: Context, said: Said<'steer'>): boolean => said.term > term,
  isOtherOrder: ({ term, order }: Context, said: Said<'steer'>): boolean =>
    said.term === term && said.order.type !== 'rest' && canonicalKey(said.order) !== canonicalKey(order),
  isInOffice,
  isDeposed: ({ claim, term }: Context, { asked, standing }: Said<'recorded'>): boolean =>
    asked === claim && standing.term !== term,
};
