/**
 * The rules of a learner (Paxos Made Simple §2.3): it finds out which value is chosen without proposing any. A value is
 * chosen when a quorum of acceptors has accepted it at one and the same ballot; acceptances of different ballots do not add up.
 */

import { type Address, type Delivered, deliver, type EffectOf, type Ruling, send } from '../../actor.ts';
import { isQuorum } from '../../quorum.ts';
import { type Acceptors, phase2Quorum, sameAcceptors } from '../acceptors.ts';
import { type Ballot, isLater, sameBallot } from '../ballot.ts';
import type { Acceptance, AcceptorMessage, LearnerMessage, LearnerRequest } from '../messages.ts';

/** The latest acceptance of an acceptor that was heard of. */
export interface Heard extends Acceptance {
  readonly from: Address;
}

export interface LearnerContext {
  readonly acceptors: Acceptors;
  /** Of each acceptor the latest, sorted by acceptor. */
  readonly heard: readonly Heard[];
}

/** What the application hears, once. */
export type LearnerOutput =
  | { readonly type: 'chosen'; readonly value: string }
  /** The decision has other acceptors, which are `acceptors`. */
  | { readonly type: 'differs'; readonly acceptors: Acceptors };

export type LearnerEvent = Delivered<LearnerMessage | LearnerRequest>;
export type LearnerEffect = EffectOf<{ message: AcceptorMessage; output: LearnerOutput }>;

type Context = LearnerContext;
type Answer = Ruling<Context, LearnerEffect>;

/** The acceptance that a quorum shares. */
export function chosenIn({ acceptors, heard }: Context): Acceptance | undefined {
  const at = (ballot: Ballot): readonly Address[] =>
    heard.filter((it) => sameBallot(it.ballot, ballot)).map(({ from }) => from);
  return heard.find(({ ballot }) => isQuorum(phase2Quorum(acceptors), at(ballot)));
}

export const learnerRules = {
  inquire: ({ acceptors }: Context): Answer => ({
    effects: acceptors.acceptors.map((to) => send(to, { type: 'inquire', acceptors })),
  }),

  /** Phase 2b, heard by a learner. What an acceptor accepted before is true still, and makes room for the later. */
  hear({ heard }: Context, { from, ballot, value }: Delivered<Extract<LearnerMessage, { type: 'accepted' }>>): Answer {
    const before = heard.find((it) => it.from === from);
    if (before !== undefined && !isLater(ballot, before.ballot)) return {};
    const others = heard.filter((it) => it.from !== from);
    return { context: { heard: [...others, { from, ballot, value }].sort((a, b) => (a.from < b.from ? -1 : 1)) } };
  },

  tell(context: Context): Answer {
    const chosen = chosenIn(context);
    return chosen === undefined ? {} : { effects: [deliver({ type: 'chosen', value: chosen.value })] };
  },

  tellAcceptors: (
    _context: Context,
    { acceptors }: Delivered<Extract<LearnerMessage, { type: 'differs' }>>,
  ): Answer => ({ effects: [deliver({ type: 'differs', acceptors })] }),

  isOfOthers: (context: Context, { acceptors }: Extract<LearnerMessage, { type: 'differs' }>): boolean =>
    !sameAcceptors(context.acceptors, acceptors),
  hasLearned: (context: Context): boolean => chosenIn(context) !== undefined,
};

/** The rules of a learner; a proof replaces one of them to show that it would be missed. */
export type LearnerRules = typeof learnerRules;
