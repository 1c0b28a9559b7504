/** What services may know of a coordinator. */

import type { Outcome } from '../messages.ts';
import type { CoordinatorContext, EnlistedBranch } from './context.ts';
import { awaitsAcknowledgement } from './rules/branches.ts';

export interface CoordinatorView {
  readonly transaction: string;
  /** The node that began it. */
  readonly manager: string;
  readonly begun: CoordinatorContext['begun'];
  readonly idempotencyKey: string | null;
  /** What is decided, once that is certain. */
  readonly outcome: Outcome | null;
  /** Whether something is still to be decided, or to be carried out by a branch that the coordinator waits for. */
  readonly isUnfinished: boolean;
  readonly branches: readonly Pick<EnlistedBranch, 'branch' | 'resource' | 'vote' | 'acknowledged'>[];
}

export const coordinatorView = ({ context }: { readonly context: CoordinatorContext }): CoordinatorView => {
  const { transaction, manager, begun, idempotencyKey, outcome, branches } = context;
  const isUnfinished = outcome === null || branches.some((branch) => awaitsAcknowledgement(context, branch));
  return { transaction, manager, begun, idempotencyKey, outcome, isUnfinished, branches };
};
