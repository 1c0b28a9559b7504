/** The decision and phase two: one outcome, durable before any participant hears it, and told until each has it. */

import { checkpoint, deliver, type Ruling, send, unforced } from '../../../actor.ts';
import { acceptorAddress } from '../../addresses.ts';
import type { AbortReason, Message } from '../../messages.ts';
import type { CoordinatorContext as Context, CoordinatorEffect as Effect } from '../context.ts';
import { announcements, awaitsAcknowledgement, branchIdOf, commitRecord, keptOf, update, verdict } from './branches.ts';

type Answer = Ruling<Context, Effect>;

export const decisionRules = {
  /**
   * The commit point: the record is durable before the caller, or any participant, hears of it (Gray & Reuter §10.4).
   * A transaction that changed nothing has nothing to decide (Mohan et al. §3: the read-only optimisation).
   */
  decideCommit(context: Context): Answer {
    const decided: Context = { ...context, outcome: 'committed' };
    const changed = context.branches.some((it) => it.vote === 'yes');
    return {
      context: { outcome: 'committed' },
      effects: [...(changed ? [commitRecord(decided)] : []), verdict(decided, 'committed')],
    };
  },

  /** Presumed abort: nothing is written, because nothing known means aborted (Mohan et al. §3). */
  decideAbort(context: Context): Answer {
    return { context: { outcome: 'aborted' }, effects: [verdict(context, 'aborted')] };
  },

  /** Last resource: all others are prepared, and this branch's commit is the decision (Gray & Reuter ch. 11). */
  delegate(context: Context): Answer {
    const { place, idempotencyKey } = context;
    if (place.type !== 'branch') return {};
    const { branch, resource, address } = place;
    return {
      effects: [
        send(address, { type: 'commit-one-phase', branch: branchIdOf(context, branch), resource, idempotencyKey }),
      ],
    };
  },

  /** Asks the branch that may have decided; what it has not done by then, it will not do any more. */
  settle(context: Context): Answer {
    const { place } = context;
    if (place.type !== 'branch') return {};
    const { branch, resource, address } = place;
    return { effects: [send(address, { type: 'settle', branch: branchIdOf(context, branch), resource })] };
  },

  /**
   * The branch that committed in one phase has decided, and its commit is the record of it: the next life asks there.
   * Linear commit: Gray & Reuter ch. 11.
   */
  adoptSettlement(context: Context, { branch, outcome, reason }: Message<'settled'>): Answer {
    if (outcome === 'aborted') {
      const refusal: AbortReason = { code: 'refused', branch, detail: reason };
      const branches = update(context, branch, { vote: 'no' });
      return {
        context: { outcome, branches, reason: refusal },
        effects: [verdict({ ...context, reason: refusal }, outcome)],
      };
    }
    return { context: { outcome }, effects: [verdict({ ...context, outcome }, outcome)] };
  },

  saysCommitted: (_context: Context, { outcome }: Message<'settled'>): boolean => outcome === 'committed',

  /** Phase two: tells every branch that has not acknowledged. */
  announce: (context: Context): Answer => ({ effects: announcements(context) }),

  /** The application of this life hears what the last one decided. */
  repeatVerdict: (context: Context): Answer =>
    context.outcome === null ? {} : { effects: [verdict(context, context.outcome)] },

  countAcknowledgement(context: Context, { branch, found }: Message<'acknowledgement'>): Answer {
    const known = context.branches.find((it) => it.branch === branch);
    if (known === undefined || known.acknowledged || context.outcome === null) return {};
    const branches = update(context, branch, { acknowledged: true });
    if (found === context.outcome) return { context: { branches } };
    return {
      context: { branches },
      effects: [deliver({ type: 'hazard', transaction: context.transaction, branch, found })],
    };
  },

  /**
   * No participant can be in doubt any more, so branches and receipts go (Mohan et al. §2: the end record); the outcome and its
   * idempotency key stay for the retention. A register keeps them itself, and so does a branch that has decided. Acceptors
   * are told when it is written here that it is over; before that they are the only ones who know.
   */
  end(context: Context): Answer {
    const { transaction, outcome, place, registered: isKnown, leadership } = context;
    if (outcome === null) return {};
    const ended = deliver({ type: 'ended' as const, transaction, outcome, place });
    const hasLed = leadership.round > 0;
    const remembers =
      place.type === 'acceptors'
        ? outcome === 'committed' || hasLed
        : place.type === 'journal' && outcome === 'committed';
    const nodes = place.type === 'acceptors' && isKnown ? place.nodes : [];
    return {
      context: outcome === 'committed' ? { branches: [] } : {},
      effects: [
        ended,
        ...(remembers ? [unforced(checkpoint({ type: 'ended' as const, ...keptOf(context), outcome }))] : []),
        ...nodes.map((node) => send(acceptorAddress(node, transaction), { type: 'end' as const, outcome })),
      ],
    };
  },

  isCommitted: ({ outcome }: Context): boolean => outcome === 'committed',

  isAborted: ({ outcome }: Context): boolean => outcome === 'aborted',

  hasBranches: ({ branches }: Context): boolean => branches.length > 0,

  allAcknowledged: (context: Context): boolean => !context.branches.some((it) => awaitsAcknowledgement(context, it)),
};
