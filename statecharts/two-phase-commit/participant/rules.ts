/**
 * The rules of a participant, after Gray & Reuter, Transaction Processing (1993), ch. 10-11, with presumed abort (Mohan,
 * Lindsay & Obermarck, TODS 1986, §3) and cooperative termination (Bernstein, Hadzilacos & Goodman, Concurrency Control
 * and Recovery in Database Systems, 1987, §7.4). Pure functions; the chart says when each applies.
 */

import { type Delivered, deliver, nodeOf, type Performed, type Ruling, send, type Unreachable } from '../../actor.ts';
import { acceptorAddress } from '../addresses.ts';
import type { Message, Outcome } from '../messages.ts';
import { answerOf, type BranchOperation, outcomeAnswer, preparedAnswer } from '../operations.ts';
import type { ParticipantContext as Context, ParticipantEffect as Effect } from './context.ts';

type Answer = Ruling<Context, Effect>;

const operationId = ({ branch }: Context, operation: BranchOperation['type']): string =>
  `${operation}/${branch.transaction}/${branch.branch}`;

const ask = (context: Context, operation: BranchOperation): Effect => ({
  type: 'perform',
  id: operationId(context, operation.type),
  resource: context.resource,
  operation,
  deadlineMs: context.times.resourceDeadlineMs,
});

/**
 * A vote, for the coordinator; where acceptors decide, for them if it is not a no: phase 2a of ballot 0, in the instance
 * that is this branch's own (Gray & Lamport §4.2).
 */
const voteOf = (context: Context, vote: Message<'vote'>['vote'], reason = ''): readonly Effect[] => {
  const { branch: id, coordinator, place, poll } = context;
  const instance = { branch: id.branch, vote, receipt: vote === 'yes' ? context.receipt : null };
  if (poll === null || vote === 'no') return [send(coordinator, { type: 'vote', ...instance, reason })];
  const { manager, transaction } = id;
  const { nodes, branches } = poll;
  const ballot = { round: 0, proposer: coordinator };
  return nodes.map((node) =>
    send(acceptorAddress(node, transaction), {
      type: 'phase-2a',
      manager,
      place,
      ballot,
      branches,
      instances: [instance],
    }),
  );
};

const acknowledgement = ({ branch }: Context, found: Outcome): Message<'acknowledgement'> => ({
  type: 'acknowledgement',
  branch: branch.branch,
  found,
});

const settlement = ({ branch, reason }: Context, outcome: Outcome): Message<'settled'> => ({
  type: 'settled',
  branch: branch.branch,
  outcome,
  reason,
});

const inquiry = ({ branch, resource, place }: Context): Message<'inquiry'> => ({
  type: 'inquiry',
  branch,
  resource,
  place,
});

/** The branch has ended: what was found is reported, and what should have been as well when that is something else. */
const finish = (context: Context, found: Outcome, decided: Outcome = found): Answer => {
  const { branch, coordinator, onePhase } = context;
  const outcome = context.outcome ?? decided;
  const ended: Context = { ...context, outcome, found };
  return {
    context: { outcome, found },
    effects: [
      ...(onePhase ? [send(coordinator, settlement(ended, outcome))] : []),
      ...(context.acknowledge ? [send(coordinator, acknowledgement(ended, found))] : []),
      ...(found === outcome ? [] : [deliver({ type: 'hazard' as const, branch, decided: outcome, found })]),
      deliver({ type: 'finished', branch, outcome: found }),
    ],
  };
};

