/**
 * Being in office: a manager takes it by a recorded change, and leaves it as it hears of a later term. What it wants recorded
 * it asks for until the standing shows that it happened, or that it is not possible any more.
 */

import { type Delivered, deliver, type Ruling, send } from '../../../actor.ts';
import type { Wanted } from '../../group/changes.ts';
import { changeOf, isWanting } from '../../group/decide.ts';
import type { Phase } from '../../group/standing.ts';
import { type ManagerContext, type ManagerEffect, ofNewTerm } from '../context.ts';
import type { ManagerMessage } from '../messages.ts';
import { orders, restAll } from '../orders.ts';

type Context = ManagerContext;
type Answer = Ruling<Context, ManagerEffect>;
type Said<Type extends ManagerMessage['type']> = Delivered<Extract<ManagerMessage, { type: Type }>>;

/** What is said, and the phase to which it may lead. */
export interface Leading extends Said<'recorded'> {
  readonly phase: Phase;
}

const record = ({ register, standing }: Context, wanted: Wanted): ManagerEffect =>
  send(register, { type: 'record', change: changeOf(standing, wanted) });

const refuse = (asking: number | null, reason: 'OVERTAKEN' | 'NOT_IN_OFFICE'): readonly ManagerEffect[] =>
  asking === null ? [] : [deliver({ type: 'refused', id: asking, reason })];

/** Asks the register for `wanted`; what was asked for before is not any more. */
export function want(context: Context, wanted: Wanted, asking: number | null = null): Answer {
  return {
    context: { wanted, asking },
    effects: [...refuse(context.asking, 'OVERTAKEN'), record(context, wanted)],
  };
}

const bid = ({ node, standing }: Context) =>
  ({ type: 'takeOffice', node, term: standing.term + 1, expected: standing.revision }) as const;

const isNews = ({ standing }: Context, said: Said<'recorded'>): boolean => said.standing.revision > standing.revision;

/** A change of the own term: what a later one changes is not for this manager to act on. */
const isOwnChange = (context: Context, said: Said<'recorded'>): boolean =>
  isNews(context, said) && said.standing.term === context.standing.term;

export const officeRules = {
  askForOffice: (context: Context): Answer => ({
    effects: [send(context.register, { type: 'record', change: bid(context) })],
  }),
  learn: (_context: Context, { standing }: Said<'recorded'>): Answer => ({ context: { standing } }),
  takeOffice: ({ sights, standing }: Context): Answer => ({
    context: ofNewTerm(sights),
    effects: [deliver({ type: 'office', term: standing.term, isHeld: true })],
  }),
  leaveOffice: (context: Context): Answer => ({
    context: ofNewTerm(context.sights),
    effects: [
      ...refuse(context.asking, 'NOT_IN_OFFICE'),
      ...restAll(context),
      deliver({ type: 'office', term: context.standing.term, isHeld: false }),
    ],
  }),

  /** The standing has changed: all are ordered what it says now, and what is still wanted is asked for again. */
  adopt(before: Context, { standing }: Said<'recorded'>): Answer {
    const { wanted, asking } = before;
    const isStillWanted = wanted !== null && isWanting(standing, wanted);
    const context: Context = { ...before, standing, wanted: isStillWanted ? wanted : null };
    const answered = asking !== null && !isStillWanted;
    return {
      context: { standing, wanted: context.wanted, asking: answered ? null : asking },
      effects: [
        ...(isStillWanted ? [record(context, wanted)] : []),
        ...orders(context),
        ...(answered ? [deliver({ type: 'accepted' as const, id: asking })] : []),
      ],
    };
  },
  recordAgain: (context: Context): Answer =>
    context.wanted === null ? {} : { effects: [record(context, context.wanted)] },
  steerAll: (context: Context): Answer => ({ effects: orders(context) }),

  isNews,
  isOwnChange,
  /** It is this bid that was recorded, and not one of an earlier life. */
  isElected: ({ node, standing }: Context, said: Said<'recorded'>): boolean =>
    said.standing.manager === node && said.standing.term === standing.term + 1,
  isDeposed: ({ standing }: Context, said: Said<'recorded'>): boolean => said.standing.term > standing.term,
  /** The standing has come to the phase. */
  leadsTo: (context: Context, said: Leading): boolean =>
    isOwnChange(context, said) && said.standing.phase === said.phase,
  isIn: ({ standing }: Context, { phase }: { readonly phase: Phase }): boolean => standing.phase === phase,
  isPlanned: ({ wanted, standing }: Context): boolean =>
    (wanted?.type === 'elect' ? wanted.target : standing.target) !== null,
};
