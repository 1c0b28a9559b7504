/**
 * The rules of an acceptor (Paxos Made Simple §2.2). It is the memory of a decision: what it has promised and accepted is
 * durable before it is answered, and it forgets neither.
 */

import { type Address, checkpoint, type Delivered, type EffectOf, type Ruling, send } from '../../actor.ts';
import { type Acceptors, sameAcceptors } from '../acceptors.ts';
import { type Ballot, isLater, sameBallot } from '../ballot.ts';
import type { Acceptance, AcceptorAnswer, AcceptorMessage, AcceptorRecord } from '../messages.ts';

export interface AcceptorContext {
  /** Who decides with it, as its first message said; null before that. */
  readonly acceptors: Acceptors | null;
  /** It accepts nothing of an earlier ballot. */
  readonly promised: Ballot | null;
  /** What it has accepted at the highest ballot. */
  readonly accepted: Acceptance | null;
}

export type AcceptorEvent = Delivered<AcceptorMessage>;
export type AcceptorEffect = EffectOf<{ message: AcceptorAnswer; record: AcceptorRecord }>;

type Context = AcceptorContext;
type Answer = Ruling<Context, AcceptorEffect>;
type Message<Type extends AcceptorMessage['type']> = Delivered<Extract<AcceptorMessage, { type: Type }>>;

/** Before any message. */
export const blankAcceptor: AcceptorContext = { acceptors: null, promised: null, accepted: null };

const promiseOf = (to: Address, ballot: Ballot, accepted: Acceptance | null): AcceptorEffect =>
  send(to, { type: 'promise', ballot, accepted });
const acceptedOf = (to: Address, acceptance: Acceptance): AcceptorEffect =>
  send(to, { type: 'accepted', ...acceptance });

export const acceptorRules = {
  /** Phase 1b: promises to accept nothing before this ballot, and tells what it has accepted. */
  promise({ accepted }: Context, { from, ballot: promised, acceptors }: Message<'prepare'>): Answer {
    return {
      context: { acceptors, promised },
      effects: [checkpoint({ type: 'standing', acceptors, promised, accepted }), promiseOf(from, promised, accepted)],
    };
  },

  /** The answer was lost, or the question came twice: what was promised is said again. */
  promiseAgain: ({ accepted }: Context, { from, ballot }: Message<'prepare'>): Answer => ({
    effects: [promiseOf(from, ballot, accepted)],
  }),

  /** Phase 2b: accepts the value, and will accept nothing before this ballot any more. */
  accept(_context: Context, { from, ballot, acceptors, value }: Message<'accept'>): Answer {
    const accepted = { ballot, value };
    return {
      context: { acceptors, promised: ballot, accepted },
      effects: [checkpoint({ type: 'standing', acceptors, promised: ballot, accepted }), acceptedOf(from, accepted)],
    };
  },

  /** What it has accepted last, for those who ask, or have asked for just this before. */
  tellAccepted: ({ accepted }: Context, { from }: Message<'accept' | 'inquire'>): Answer =>
    accepted === null ? {} : { effects: [acceptedOf(from, accepted)] },

  /** The ballot comes too late: the proposer had better know of the one that stands in its way. */
  refuse: ({ promised }: Context, { from, ballot }: Message<'prepare' | 'accept'>): Answer =>
    promised === null ? {} : { effects: [send(from, { type: 'refused', ballot, promised })] },

  /** Quorums of different configurations need not meet. */
  tellAcceptors: ({ acceptors }: Context, { from }: AcceptorEvent): Answer =>
    acceptors === null ? {} : { effects: [send(from, { type: 'differs', acceptors })] },

  isOfOthers: (context: Context, { acceptors }: AcceptorEvent): boolean =>
    context.acceptors !== null && !sameAcceptors(context.acceptors, acceptors),
  isNewBallot: ({ promised }: Context, { ballot }: Message<'prepare'>): boolean => isLater(ballot, promised),
  isPromised: ({ promised }: Context, { ballot }: Message<'prepare'>): boolean => sameBallot(ballot, promised),
  /** Phase 2b: it has promised no later ballot. A proposer proposes one value at a ballot, so the same again is the same. */
  isAcceptable: ({ promised }: Context, { ballot }: Message<'accept'>): boolean =>
    isLater(ballot, promised) || sameBallot(ballot, promised),
  isAccepted: ({ accepted }: Context, { ballot }: Message<'accept'>): boolean =>
    accepted !== null && sameBallot(ballot, accepted.ballot),
  hasPromised: ({ promised }: Context): boolean => promised !== null,
  hasAccepted: ({ accepted }: Context): boolean => accepted !== null,
};

/** The rules of an acceptor; a proof replaces one of them to show that it would be missed. */
export type AcceptorRules = typeof acceptorRules;
