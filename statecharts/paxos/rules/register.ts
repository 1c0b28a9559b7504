/**
 * The rules of a register (Rystsov, CASPaxos: Replicated State Machines without Logs, 2018, §2.2), which changes the value
 * of a key again and again with the two phases of single-decree Paxos. A change learns the current value in phase 1, and
 * has what becomes of it accepted in phase 2, at the same ballot; so each value that is chosen comes of the one that was
 * chosen before it.
 *
 * A ballot has one value, and a change has one ballot once its value has left: another ballot could apply it twice.
 */

import { type Address, checkpoint, type Delivered, deliver, type EffectOf, type Ruling } from '../../actor.ts';
import { type Acceptors, sameAcceptors } from '../acceptors.ts';
import type { AcceptorAnswer, AcceptorMessage, RegisterRecord, RegisterRequest } from '../messages.ts';
import { accepts, latestAccepted, nextRound, type Phases, phaseRules, prepares, steppedBack } from './phases.ts';

export interface RegisterContext extends Phases {
  /** The change at hand, or the last one; 0 before the first. */
  readonly id: number;
  /** What it has the register changed to; null before that is known. */
  readonly next: string | null;
  /** How often in a row it was refused, as far as pauses grow with it. */
  readonly refusals: number;
}

/** What the application hears of the change `id`. */
export type RegisterOutput =
  /** What the register holds, null before its first change: answer with `replace`. Once in a change. */
  | { readonly type: 'current'; readonly id: number; readonly value: string | null }
  /** The change has happened, once: a quorum has accepted the value. */
  | { readonly type: 'changed'; readonly id: number }
  /** Another change came between, and this one has happened or will happen, or never: that is unknown. */
  | { readonly type: 'conflict'; readonly id: number }
  /** The register has other acceptors, which are `acceptors`; the change has not happened, and will not. */
  | { readonly type: 'differs'; readonly id: number; readonly acceptors: Acceptors };

export type RegisterEvent = Delivered<AcceptorAnswer | RegisterRequest>;
export type RegisterEffect = EffectOf<{ message: AcceptorMessage; record: RegisterRecord; output: RegisterOutput }>;

type Context = RegisterContext;
type Answer = Ruling<Context, RegisterEffect>;
type Heard<Type extends AcceptorAnswer['type']> = Delivered<Extract<AcceptorAnswer, { type: Type }>>;
type Asked<Type extends RegisterRequest['type']> = Delivered<Extract<RegisterRequest, { type: Type }>>;

/** The context of a new life. */
export const registerContext = (self: Address, acceptors: Acceptors, round: number): Context => ({
  self,
  acceptors,
  round,
  highestRound: round,
  promises: [],
  acceptances: [],
  id: 0,
  next: null,
  refusals: 0,
});

export const registerRules = {
  ...phaseRules,

  begin: (_context: Context, { id, acceptors }: Asked<'change'>): Answer => ({
    context: { id, acceptors },
  }),

  /** Phase 1a, at a ballot beyond all that it has used or heard of, which is durable before it leaves. */
  prepare(context: Context): Answer {
    const round = nextRound(context);
    const begun = { round, highestRound: round, promises: [], acceptances: [], next: null };
    return {
      context: begun,
      effects: [checkpoint({ type: 'round', round }), ...prepares({ ...context, ...begun })],
    };
  },

  /** The value of the highest ballot that the quorum has told of: no other one can be the latest that was chosen. */
  tellCurrent: ({ id, promises }: Context): Answer => ({
    effects: [deliver({ type: 'current', id, value: latestAccepted(promises)?.value ?? null })],
  }),

  /** Phase 2a, at the ballot of the promises. */
  replace: (context: Context, { value: next }: Asked<'replace'>): Answer => ({
    context: { next },
    effects: accepts(context, next),
  }),
  replaceAgain: (context: Context): Answer =>
    context.next === null ? {} : { effects: accepts(context, context.next) },

  conclude: ({ id }: Context): Answer => ({
    context: { next: null, promises: [], acceptances: [], refusals: 0 },
    effects: [deliver({ type: 'changed', id })],
  }),

  /** Nothing of the change has left: it may begin again, at a ballot later than the one in its way. */
  stepBack: (context: Context, { promised }: Heard<'refused'>): Answer => ({ context: steppedBack(context, promised) }),

  /** Its value has left: some acceptor may have it, and a later change may find it there or not. */
  tellConflict: (context: Context, { promised }: Heard<'refused'>): Answer => ({
    context: { ...steppedBack(context, promised), next: null, promises: [], acceptances: [] },
    effects: [deliver({ type: 'conflict', id: context.id })],
  }),

  giveUp: ({ id }: Context, { acceptors }: Heard<'differs'>): Answer => ({
    context: { promises: [], refusals: 0 },
    effects: [deliver({ type: 'differs', id, acceptors })],
  }),

  /** Whether another register was in its way the last time, and may still be there. */
  wasRefused: ({ refusals }: Context): boolean => refusals > 0,
  isOfChange: (context: Context, { id }: Asked<'replace' | 'abandon'>): boolean => context.id === id,
  isOfOthers: (context: Context, { acceptors }: Heard<'differs'>): boolean =>
    !sameAcceptors(context.acceptors, acceptors),
};

/** The rules of a register; a proof replaces one of them to show that it would be missed. */
export type RegisterRules = typeof registerRules;
