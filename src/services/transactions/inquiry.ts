/**
 * What became of a transaction, for those who ask later: from what the manager remembers, from the coordinators that
 * live, from the register, and of what earlier lives committed in one phase from the resources. Aborted is only said of
 * what can never have committed.
 */

import * as v from 'valibot';
import { coordinator } from '../../../statecharts/two-phase-commit.ts';
import type { Clock } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import type { Node } from '../../host/node.ts';
import { compareOrder, type Order, originOf, partsOfTransactionId, type TransactionIdParts } from './ids.ts';
import type { Memory } from './memory.ts';
import type { DecisionRegister } from './register/register.ts';
import type { Participating } from './work.ts';

export const transactionOutcome = v.object({
  /**
   * `in-doubt`: not decided yet, or not known here yet; ask again. `expired`: it is so old that it may have been
   * forgotten. `unknown`: this manager never gave out the id, and cannot know.
   */
  outcome: v.picklist(['committed', 'aborted', 'in-doubt', 'expired', 'unknown']),
  detail: v.string(),
});
/** What is known of how a transaction ended. */
export type TransactionOutcome = v.InferOutput<typeof transactionOutcome>;

export interface InquiryParts {
  readonly node: Node;
  readonly clock: Clock;
  readonly memory: Memory;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly register: DecisionRegister | undefined;
  readonly resourceDeadlineMs: number;
  /** Whether the transaction is under way in this life of the manager, and its verdict not heard. */
  isOpen(transaction: string): boolean;
  /** The latest transaction that was begun. */
  latest(): Order;
}

/** Finds out what became of a transaction. */
export async function inquire(parts: InquiryParts, transaction: string): Promise<TransactionOutcome> {
  const { node, memory, register } = parts;
  const found = (outcome: TransactionOutcome['outcome'], detail: string): TransactionOutcome => ({ outcome, detail });
  if (memory.isCommitted(transaction)) return found('committed', 'it is remembered');
  if (parts.isOpen(transaction)) return found('in-doubt', 'it is under way');
  const id = partsOfTransactionId(transaction);
  if (id === undefined) return found('unknown', `'${transaction.slice(0, 64)}' is no id of a transaction`);
  if (id.kind === 'register') {
    if (register === undefined) return found('unknown', 'it was decided in a register, which this manager has not');
    return askRegister(parts, register, transaction);
  }
  if (id.origin !== originOf(node.journal.id)) return found('unknown', 'another manager gave it out; ask that one');
  if (compareOrder(id, parts.latest()) > 0) return found('unknown', 'this manager never gave it out');
  const isForgotten = compareOrder(id, memory.mark) <= 0;
  // What acceptors have decided is carried out where the branches are, or still to be.
  if (id.kind === 'acceptors') {
    return isForgotten ? askWhoRemembers(parts, transaction) : askResources(parts, transaction, id);
  }
  const living = node.view(coordinator, transaction);
  if (living?.begun === 'recovered' && living.outcome !== null) return found(living.outcome, 'it is recorded');
  if (id.incarnation === memory.incarnation) {
    return isForgotten ? found('expired', forgotten) : found('aborted', 'nothing of it is recorded');
  }
  return isForgotten ? askWhoRemembers(parts, transaction) : askResources(parts, transaction, id);
}

const forgotten = 'what ended then is not remembered any more';

/** A transaction of an earlier life that the manager may have forgotten: a resource may still know that it committed. */
async function askWhoRemembers(
  { node, resources, resourceDeadlineMs }: InquiryParts,
  transaction: string,
): Promise<TransactionOutcome> {
  const answers = await Promise.all(
    Object.entries(resources).map(async ([name, resource]) => {
      const branch = { manager: node.id, transaction, branch: name };
      return { name, ...(await resource.outcomeOf(branch, { timeoutMs: resourceDeadlineMs })) };
    }),
  );
  const holder = answers.find(({ type }) => type === 'committed');
  if (holder !== undefined) return { outcome: 'committed', detail: `'${holder.name}' committed it` };
  const unsure = answers.find(({ type }) => type === 'unknown' || type === 'prepared');
  if (unsure !== undefined) return { outcome: 'in-doubt', detail: `'${unsure.name}' does not answer for certain` };
  return { outcome: 'expired', detail: forgotten };
}

