/**
 * The decision register as a resource of a node, over a replicated store. With it, no transaction waits for a dead
 * coordinator: another node claims it under a higher epoch, and finishes it.
 */

import * as v from 'valibot';
import type { Result } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import { messageOf } from '../../../environment/message.ts';
import type { Operation, Resource } from '../../../resources/resource.ts';
import type { Executor } from '../../store/requests/requester.ts';
import {
  encodeRegisterCommand,
  keyHolder,
  type OpenTransaction,
  openTransactions,
  type RegisterQuestion,
  registerCommand,
  registerDecision,
  registerResult,
} from './messages.ts';

/** A decision register, as a node has it among its resources. */
export interface DecisionRegister extends Resource {
  /** Connects it to the store that replicates it; until then every answer is `unknown`. */
  attach(store: Executor): void;
  /** What is decided of a transaction. @throws what the store's `query` throws */
  read(transaction: string, deadlineMs: number): Promise<v.InferOutput<typeof registerDecision>>;
  /** Who holds an idempotency key, unless it was aborted. @throws likewise */
  holderOf(idempotencyKey: string, deadlineMs: number): Promise<v.InferOutput<typeof keyHolder>>;
  /** The transactions that are not ended and whose coordinator lives on `node`. @throws likewise */
  openOf(node: string, deadlineMs: number): Promise<readonly OpenTransaction[]>;
}

/** Shares of a deadline, so that the store's own answer comes before the asker's patience ends. */
const share = 0.9;

/**
 * Makes a register. It is one of the node's resources, and the store that it needs lives on the node: so it is made
 * first, and attached to the store later.
 *
 * @example
 * const decisions = createDecisionRegister({ clock });
 * const node = createNode({ id, bus, journal, resources: { decisions, orders, stock }, definitions: transactionDefinitions });
 * decisions.attach(startReplicatedStore({ node, key: 'txn', machine: createDecisionRegisterMachine(), log: raft({ voters }) }));
 */
export function createDecisionRegister({ clock }: { readonly clock: Clock }): DecisionRegister {
  let store: Executor | undefined;

  const ask = async (question: RegisterQuestion, deadlineMs: number): Promise<unknown> => {
    if (store === undefined) throw new Error('the decision register is not attached to a store yet');
    return store.query(question, { deadlineMs });
  };
  const read: DecisionRegister['read'] = async (transaction, deadlineMs) =>
    v.parse(registerDecision, await ask({ type: 'read-decision', transaction }, deadlineMs));
  const run = async ({ operation, deadlineMs }: Operation): Promise<Result> => {
    const limitMs = deadlineMs * share;
    if (operation.type === 'read-decision') {
      const transaction = 'transaction' in operation ? String(operation.transaction) : '';
      const { outcome, branches } = await read(transaction, limitMs);
      return { type: 'done', value: { outcome, branches } };
    }
    const command = v.safeParse(registerCommand, operation);
    if (!command.success) {
      return {
        type: 'refused',
        error: `a decision register takes no '${operation.type}': ${command.issues[0].message}`,
      };
    }
    if (store === undefined) return { type: 'unknown', error: 'the register is not attached to a store yet' };
    const value = await store.execute(encodeRegisterCommand(command.output), { deadlineMs: limitMs });
    return v.parse(registerResult, value);
  };

  return {
    attach(attached) {
      store = attached;
    },
    read,
    holderOf: async (idempotencyKey, deadlineMs) =>
      v.parse(keyHolder, await ask({ type: 'read-key', idempotencyKey }, deadlineMs)),
    async openOf(node, deadlineMs) {
      const untilMs = clock.nowMs() + deadlineMs;
      const all: OpenTransaction[] = [];
      for (let after = ''; ; ) {
        const remainingMs = Math.max(1, untilMs - clock.nowMs());
        const page = v.parse(openTransactions, await ask({ type: 'open-of', node, after }, remainingMs));
        all.push(...page);
        const next = page.at(-1)?.transaction;
        if (next === undefined) return all;
        after = next;
      }
    },
    perform(operation, answer) {
      const settle = (result: Result): void => clock.enqueue(() => answer(result));
      // Also what certainly did not happen is asked again: `refused` is the register's word alone.
      run(operation).then(settle, (error: unknown) => settle({ type: 'unknown', error: messageOf(error) }));
    },
    close: async () => undefined,
  };
}

/** Whether a resource of a node is a decision register. */
export function isDecisionRegister(resource: Resource): resource is DecisionRegister {
  return 'attach' in resource && 'openOf' in resource;
}
