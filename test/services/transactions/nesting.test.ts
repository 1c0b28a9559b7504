/** Transactions that are begun within the function of another one. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTransactionManager } from '../../../src/services/transactions.ts';
import { type Bank, createBank, endow } from './bank.ts';

const put = (bank: Bank, store: 'checking' | 'savings', amount: number, how = {}) =>
  bank.manager.transact((stores) => stores[store].put('balance', amount), how);

const nested = { code: 'NESTED_TRANSACTION', message: expect.stringMatching(/work with the sessions that/) };

describe('a transaction within the function of another one', () => {
  test('is refused at a resource that the outer one uses, at once, and both abort', async () => {
    const bank = await createBank({ nested: 'refused' });
    await endow(bank);
    const beganMs = bank.time.nowMs();
    const error = await bank.failure(
      bank.manager.transact(async ({ checking }) => {
        await checking.put('balance', 0);
        await put(bank, 'checking', 1);
      }),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', cause: { code: 'TRANSACTION_ABORTED', cause: nested } });
    expect(bank.time.nowMs() - beganMs).toBeLessThan(1_000);
    expect(bank.balances().checking).toBe(100);
  });

  test('is refused also several levels deep, and after whatever was awaited', async () => {
    const bank = await createBank({ nested: 'refused' });
    await endow(bank);
    let innermost: unknown;
    await bank.value(
      bank.manager.transact(async ({ checking }) => {
        await checking.put('balance', 5);
        await bank.manager.transact(async ({ savings }) => {
          await savings.put('balance', 6);
          await new Promise<void>((resolve) => {
            bank.time.setTimeout(resolve, 50);
          });
          innermost = await put(bank, 'checking', 7).catch((error: unknown) => error);
        });
      }),
    );
    expect(innermost).toMatchObject({ cause: nested });
    await bank.until(() => bank.manager.list().length === 0);
    expect(bank.balances()).toEqual({ checking: 5, savings: 6 });
  });

  test('keeps the outer one from a resource that it has used first, as both are not atomic together', async () => {
    const bank = await createBank({ nested: 'refused' });
    await endow(bank);
    const error = await bank.failure(
      bank.manager.transact(async ({ checking }) => {
        await put(bank, 'checking', 1);
        await checking.put('balance', 2);
      }),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'checking', cause: nested });
    expect(bank.balances().checking).toBe(1);
  });

  test('commits by itself at other resources, whatever becomes of the outer one', async () => {
    const bank = await createBank({ nested: 'refused' });
    await endow(bank);
    await bank.failure(
      bank.manager.transact(async ({ checking }) => {
        await checking.put('balance', 0);
        await put(bank, 'savings', 7);
        throw new Error('changed my mind');
      }),
    );
    await bank.until(() => bank.manager.list().length === 0);
    expect(bank.balances()).toEqual({ checking: 100, savings: 7 });
  });

  test('is within the outer one still when it is begun by what one in between has left running', async () => {
    const bank = await createBank({ nested: 'refused' });
    await endow(bank);
    let later: Promise<unknown> = Promise.resolve();
    await bank.value(
      bank.manager.transact(async ({ checking }) => {
        await checking.put('balance', 5);
        await bank.manager.transact(async ({ savings }) => {
          await savings.put('balance', 6);
          later = new Promise<void>((resolve) => {
            bank.time.setTimeout(resolve, 100);
          })
            .then(() => put(bank, 'checking', 7))
            .catch((error: unknown) => error);
        });
        expect(await later).toMatchObject({ cause: nested });
      }),
    );
    expect(bank.balances().checking).toBe(5);
  });

  test('is refused under the same idempotency key before it begins', async () => {
    const bank = await createBank({ nested: 'refused' });
    const inner: unknown[] = [];
    await bank.value(
      bank.manager.transact(
        async ({ checking }) => {
          await checking.put('balance', 1);
          inner.push(await put(bank, 'savings', 1, { idempotencyKey: 'k1' }).catch((error: unknown) => error));
        },
        { idempotencyKey: 'k1' },
      ),
    );
    expect(inner).toEqual([expect.objectContaining(nested)]);
  });
});

describe('transactions that are not within one another', () => {
  test('may use the same resource beside each other, and one after the other', async () => {
    const bank = await createBank({ nested: 'refused' });
    await endow(bank);
    await bank.value(Promise.all([put(bank, 'checking', 1), put(bank, 'checking', 2)]));
    await bank.value(put(bank, 'checking', 3));
    expect(bank.balances().checking).toBe(3);
  });

  test('may be begun by what an earlier function has left running', async () => {
    const bank = await createBank({ nested: 'refused' });
    await endow(bank);
    let later: Promise<unknown> = Promise.resolve();
    await bank.value(
      bank.manager.transact(async ({ checking }) => {
        await checking.put('balance', 1);
        later = new Promise<void>((resolve) => {
          bank.time.setTimeout(resolve, 500);
        }).then(() => put(bank, 'checking', 2));
      }),
    );
    await bank.value(later);
    expect(bank.balances().checking).toBe(2);
  });

  test('go unchecked where the manager is told so', async () => {
    const bank = await createBank({ nested: 'unchecked' });
    await endow(bank);
    await bank.value(
      bank.manager.transact(async ({ checking }) => {
        await put(bank, 'checking', 1);
        await checking.put('balance', 2);
      }),
    );
    expect(bank.balances().checking).toBe(2);
  });
});

test('a manager is not told what is neither to refuse nor to let pass', async () => {
  const { life } = await createBank({ nested: 'refused' });
  const untyped: Record<string, unknown> = { node: life.node, nested: true };
  const options = Object.assign({ node: life.node }, untyped);
  await expect(createTransactionManager(options)).rejects.toMatchObject({
    code: 'TRANSACTION_OPTIONS',
    message: expect.stringMatching(/one of refused, unchecked, got true/),
  });
});

test('promises are not followed while no function is at work', async () => {
  const rested = vi.spyOn(AsyncLocalStorage.prototype, 'disable');
  onTestFinished(() => rested.mockRestore());
  const bank = await createBank({ nested: 'refused' });
  const put = (name: 'checking' | 'savings') => bank.manager.transact((work) => work[name].put('balance', 1));
  const both = Promise.all([put('checking'), put('savings')]);
  expect(rested).not.toHaveBeenCalled();
  await bank.value(both);
  expect(rested).toHaveBeenCalledTimes(1);
});