export const participantRules = {
  adoptPrepare: (_context: Context, { from, place, peers, poll }: Delivered<Message<'prepare'>>): Answer => ({
    context: { coordinator: from, place, peers, poll: poll ?? null },
  }),
  /** The coordinator has not learned of the vote, and names more acceptors. */
  adoptPoll: (_context: Context, { poll }: Message<'prepare'>): Answer => ({ context: { poll: poll ?? null } }),

  /** Phase one: the resource makes the branch survive a crash (Gray & Reuter §10.4). */
  prepare(context: Context): Answer {
    return { effects: [ask(context, { type: 'prepare', branch: context.branch, place: context.place })] };
  },

  /** The resource has made the yes durable before it is sent; from then on others decide (Gray & Reuter §10.4). */
  voteYes(context: Context, { result }: Performed): Answer {
    const answer = answerOf(preparedAnswer, result);
    if (answer?.vote !== 'yes') return {};
    const { receipt } = answer;
    return { context: { receipt }, effects: voteOf({ ...context, receipt }, 'yes') };
  },

  voteAgain: (context: Context): Answer => ({ effects: voteOf(context, 'yes') }),

  /** A branch that changed nothing needs no second phase (Mohan et al. §3). */
  voteReadOnly: (context: Context): Answer => ({ effects: voteOf(context, 'read-only') }),
  finishReadOnly: ({ branch }: Context): Answer => ({
    effects: [deliver({ type: 'finished', branch, outcome: 'read-only' })],
  }),

  /** Before its yes, a participant may abort by itself at any time (Gray & Reuter §10.4: unilateral abort). */
  voteNo(context: Context, { reason }: { readonly reason: string }): Answer {
    return { context: { reason }, effects: voteOf(context, 'no', reason) };
  },

  /** The resource has rolled back by itself, for good. */
  finishRefused(context: Context, { result }: Performed): Answer {
    const reason = result.type === 'refused' ? result.error : '';
    const { context: ended, effects = [] } = finish({ ...context, reason }, 'aborted');
    return { context: { ...ended, reason }, effects: [...voteOf(context, 'no', reason), ...effects] };
  },

  voteNoAgain: (context: Context): Answer =>
    context.outcome === 'aborted' ? { effects: voteOf(context, 'no', context.reason) } : {},

  /** In doubt: who decides is asked first (Gray & Reuter §10.4). */
  inquire: (context: Context): Answer => ({ effects: [send(context.coordinator, inquiry(context))] }),

  /** Ask all who may know, or may still abort (Bernstein et al. §7.4: cooperative termination). */
  inquireEverywhere(context: Context): Answer {
    const { coordinator, peers, self } = context;
    const asked = [coordinator, ...peers.filter((peer) => peer !== self && peer !== coordinator)];
    return { effects: asked.map((to) => send(to, inquiry(context))) };
  },

  /** The decision, from the coordinator, from its successor, or from a peer that knows. The first one stays. */
  learn(context: Context, { outcome, receipt, coordinator, acknowledge }: Message<'decision'>): Answer {
    return {
      context: {
        outcome: context.outcome ?? outcome,
        receipt: context.receipt ?? receipt,
        acknowledge: context.acknowledge || acknowledge,
        coordinator: acknowledge || !context.acknowledge ? coordinator : context.coordinator,
      },
    };
  },

  /** Phase two (Gray & Reuter §10.4). */
  commit(context: Context): Answer {
    return { effects: [ask(context, { type: 'commit', branch: context.branch, receipt: context.receipt })] };
  },

  /** Ends the branch so that nothing of it can be prepared afterwards: absence is written, not read. */
  rollback(context: Context): Answer {
    return { effects: [ask(context, { type: 'rollback', branch: context.branch, receipt: context.receipt })] };
  },

  finishCommitted: (context: Context): Answer => finish(context, 'committed'),
  finishAborted: (context: Context): Answer => finish(context, 'aborted'),
  /** The branch should be rolled back and is committed: that was done from outside. */
  finishAgainstAbort: (context: Context): Answer => finish(context, 'committed', 'aborted'),

  /** The coordinator has not heard that this branch has ended, or a new one wants to know. */
  acknowledgeAgain(context: Context, { coordinator, acknowledge }: Message<'decision'>): Answer {
    if (!acknowledge || context.found === null) return {};
    return { effects: [send(coordinator, acknowledgement(context, context.found))] };
  },

  /** A read-only branch has nothing to undo, but its vote was lost. */
  acknowledgeReadOnly(context: Context, { coordinator, acknowledge, outcome }: Message<'decision'>): Answer {
    return acknowledge ? { effects: [send(coordinator, acknowledgement(context, outcome))] } : {};
  },

  /** A peer in doubt hears what is known for certain, and nothing otherwise (Bernstein et al. §7.4). */
  answerPeer(context: Context, { from, branch, resource }: Delivered<Message<'inquiry'>>): Answer {
    const { outcome, coordinator } = context;
    if (outcome === null) return {};
    return {
      effects: [
        send(from, { type: 'decision', branch, resource, outcome, receipt: null, coordinator, acknowledge: false }),
      ],
    };
  },

  adoptOnePhase: (_context: Context, { from, idempotencyKey }: Delivered<Message<'commit-one-phase'>>): Answer => ({
    context: { coordinator: from, idempotencyKey, onePhase: true },
  }),
  adoptSettle: (_context: Context, { from }: Delivered<Message<'commit-one-phase' | 'settle'>>): Answer => ({
    context: { coordinator: from, onePhase: true },
  }),

  /** Last resource: this branch's commit is the decision (Gray & Reuter ch. 11). */
  commitOnePhase(context: Context): Answer {
    const { branch, idempotencyKey } = context;
    return { effects: [ask(context, { type: 'commit-one-phase', branch, idempotencyKey })] };
  },

  /** Finds out what became of the one-phase commit, and ends it if it has not happened. */
  findOutcome: (context: Context): Answer => ({
    effects: [ask(context, { type: 'end-one-phase', branch: context.branch })],
  }),

  finishOnePhaseRefused(context: Context, { result }: Performed): Answer {
    const reason = result.type === 'refused' ? result.error : '';
    const ended = finish({ ...context, reason }, 'aborted');
    return { ...ended, context: { ...ended.context, reason } };
  },

  finishSettled(context: Context, { result }: Performed): Answer {
    const answer = answerOf(outcomeAnswer, result);
    return answer === undefined ? {} : finish(context, answer.outcome);
  },

  reportSettled(context: Context, { from }: Delivered<Message<'commit-one-phase' | 'settle'>>): Answer {
    return context.outcome === null ? {} : { effects: [send(from, settlement(context, context.outcome))] };
  },

  learnedCommit: ({ outcome }: Context): boolean => outcome === 'committed',
  learnedAbort: ({ outcome }: Context): boolean => outcome === 'aborted',
  wasFound: ({ begun }: Context): boolean => begun === 'found',
  wasSummoned: ({ begun }: Context): boolean => begun === 'summoned',

  /**
   * Whether this life may repeat the yes: not if the branch was found prepared, because an earlier life may have given up
   * while it prepared, and told a peer so.
   */
  mayVoteAgain: ({ begun }: Context): boolean => begun !== 'found',

  /**
   * The coordinator lives no more at its address, or its node is out of reach. A message that was merely dropped says
   * nothing of either: it is sent again.
   */
  concernsCoordinator: ({ coordinator }: Context, { node, address, reason }: Unreachable): boolean =>
    reason !== 'dropped' && (address === undefined ? node === nodeOf(coordinator) : address === coordinator),

  saysAborted: (_context: Context, { outcome }: Message<'decision'>): boolean => outcome === 'aborted',

  /** The resource has prepared: only this is a yes. */
  isPrepared: (context: Context, { id, result }: Performed): boolean =>
    id === operationId(context, 'prepare') && answerOf(preparedAnswer, result)?.vote === 'yes',
  isReadOnly: (context: Context, { id, result }: Performed): boolean =>
    id === operationId(context, 'prepare') && answerOf(preparedAnswer, result)?.vote === 'read-only',
  isDone: (context: Context, { id, result, operation }: BranchAnswer): boolean =>
    id === operationId(context, operation) && result.type === 'done',
  isRefused: (context: Context, { id, result, operation }: BranchAnswer): boolean =>
    id === operationId(context, operation) && result.type === 'refused',
  /** Neither done nor refused: it may have happened, may not have, or may still happen. */
  isAnswer: (context: Context, { id, operation }: BranchAnswer): boolean => id === operationId(context, operation),
  isSettled: (context: Context, { id, result }: Performed): boolean =>
    id === operationId(context, 'end-one-phase') && answerOf(outcomeAnswer, result) !== undefined,
};

/** The rules of a participant; a proof replaces one of them to show that it would be missed. */
export type ParticipantRules = typeof participantRules;

/** The answer of the resource, and the operation that waits for it. */
export interface BranchAnswer extends Performed {
  readonly operation: BranchOperation['type'];
}
