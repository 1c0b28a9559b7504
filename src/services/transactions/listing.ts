/** What is under way on a node: transactions that are not over, their branches and their age. */

import * as v from 'valibot';
import { partsOf } from '../../../statecharts/actor.ts';
import {
  type CoordinatorView,
  coordinator,
  coordinatorName,
  participant,
  participantName,
} from '../../../statecharts/two-phase-commit.ts';
import type { Node } from '../../host/node.ts';

export const listedTransaction = v.object({
  transaction: v.string(),
  /** The node that began it. */
  manager: v.string(),
  /**
   * `open`: not decided, and its application may be at work; `in-doubt`: a branch waits for a decision that is not known
   * on this node, or the one who began it is dead and its decision is being found out or made; otherwise decided, and
   * some branch has not carried it out.
   */
  state: v.picklist(['open', 'in-doubt', 'committed', 'aborted']),
  /** Since it was begun, or was found in this life of the manager. */
  ageMs: v.number(),
  branches: v.array(v.object({ branch: v.string(), resource: v.string(), state: v.string() })),
});
/** A transaction that is not over. */
export type ListedTransaction = v.InferOutput<typeof listedTransaction>;

/** All coordinators that live on the node. */
export function coordinatorsOn(node: Node): readonly CoordinatorView[] {
  return node.actors().flatMap((address) => {
    const { name, key } = partsOf(address);
    return name === coordinatorName ? (node.view(coordinator, key) ?? []) : [];
  });
}

interface Waiting {
  readonly manager: string;
  readonly outcome: ListedTransaction['state'];
  readonly branch: string;
  readonly resource: string;
}

/** @param ageMs how old a transaction is */
export function listTransactions(node: Node, ageMs: (transaction: string) => number): readonly ListedTransaction[] {
  const listed = new Map<string, ListedTransaction>();
  const waiting = new Map<string, readonly Waiting[]>();
  for (const address of node.actors()) {
    const { name, key } = partsOf(address);
    if (name === coordinatorName) {
      const found = node.view(coordinator, key);
      if (found === undefined || found.begun === 'inquired' || !found.isUnfinished) continue;
      listed.set(key, {
        transaction: key,
        manager: found.manager,
        // A node that takes over, or comes back, has no application at work that could still want to go on.
        state: found.outcome ?? (found.begun === 'begin' ? 'open' : 'in-doubt'),
        ageMs: ageMs(key),
        branches: found.branches.map(({ branch, resource, vote, acknowledged }) => ({
          branch,
          resource,
          state: acknowledged ? 'finished' : vote,
        })),
      });
    } else if (name === participantName) {
      const found = waitingAt(node, key);
      if (found === undefined) continue;
      const { transaction, ...branch } = found;
      waiting.set(transaction, [...(waiting.get(transaction) ?? []), branch]);
    }
  }
  for (const [transaction, branches] of waiting) {
    const [first] = branches;
    if (listed.has(transaction) || first === undefined) continue;
    listed.set(transaction, {
      transaction,
      manager: first.manager,
      // Who knows the outcome will tell the others.
      state: branches.find((it) => it.outcome !== 'in-doubt')?.outcome ?? 'in-doubt',
      ageMs: ageMs(transaction),
      branches: branches.map(({ branch, resource }) => ({ branch, resource, state: 'prepared' })),
    });
  }
  return [...listed.values()].sort((a, b) => b.ageMs - a.ageMs);
}

/** A branch that waits for a decision, or carries it out. */
function waitingAt(node: Node, key: string): (Waiting & { readonly transaction: string }) | undefined {
  const found = node.view(participant, key);
  if (found?.phase !== 'in-doubt' && found?.phase !== 'finishing') return undefined;
  const { branch, resource, outcome: known, phase } = found;
  const { manager, transaction } = branch;
  // A caller that rolls back before a vote has no outcome to name, and aborts by itself.
  const state = known ?? (phase === 'finishing' ? 'aborted' : 'in-doubt');
  return { manager, transaction, branch: branch.branch, resource, outcome: state };
}
