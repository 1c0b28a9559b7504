/** Phase one: who takes part, where the decision will be made, and how each participant votes. */

import { type Ruling, send, type Unreachable } from '../../../actor.ts';
import type { AbortReason, Enlisted, Message } from '../../messages.ts';
import type { CoordinatorContext as Context, CoordinatorEffect as Effect, EnlistedBranch } from '../context.ts';
import { deciderOf, update } from './branches.ts';

type Answer = Ruling<Context, Effect>;

export const voteRules = {
  /** A resource manager joins the transaction (Gray & Reuter §11.2). A second join of a branch replaces the first. */
  enlist(context: Context, { branch, address, resource, last }: Enlisted): Answer {
    const joined: EnlistedBranch = {
      branch,
      address,
      resource,
      last,
      receipt: null,
      vote: 'awaited',
      acknowledged: false,
    };
    const others = context.branches.filter((it) => it.branch !== branch);
    return { context: { branches: [...others, joined].sort((a, b) => (a.branch < b.branch ? -1 : 1)) } };
  },

  /** Settles where the decision will be made: a single branch, or the one that cannot prepare, decides by its own commit. */
  choosePlace(context: Context): Answer {
    const [only, another] = context.branches;
    const decider = context.branches.find((it) => it.last) ?? (another === undefined ? only : undefined);
    if (context.place.type !== 'journal' || decider === undefined) return {};
    const { branch, resource, address } = decider;
    return { context: { place: { type: 'branch', branch, resource, address } } };
  },

  /** Phase one: asks every branch that has not voted, except the one that will decide by committing. */
  askForVotes(context: Context): Answer {
    const decider = deciderOf(context);
    const voters = context.branches.filter((it) => it !== decider);
    return {
      effects: voters
        .filter((it) => it.vote === 'awaited')
        .map((voter) => {
          const peers = context.branches.filter((it) => it !== voter).map((it) => it.address);
          return send(voter.address, { type: 'prepare', place: context.place, peers });
        }),
    };
  },

  /** The first vote of a branch counts; a no is a reason to abort. */
  countVote(context: Context, { branch, vote, receipt, reason }: Message<'vote'>): Answer {
    const voter = context.branches.find((it) => it.branch === branch);
    if (voter?.vote !== 'awaited') return {};
    const branches = update(context, branch, { vote, receipt });
    if (vote !== 'no') return { context: { branches } };
    return { context: { branches, intent: 'aborted', reason: { code: 'refused', branch, detail: reason } } };
  },

  /** Before the decision, a coordinator may abort for any reason (Gray & Reuter §10.4). The first reason stays. */
  giveUp(
    context: Context,
    { code, detail, branch = null }: Pick<AbortReason, 'code' | 'detail'> & { branch?: string | null },
  ): Answer {
    return { context: { intent: 'aborted', reason: context.reason ?? { code, branch, detail } } };
  },

  intendCommit: (_context: Context): Answer => ({ context: { intent: 'committed' } }),

  intendsAbort: ({ intent }: Context): boolean => intent === 'aborted',

  /** One branch decides by its own commit, and nothing else can: not two branches, and no other place as well. */
  isUnsupported({ branches, place }: Context): boolean {
    const deciders = branches.filter((it) => it.last).length;
    return deciders > 1 || (deciders === 1 && place.type !== 'journal');
  },

  hasDecider: (context: Context): boolean => deciderOf(context) !== undefined,

  /** Every branch has agreed, apart from the one that will decide by its own commit. */
  allAgreed(context: Context): boolean {
    const decider = deciderOf(context);
    return context.branches.every((it) => it === decider || it.vote === 'yes' || it.vote === 'read-only');
  },

  /** No actor lives at the address of a branch whose vote is awaited: it will not come. */
  cannotVote: (context: Context, { address }: Unreachable): boolean =>
    context.branches.some((it) => it.address === address && it.vote === 'awaited'),
};
