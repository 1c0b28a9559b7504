/** What a transaction can be asked for besides its work: by which isolation, and to change nothing. */

import { describe, expect, test } from 'vitest';
import type { ModesOffered } from '../../../src/resources.ts';
import { type Bank, balance, createBank, endow } from './bank.ts';
import { createCluster } from './cluster.ts';

const asked = (bank: Bank): readonly string[] => {
  const seen: string[] = [];
  bank.life.node.inspection.subscribe((event) => {
    if (event.type !== 'step') return;
    for (const effect of event.effects) if (effect.type === 'perform') seen.push(effect.operation.type);
  });
  return seen;
};

describe('options of a transaction', () => {
  test.each([
    [{ isolation: 'snapshot' }, /one of read committed, repeatable read, serializable, got snapshot/],
    [{ isolation: null }, /got null/],
    [{ isolationLevel: 'serializable' }, /expected as options timeoutMs, .*, got 'isolationLevel'/],
    ['serializable', /options as an object, got serializable/],
    [null, /options as an object, got null/],
    [{ readOnly: 'yes' }, /readOnly to be true or false, got yes/],
    [{ readOnly: true, idempotencyKey: 'k' }, /no idempotency key of a transaction that is read only/],
  ])('are refused before anything happens: %j', async (how, message) => {
    const bank = await createBank();
    const untyped: { transact(act: unknown, how: unknown): Promise<unknown> } = bank.manager;
    let isRun = false;
    const act = async (): Promise<void> => {
      isRun = true;
    };
    expect(await bank.failure(untyped.transact(act, how))).toMatchObject({
      code: 'TRANSACTION_OPTIONS',
      message: expect.stringMatching(message),
    });
    expect(isRun).toBe(false);
  });

  test.each<[string, ModesOffered | undefined, object, RegExp]>([
    [
      'an isolation',
      { isolations: ['read committed'], readOnly: true },
      { isolation: 'serializable' },
      /read committed/,
    ],
    ['an isolation', undefined, { isolation: 'read committed' }, /its default alone/],
    ['to be read only', undefined, { readOnly: true }, /leave out readOnly/],
  ])('%s abort it by name where a resource does not offer it', async (_what, modes, how, message) => {
    const bank = await createBank();
    await endow(bank);
    Reflect.set(bank.life.stores.savings, 'modes', modes);
    const error = await bank.failure(
      bank.manager.transact(async ({ checking, savings }) => {
        await checking.get('balance');
        await savings.get('balance');
      }, how),
    );
    expect(error).toMatchObject({
      code: 'TRANSACTION_ABORTED',
      resource: 'savings',
      isRetryable: false,
      cause: { code: 'BRANCH_MODE', message: expect.stringMatching(message) },
    });
    await bank.value(bank.manager.transact(({ checking }) => checking.put('balance', 1)));
  });
});

describe('a transaction that is read only', () => {
  test('commits over one store and over two, and writes nothing down', async () => {
    const bank = await createBank();
    await endow(bank);
    const operations = asked(bank);
    const one = await bank.value(bank.manager.transact(({ checking }) => checking.get('balance'), { readOnly: true }));
    expect(one).toMatchObject({ outcome: 'committed', value: 100 });
    expect(operations).toEqual(['commit-one-phase']);
    const both = await bank.value(
      bank.manager.transact(
        async ({ checking, savings }) => balance(await checking.get('balance')) + balance(await savings.get('balance')),
        { readOnly: true, isolation: 'serializable' },
      ),
    );
    expect(both).toMatchObject({ outcome: 'committed', value: 200 });
    expect(operations.slice(1).sort()).toEqual(['prepare', 'prepare']);
    await bank.until(() => bank.manager.list().length === 0);
    const { transaction } = one;
    const branch = { manager: 'n1', transaction, branch: 'checking' };
    expect(await bank.value(bank.life.stores.checking.outcomeOf(branch, { timeoutMs: 100 }))).toEqual({
      type: 'absent',
    });
  });

  test.each(['register', 'acceptors'] as const)('needs no majority of what else decides, a %s', async (place) => {
    const cluster = await createCluster(place);
    await cluster.value(cluster.transfer('n1'));
    await cluster.until(() => cluster.balances().savings === 10);
    for (const id of ['n2', 'n3']) cluster.crash(id);
    const committed = await cluster.value(
      cluster
        .manager('n1')
        .transact(
          async ({ checking, savings }) =>
            balance(await checking.get('balance')) + balance(await savings.get('balance')),
          { readOnly: true, timeoutMs: 1_000 },
        ),
    );
    expect(committed).toMatchObject({ outcome: 'committed', value: 0 });
    const outcome = cluster.manager('n1').outcome(committed.transaction);
    expect(await cluster.value(outcome)).toMatchObject({ outcome: 'committed' });
  });

  test('leaves a last resource nothing to decide', async () => {
    const bank = await createBank({ last: 'savings' });
    await endow(bank);
    const operations = asked(bank);
    await bank.value(
      bank.manager.transact(
        async ({ checking, savings }) => {
          await checking.get('balance');
          await savings.get('balance');
        },
        { readOnly: true },
      ),
    );
    expect(operations).toEqual(['prepare', 'prepare']);
  });

  test.each(['in a function that minds', 'in a function that does not mind'])(
    'aborts where it writes, %s, and says by which code that was refused',
    async (how) => {
      const bank = await createBank();
      await endow(bank);
      const error = await bank.failure(
        bank.manager.transact(
          async ({ checking, savings }) => {
            await checking.get('balance');
            const writing = savings.put('balance', 0);
            await (how === 'in a function that minds' ? writing : writing.catch(() => undefined));
          },
          { readOnly: true },
        ),
      );
      expect(error).toMatchObject({
        code: 'TRANSACTION_ABORTED',
        resource: 'savings',
        resourceCode: 'READ_ONLY',
        isRetryable: false,
      });
      expect(bank.balances()).toEqual({ checking: 100, savings: 100 });
      await bank.value(bank.manager.transact(({ savings }) => savings.put('balance', 1)));
    },
  );
});