async function askRegister(
  { node, resourceDeadlineMs }: InquiryParts,
  register: DecisionRegister,
  transaction: string,
): Promise<TransactionOutcome> {
  try {
    const read = await register.read(transaction, resourceDeadlineMs);
    switch (read.outcome) {
      case 'committed':
      case 'aborted':
        return { outcome: read.outcome, detail: 'it is in the register' };
      case 'undecided':
        return { outcome: 'in-doubt', detail: 'it is not decided in the register' };
      case 'absent':
        if (read.mayBeForgotten) return { outcome: 'expired', detail: 'the register does not remember it any more' };
    }
    if (partsOfTransactionId(transaction)?.origin !== originOf(node.journal.id)) {
      return { outcome: 'unknown', detail: 'the register does not know it, and another manager gave it out' };
    }
    // Absence is written: a registration that is still under way is refused from now on.
    const operation = { type: 'decide-transaction', transaction, epoch: 1, outcome: 'aborted', branches: [] };
    const result = await new Promise<string>((resolve) => {
      register.perform({ id: `inquiry/${transaction}`, operation, deadlineMs: resourceDeadlineMs }, (it) =>
        resolve(it.type),
      );
    });
    if (result !== 'done') return { outcome: 'in-doubt', detail: 'the register does not answer for certain' };
    const { outcome } = await register.read(transaction, resourceDeadlineMs);
    const isDecided = outcome === 'committed' || outcome === 'aborted';
    return { outcome: isDecided ? outcome : 'in-doubt', detail: 'it was never registered' };
  } catch (error) {
    return { outcome: 'in-doubt', detail: messageOf(error) };
  }
}

/**
 * A transaction of an earlier life without a record: it was aborted, or one resource committed it in one phase, or all of
 * them what acceptors had decided. What has not been done by now, will not be done any more.
 */
async function askResources(
  { node, memory, resources, resourceDeadlineMs }: InquiryParts,
  transaction: string,
  { kind, incarnation }: TransactionIdParts,
): Promise<TransactionOutcome> {
  const last = kind === 'last' ? memory.lastResourceIn(incarnation) : undefined;
  if (last !== undefined && resources[last] === undefined) {
    return { outcome: 'in-doubt', detail: `'${last}' would know, and is no resource of this node any more` };
  }
  const answers = await Promise.all(
    Object.entries(resources).map(async ([name, resource]) => {
      const branch = { manager: node.id, transaction, branch: name };
      const absence = await resource.writeAbsence(branch, { timeoutMs: resourceDeadlineMs });
      if (absence.type !== 'present') return { name, type: absence.type };
      // Prepared, or a commit in one phase that has neither happened nor failed.
      const found = await resource.outcomeOf(branch, { timeoutMs: resourceDeadlineMs });
      return { name, type: found.type === 'prepared' ? ('prepared' as const) : ('unknown' as const) };
    }),
  );
  const holder = answers.find(({ type }) => type === 'committed');
  if (holder !== undefined) return { outcome: 'committed', detail: `'${holder.name}' committed it` };
  const gone = memory.witnesses.find((name) => resources[name] === undefined);
  if (gone !== undefined) {
    return { outcome: 'in-doubt', detail: `'${gone}' may know, and is no resource of this node any more` };
  }
  const silent = answers.find(({ type }) => type === 'unknown');
  if (silent !== undefined) return { outcome: 'in-doubt', detail: `'${silent.name}' does not answer for certain` };
  const waiting = answers.find(({ type }) => type === 'prepared');
  if (waiting !== undefined && kind === 'last' && last === undefined) {
    return { outcome: 'in-doubt', detail: `'${waiting.name}' waits, and which resource decides is not known any more` };
  }
  if (waiting !== undefined && kind === 'acceptors') {
    return { outcome: 'in-doubt', detail: `'${waiting.name}' waits for what the acceptors have decided` };
  }
  // Prepared branches wait for a decision that was never recorded; by presumed abort they roll back.
  return { outcome: 'aborted', detail: 'nothing of it is recorded, and no resource committed it' };
}
