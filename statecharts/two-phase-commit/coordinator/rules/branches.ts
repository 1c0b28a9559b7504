/** What the rules of the coordinator share: branches, what they have to be told, and what is written about them. */

import { type Address, deliver, persist, send } from '../../../actor.ts';
import type { AbortReason, BranchId, Enlisted, Message, Outcome } from '../../messages.ts';
import type { RegisteredBranch } from '../../operations.ts';
import type { CoordinatorContext as Context, CoordinatorEffect as Effect, EnlistedBranch } from '../context.ts';

export const branchIdOf = ({ manager, transaction }: Context, branch: string): BranchId => ({
  manager,
  transaction,
  branch,
});

/** A branch as records and registers keep it. */
export const registered = ({ branch, address, resource, last, receipt }: EnlistedBranch): RegisteredBranch => ({
  branch,
  address,
  resource,
  last,
  receipt,
});

/** A branch as acceptors know it. */
export const enlistedAs = ({ branch, address, resource, last }: Enlisted): Enlisted => ({
  branch,
  address,
  resource,
  last,
});

export const update = (context: Context, branch: string, change: Partial<EnlistedBranch>): readonly EnlistedBranch[] =>
  context.branches.map((it) => (it.branch === branch ? { ...it, ...change } : it));

/**
 * Whether a branch has to be told the outcome: of a commit if it is prepared, of an abort also if it may become so. One
 * that voted no may have died while it rolled back; it asks, unless others may take over: then it acknowledges like all.
 */
export const concerned = (
  { registered: isKnown }: Context,
  { vote }: EnlistedBranch,
  outcome: Outcome | null,
): boolean => vote === 'yes' || (outcome === 'aborted' && (vote === 'awaited' || (vote === 'no' && isKnown)));

/** Whether the coordinator may not forget before the branch has acknowledged. Aborts are presumed, so they are not. */
export const awaitsAcknowledgement = (context: Context, branch: EnlistedBranch): boolean =>
  !branch.acknowledged &&
  concerned(context, branch, context.outcome) &&
  (context.outcome === 'committed' || context.registered);

/** The decision as a message to `branch`. */
export const decisionFor = (context: Context, branch: EnlistedBranch, outcome: Outcome): Message<'decision'> => ({
  type: 'decision',
  branch: branchIdOf(context, branch.branch),
  resource: branch.resource,
  outcome,
  receipt: branch.receipt,
  coordinator: context.self,
  acknowledge: awaitsAcknowledgement(context, branch),
});

/** The decision, for every branch that has not acknowledged it. */
export const announcements = (context: Context): Effect[] => {
  const { outcome } = context;
  if (outcome === null) return [];
  return context.branches
    .filter((branch) => !branch.acknowledged && concerned(context, branch, outcome))
    .map((branch) => send(branch.address, decisionFor(context, branch, outcome)));
};

const unexplained: AbortReason = { code: 'requested', branch: null, detail: '' };

/** What the caller is told. */
export const verdict = (context: Context, outcome: Outcome): Effect =>
  outcome === 'committed'
    ? deliver({ type: 'committed', transaction: context.transaction })
    : deliver({ type: 'aborted', transaction: context.transaction, reason: context.reason ?? unexplained });

/** What every record of a coordinator holds. */
export const keptOf = ({ manager, idempotencyKey, place, times }: Context) => ({
  manager,
  idempotencyKey,
  place,
  times,
});

/** The record of a commit; only branches that have something to commit need to be remembered. */
export const commitRecord = (context: Context) =>
  persist({
    type: 'committed' as const,
    ...keptOf(context),
    branches: context.branches.filter((it) => it.vote === 'yes').map(registered),
  });

/** The decider of a transaction whose decision is the commit of one branch. */
export const deciderOf = (context: Context): EnlistedBranch | undefined => {
  const { place } = context;
  return place.type === 'branch' ? context.branches.find((it) => it.branch === place.branch) : undefined;
};

/** The outcome, for an asker of whom nothing else is known. */
export const answerTo = (
  { self }: Context,
  { address, branch, resource }: { address: Address; branch: BranchId; resource: string },
  outcome: Outcome,
): Effect =>
  send(address, { type: 'decision', branch, resource, outcome, receipt: null, coordinator: self, acknowledge: false });
