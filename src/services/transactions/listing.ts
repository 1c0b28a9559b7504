/** What is under way on a node: transactions that are not over, their branches and their age. */

import * as v from 'valibot';
import { type Address, partsOf } from '../../../statecharts/actor.ts';
import {
  coordinatorAddress,
  coordinatorName,
  outcome,
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

const coordinatorSeen = v.object({
  transaction: v.string(),
  manager: v.string(),
  begun: v.picklist(['begin', 'take-over', 'recovered', 'inquired']),
  idempotencyKey: v.nullable(v.string()),
  outcome: v.nullable(outcome),
  registered: v.boolean(),
  branches: v.array(
    v.object({
      branch: v.string(),
      resource: v.string(),
      vote: v.picklist(['awaited', 'yes', 'no', 'read-only']),
      acknowledged: v.boolean(),
    }),
  ),
});
/** What is looked at of a coordinator. */
export type CoordinatorSeen = v.InferOutput<typeof coordinatorSeen>;

const participantSeen = v.object({
  branch: v.object({ manager: v.string(), transaction: v.string(), branch: v.string() }),
  resource: v.string(),
  outcome: v.nullable(outcome),
});

/** A coordinator that lives on the node, as it stands now; its state may not be durable yet. */
export function coordinatorOn(node: Node, transaction: string): CoordinatorSeen | undefined {
  const seen = node.peek(coordinatorAddress({ manager: node.id, transaction }));
  if (seen === undefined) return undefined;
  const parsed = v.safeParse(coordinatorSeen, seen.state.snapshot.context);
  return parsed.success ? parsed.output : undefined;
}

/** All coordinators that live on the node. */
export function coordinatorsOn(node: Node): readonly CoordinatorSeen[] {
  return node.actors().flatMap((address) => {
    const { name, key } = partsOf(address);
    return name === coordinatorName ? (coordinatorOn(node, key) ?? []) : [];
  });
}

/** Whether a branch has still to carry out what is decided. */
export function isUnfinished({ outcome: decided, branches, registered }: CoordinatorSeen): boolean {
  if (decided === null) return true;
  const waits = decided === 'committed' ? ['yes'] : registered ? ['yes', 'awaited', 'no'] : [];
  return branches.some(({ vote, acknowledged }) => !acknowledged && waits.includes(vote));
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
      const found = coordinatorOn(node, key);
      if (found === undefined || found.begun === 'inquired' || !isUnfinished(found)) continue;
      listed.set(key, {
        transaction: key,
        manager: found.manager,
        // Whoever takes over, or comes back, has no application at work that could still want to go on.
        state: found.outcome ?? (found.begun === 'begin' ? 'open' : 'in-doubt'),
        ageMs: ageMs(key),
        branches: found.branches.map(({ branch, resource, vote, acknowledged }) => ({
          branch,
          resource,
          state: acknowledged ? 'finished' : vote,
        })),
      });
    } else if (name === participantName) {
      const found = waitingAt(node, address);
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
function waitingAt(node: Node, address: Address): (Waiting & { readonly transaction: string }) | undefined {
  const seen = node.peek(address);
  const role = seen?.definition.roleAt(seen.state);
  if (role !== 'in-doubt' && role !== 'finishing') return undefined;
  const parsed = v.safeParse(participantSeen, seen?.state.snapshot.context);
  if (!parsed.success) return undefined;
  const { branch, resource, outcome: known } = parsed.output;
  const { manager, transaction } = branch;
  // Whoever rolls back before a vote has no outcome to name, and aborts by itself.
  const state = known ?? (role === 'finishing' ? 'aborted' : 'in-doubt');
  return { manager, transaction, branch: branch.branch, resource, outcome: state };
}
