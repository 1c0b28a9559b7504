/** Answers to participants in doubt: what is known, what may be presumed, and what has to be found out first. */

import { type Delivered, nodeOf, type Performed, type Ruling, send } from '../../../actor.ts';
import type { Message, Outcome } from '../../messages.ts';
import { answerOf, registerEntry } from '../../operations.ts';
import type { CoordinatorContext as Context, CoordinatorEffect as Effect } from '../context.ts';
import { answerTo, decisionFor } from './branches.ts';

type Answer = Ruling<Context, Effect>;

/** More participants than this are not remembered while they wait for an answer; they ask again. */
const maxAskers = 256;

export const inquiryRules = {
  /** Answers a participant in doubt, once there is something to answer. */
  answer(context: Context, { from, branch, resource }: Delivered<Message<'inquiry'>>): Answer {
    const { outcome } = context;
    if (outcome === null) return {};
    const known = context.branches.find((it) => it.branch === branch.branch);
    if (known !== undefined) return { effects: [send(from, decisionFor(context, known, outcome))] };
    return { effects: [answerTo(context, { address: from, branch, resource }, outcome)] };
  },

  /** A vote that comes after an abort: its branch is in doubt, and is told at once. */
  answerVote(context: Context, { branch, vote, receipt }: Message<'vote'>): Answer {
    const known = context.branches.find((it) => it.branch === branch);
    if (known === undefined || context.outcome !== 'aborted' || vote !== 'yes') return {};
    return { effects: [send(known.address, decisionFor(context, { ...known, receipt }, 'aborted'))] };
  },

  /** Presumed abort: no record means aborted, and only the node that began the transaction may say so. */
  presume(context: Context, { from, branch, resource }: Delivered<Message<'inquiry'>>): Answer {
    return {
      context: { outcome: 'aborted' },
      effects: [answerTo(context, { address: from, branch, resource }, 'aborted')],
    };
  },

  /** Remembers who asks, until what they ask for is known. */
  remember(context: Context, { from, branch, resource, place }: Delivered<Message<'inquiry'>>): Answer {
    const others = context.askers.filter((it) => it.address !== from);
    const askers = [...others, { address: from, branch, resource }].slice(-maxAskers);
    return { context: { place, askers } };
  },

  /** Tells those who asked what the deciding branch, or the register, has answered. */
  answerAskers(context: Context, outcome: { readonly outcome: Outcome }): Answer {
    return { effects: context.askers.map((asker) => answerTo(context, asker, outcome.outcome)) };
  },

  answerAskersFromRegister(context: Context, { result }: Performed): Answer {
    const entry = answerOf(registerEntry, result);
    if (entry?.outcome !== 'committed' && entry?.outcome !== 'aborted') return {};
    const { outcome } = entry;
    return { effects: context.askers.map((asker) => answerTo(context, asker, outcome)) };
  },

  /** Whether it is for this actor to presume: it lives where the transaction began, and kept its decisions itself. */
  mayPresume: ({ self, manager }: Context, { place }: Message<'inquiry'>): boolean =>
    place.type === 'journal' && nodeOf(self) === manager,

  asksForBranch: (_context: Context, { place }: Message<'inquiry'>): boolean => place.type === 'branch',

  asksForRegister: (_context: Context, { place }: Message<'inquiry'>): boolean => place.type === 'register',
};
