/**
 * A branch whose transaction a statement has ended: what it did may stay whatever is decided, so the manager promises
 * neither.
 */

import { expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { asResource } from '../../../src/resources/adapter.ts';
import { openEmbeddedStore } from '../../../src/resources/embedded/store.ts';
import type { BranchSession, TransactionalResource, Vote } from '../../../src/resources/transactional.ts';
import {
  createTransactionManager,
  type ManagerNotice,
  TransactionOutcomeUnknownError,
  transactionDefinitions,
} from '../../../src/services/transactions.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { pump } from './bank.ts';

const brokenBecause = 'a statement answered COMMIT, and has ended its transaction';

interface BreakingSession extends BranchSession {
  /** Runs the statement that ends the transaction. */
  break(): Promise<void>;
}

/** A resource whose statements end the transaction; it votes what a branch in this state is given. */
const breaking = (vote: Vote): TransactionalResource<BreakingSession> => ({
  async begin(branch) {
    let because: string | undefined;
    return {
      branch,
      async break() {
        because = brokenBecause;
      },
      prepare: async () => vote,
      commitDirectly: async () => ({ type: 'unknown', reason: brokenBecause }),
      rollback: async () => undefined,
      get brokenBecause() {
        return because;
      },
    };
  },
  commit: async () => ({ type: 'done' }),
  rollback: async () => ({ type: 'done' }),
  prepared: async () => [],
  outcomeOf: async () => ({ type: 'absent' }),
  writeAbsence: async () => ({ type: 'absent' }),
  forget: async () => 0,
  setup: async () => undefined,
  check: async () => ({ server: 'one that breaks', findings: [], leftovers: [] }),
  close: async () => undefined,
});

const start = async (vote: Vote) => {
  const clock = createVirtualClock();
  const randomness = seededRandomness(1);
  const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const storage = createMemoryStorage({ node: 'n1', clock, ids: environment.ids, flushDelayMs: 1 });
  const journal = storage.open();
  const node = createNode({
    id: 'n1',
    bus: createMemoryNetwork({ clock }).join('n1'),
    journal,
    environment,
    resources: {
      orders: asResource(breaking(vote), { clock }),
      stock: openEmbeddedStore({ journal, clock, name: 'stock' }),
    },
    definitions: transactionDefinitions,
  });
  const run = async <T>(work: Promise<T>): Promise<PromiseSettledResult<T>> => {
    let settled: PromiseSettledResult<T> | undefined;
    void Promise.allSettled([work]).then(([first]) => {
      settled = first;
    });
    const untilMs = clock.nowMs() + 600_000;
    for (await pump(); settled === undefined && clock.nowMs() < untilMs; await pump()) clock.advance(10);
    if (settled === undefined) throw new Error('expected an end within ten minutes of virtual time');
    return settled;
  };
  const made = await run(createTransactionManager({ node, environment }));
  if (made.status === 'rejected') throw made.reason;
  const manager = made.value;
  const notices: ManagerNotice[] = [];
  manager.notices.subscribe((notice) => notices.push(notice));
  return { manager, notices, run };
};

const votes: readonly (readonly [name: string, vote: Vote])[] = [
  ['no, and the others are rolled back', { type: 'no', reason: brokenBecause }],
  ['yes, and the others commit', { type: 'yes' }],
];

test.each(votes)('the outcome is unknown, with a notice, when a broken branch votes %s', async (_name, vote) => {
  const { manager, notices, run } = await start(vote);
  const ended = await run(
    manager.transact(async ({ orders, stock }) => {
      await stock.put('left', 1);
      await orders.break();
    }),
  );
  const reason = ended.status === 'rejected' ? ended.reason : undefined;
  expect(reason).toBeInstanceOf(TransactionOutcomeUnknownError);
  expect(reason).toMatchObject({ message: expect.stringContaining(brokenBecause) });
  expect(notices).toContainEqual({
    type: 'hazard',
    transaction: reason.transaction,
    branch: 'orders',
    found: 'committed',
  });
});

test('the function that throws after it is told the same, and not that the transaction was aborted', async () => {
  const { manager, notices, run } = await start({ type: 'no', reason: brokenBecause });
  const ended = await run(
    manager.transact(async ({ orders }) => {
      await orders.break();
      throw new Error('the application gives up');
    }),
  );
  expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'TRANSACTION_OUTCOME_UNKNOWN' } });
  expect(notices).toMatchObject([{ type: 'hazard', branch: 'orders' }]);
});

test('a branch that is whole leaves neither an unknown outcome nor a notice', async () => {
  const { manager, notices, run } = await start({ type: 'no', reason: brokenBecause });
  const ended = await run(manager.transact(({ stock }) => stock.put('left', 1)));
  expect(ended.status).toBe('fulfilled');
  expect(notices).toEqual([]);
});
