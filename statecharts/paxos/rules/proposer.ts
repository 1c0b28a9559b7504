/**
 * The rules of a proposer that has one value chosen (Paxos Made Simple §2.2, §2.4). Its rounds are durable before its
 * ballots are used, so that no life of it uses one again; and it proposes its own value only where no acceptor of a
 * quorum has told it of another.
 */

import { type Address, checkpoint, type Delivered, deliver, type EffectOf, type Ruling } from '../../actor.ts';
import { type Acceptors, sameAcceptors } from '../acceptors.ts';
import type { AcceptorAnswer, AcceptorMessage, ProposerRecord, ProposerRequest } from '../messages.ts';
import { accepts, latestAccepted, nextRound, type Phases, phaseRules, prepares, steppedBack } from './phases.ts';

export interface ProposerContext extends Phases {
  /** What it wants to have chosen, in its own interest; null before it is asked. */
  readonly wanted: string | null;
  /** What it proposes at its ballot; null in phase 1. Once it knows what is chosen, that. */
  readonly proposal: string | null;
  /** Whether `proposal` is chosen. */
  readonly isDecided: boolean;
  /** How often in a row it was refused, as far as pauses grow with it. */
  readonly refusals: number;
}

/** What the application hears. */
export type ProposerOutput =
  /** The value that is chosen, now and for ever; not necessarily the one that was proposed. */
  | { readonly type: 'chosen'; readonly value: string }
  /** The decision has other acceptors, which are `acceptors`; nothing is proposed any more. */
  | { readonly type: 'differs'; readonly acceptors: Acceptors };

export type ProposerEvent = Delivered<AcceptorAnswer | ProposerRequest>;
export type ProposerEffect = EffectOf<{ message: AcceptorMessage; record: ProposerRecord; output: ProposerOutput }>;

type Context = ProposerContext;
type Answer = Ruling<Context, ProposerEffect>;
type Heard<Type extends AcceptorAnswer['type']> = Delivered<Extract<AcceptorAnswer, { type: Type }>>;
type Asked<Type extends ProposerRequest['type']> = Delivered<Extract<ProposerRequest, { type: Type }>>;

/** What a proposer remembers of its earlier lives. */
export interface ProposerMemory {
  readonly round: number;
  readonly chosen: { readonly acceptors: Acceptors; readonly value: string } | null;
}

/** The context of a new life. */
export const proposerContext = (self: Address, acceptors: Acceptors, { round, chosen }: ProposerMemory): Context => ({
  self,
  acceptors: chosen?.acceptors ?? acceptors,
  round,
  highestRound: round,
  promises: [],
  acceptances: [],
  wanted: null,
  proposal: chosen?.value ?? null,
  isDecided: chosen !== null,
  refusals: 0,
});

export const proposerRules = {
  ...phaseRules,

  begin: (_context: Context, { value: wanted, acceptors }: Asked<'propose'>): Answer => ({
    context: { wanted, acceptors, refusals: 0 },
  }),

  /** Phase 1a, at a ballot beyond all that it has used or heard of, which is durable before it leaves. */
  prepare(context: Context): Answer {
    const round = nextRound(context);
    const begun = { round, highestRound: round, promises: [], acceptances: [], proposal: null };
    return {
      context: begun,
      effects: [checkpoint({ type: 'round', round }), ...prepares({ ...context, ...begun })],
    };
  },

  /** Phase 2a: the value of the highest ballot that the quorum has told of (P2c), or else its own. */
  propose(context: Context): Answer {
    const proposal = latestAccepted(context.promises)?.value ?? context.wanted;
    return proposal === null ? {} : { context: { proposal }, effects: accepts(context, proposal) };
  },
  proposeAgain: (context: Context): Answer =>
    context.proposal === null ? {} : { effects: accepts(context, context.proposal) },

  /** A later ballot stands in the way: the next one has to be later still. */
  stepBack: (context: Context, { promised }: Heard<'refused'>): Answer => ({ context: steppedBack(context, promised) }),

  /** Nothing can be chosen but this any more, whatever is proposed. */
  conclude({ acceptors, proposal }: Context): Answer {
    if (proposal === null) return {};
    return {
      context: { isDecided: true, promises: [], acceptances: [] },
      effects: [
        checkpoint({ type: 'chosen', acceptors, value: proposal }),
        deliver({ type: 'chosen', value: proposal }),
      ],
    };
  },

  answer: ({ proposal }: Context): Answer =>
    proposal === null ? {} : { effects: [deliver({ type: 'chosen', value: proposal })] },

  tellAcceptors: ({ acceptors }: Context): Answer => ({ effects: [deliver({ type: 'differs', acceptors })] }),
  giveUp: (_context: Context, { acceptors }: Heard<'differs'>): Answer => ({
    effects: [deliver({ type: 'differs', acceptors })],
  }),

  isDecided: ({ isDecided }: Context): boolean => isDecided,
  isOfOthers: (context: Context, { acceptors }: Asked<'propose'> | Heard<'differs'>): boolean =>
    !sameAcceptors(context.acceptors, acceptors),
};

/** The rules of a proposer; a proof replaces one of them to show that it would be missed. */
export type ProposerRules = typeof proposerRules;
