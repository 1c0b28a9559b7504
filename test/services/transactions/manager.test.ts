import { describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { createNode } from '../../../src/host/node.ts';
import {
  createTransactionManager,
  TransactionAbortedError,
  TransactionLimitError,
  TransactionOutcomeUnknownError,
} from '../../../src/services/transactions.ts';
import { balance, createBank, endow, transfer } from './bank.ts';

describe('a transaction manager', () => {
  test('commits at both resources, and answers when that is decided', async () => {
    const bank = await createBank();
    await endow(bank);
    const committed = await bank.value(transfer(bank, 30));
    expect(committed).toMatchObject({ outcome: 'committed', isRepeated: false });
    expect(await bank.value(bank.manager.outcome(committed.transaction))).toMatchObject({ outcome: 'committed' });
    await bank.until(() => bank.manager.list().length === 0);
    expect(bank.balances()).toEqual({ checking: 70, savings: 130 });
  });

  test('returns what the function returned', async () => {
    const bank = await createBank();
    const committed = await bank.value(bank.manager.transact(async ({ checking }) => checking.list('')));
    expect(committed).toMatchObject({ isRepeated: false, value: [] });
  });

  test('aborts everywhere when the function throws, with its error as the cause', async () => {
    const bank = await createBank();
    await endow(bank);
    const broke = new Error('no such customer');
    const error = await bank.failure(
      bank.manager.transact(async ({ checking, savings }) => {
        await checking.put('balance', 0);
        await savings.put('balance', 0);
        throw broke;
      }),
    );
    expect(error).toBeInstanceOf(TransactionAbortedError);
    expect(error).toMatchObject({ reason: 'requested', detail: 'no such customer', cause: broke });
    expect(bank.balances()).toEqual({ checking: 100, savings: 100 });
    // The locks are gone: the next one gets through.
    await bank.value(transfer(bank, 1));
  });

  test.each<[string, unknown, RegExp]>([
    ['an error whose message is no text', Object.assign(new Error(), { message: { code: 7 } }), /^\[object Object\]$/],
    ['what has no prototype', Object.create(null), /without a message/],
    [
      'a message that cannot be read as text',
      Object.assign(new Error(), { message: Object.create(null) }),
      /without a message/,
    ],
    ['undefined', undefined, /^undefined$/],
    ['a symbol', Symbol('broke'), /^Symbol\(broke\)$/],
  ])('aborts, and leaves nothing locked, when the function throws %s', async (_what, thrown, detail) => {
    const bank = await createBank();
    await endow(bank);
    const error = await bank.failure(
      bank.manager.transact(async ({ checking, savings }) => {
        await checking.put('balance', 0);
        await savings.put('balance', 0);
        throw thrown;
      }),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', detail: expect.stringMatching(detail) });
    await bank.value(transfer(bank, 1));
  });

  test('aborts when the function returns no promise, and says so', async () => {
    const bank = await createBank();
    await endow(bank);
    const untyped: { transact(act: unknown): Promise<unknown> } = bank.manager;
    const error = await bank.failure(untyped.transact(() => 5));
    expect(error).toMatchObject({
      code: 'TRANSACTION_ABORTED',
      detail: expect.stringMatching(/to be async, or to return a promise, got number/),
      cause: { code: 'TRANSACTION_USE' },
    });
    await bank.value(transfer(bank, 1));
  });

  test('names the resource whose statement failed', async () => {
    const bank = await createBank();
    const error = await bank.failure(
      bank.manager.transact(async ({ checking, savings }) => {
        await savings.put('balance', 1);
        await checking.put('x'.repeat(2_000), 1);
      }),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'checking' });
  });

  test('aborts when a statement has failed, even if the function does not mind', async () => {
    const bank = await createBank();
    const error = await bank.failure(
      bank.manager.transact(async ({ checking, savings }) => {
        await savings.put('balance', 1);
        await checking.put('x'.repeat(2_000), 1).catch(() => undefined);
      }),
    );
    expect(error).toMatchObject({ reason: 'refused', resource: 'checking' });
    expect(bank.balances()).toEqual({ checking: 0, savings: 0 });
  });

  test('aborts what takes longer than its time, and refuses statements afterwards', async () => {
    const bank = await createBank();
    let late: Promise<unknown> = Promise.resolve();
    const error = await bank.failure(
      bank.manager.transact(
        async ({ checking }) => {
          await checking.put('balance', 5);
          await new Promise<void>((resolve) => {
            bank.time.setTimeout(resolve, 1_000);
          });
          late = checking.put('balance', 6);
          await late;
        },
        { timeoutMs: 200 },
      ),
    );
    expect(error).toMatchObject({ reason: 'transaction-timeout' });
    await bank.until(() => bank.time.nowMs() > 2_000);
    await expect(late).rejects.toMatchObject({ code: 'TRANSACTION_USE' });
    expect(bank.balances().checking).toBe(0);
    await bank.until(() => bank.manager.list().length === 0);
  });

  test('asks a single resource to commit in one phase, without preparing it', async () => {
    const bank = await createBank();
    const seen: string[] = [];
    bank.life.node.inspection.subscribe((event) => {
      if (event.type === 'released') {
        for (const effect of event.effects) if (effect.type === 'perform') seen.push(effect.operation.type);
      }
      if (event.type === 'step') {
        for (const effect of event.effects) if (effect.type === 'perform') seen.push(effect.operation.type);
      }
    });
    await bank.value(bank.manager.transact(({ checking }) => checking.put('balance', 7)));
    expect(new Set(seen)).toEqual(new Set(['commit-one-phase']));
    expect(bank.balances().checking).toBe(7);
  });

  test('spares a resource that was only read the second phase', async () => {
    const bank = await createBank();
    await endow(bank);
    const committed = await bank.value(
      bank.manager.transact(async ({ checking, savings }) => {
        const amount = balance(await checking.get('balance'));
        await savings.put('balance', amount + 1);
        return amount;
      }),
    );
    expect(committed).toMatchObject({ value: 100 });
    await bank.until(() => bank.balances().savings === 101);
  });

  test('lets the last resource decide by its own commit', async () => {
    const bank = await createBank({ last: 'savings' });
    await endow(bank);
    await bank.value(transfer(bank, 10));
    await bank.until(() => bank.balances().checking === 90);
    expect(bank.balances()).toEqual({ checking: 90, savings: 110 });
  });

  test.each(['checking', 'savings'] as const)(
    'waits for the slow vote of %s, however often the other branch, in doubt, asks',
    async (slow) => {
      const bank = await createBank({ times: { inquiryIntervalMs: 100 } }, 1, { [slow]: 3_000 });
      await endow(bank);
      const beganMs = bank.time.nowMs();
      expect(await bank.value(transfer(bank, 30))).toMatchObject({ outcome: 'committed' });
      expect(bank.time.nowMs() - beganMs).toBeGreaterThan(3_000);
      await bank.until(() => bank.manager.list().length === 0);
      expect(bank.balances()).toEqual({ checking: 70, savings: 130 });
    },
  );

  test('refuses more open transactions than its limit, and shows how many there are', async () => {
    const bank = await createBank({ limits: { openTransactions: 1 } });
    let release: () => void = () => undefined;
    const first = bank.manager.transact(async ({ checking }) => {
      await checking.put('balance', 1);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    await bank.until(() => bank.manager.list().some((it) => it.branches.length === 1));
    expect(bank.manager.list()).toMatchObject([
      { state: 'open', branches: [{ resource: 'checking', state: 'awaited' }] },
    ]);
    expect(bank.manager.status()).toMatchObject({ open: 1, maxOpen: 1 });
    expect(await bank.failure(transfer(bank, 1))).toBeInstanceOf(TransactionLimitError);
    release();
    await bank.value(first);
  });

  test('refuses more statements than its limit, and aborts', async () => {
    const bank = await createBank({ limits: { statements: 2 } });
    const error = await bank.failure(
      bank.manager.transact(async ({ checking }) => {
        for (const key of ['a', 'b', 'c']) await checking.put(key, 1).catch(() => undefined);
      }),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'checking' });
  });

  test('keeps what only the manager may do from the function', async () => {
    const bank = await createBank();
    const error = await bank.failure(
      bank.manager.transact(async ({ checking }) => {
        Reflect.get(checking, 'prepare');
      }),
    );
    expect(error).toMatchObject({ cause: { code: 'TRANSACTION_USE' } });
  });

  test('refuses options with which it could not work', async () => {
    const { life, time } = await createBank();
    const parts = { id: 'n2', bus: createMemoryNetwork({ clock: time }).join('n2'), journal: life.node.journal };
    const poor = createNode({ ...parts, resources: {} });
    await expect(createTransactionManager({ node: poor })).rejects.toThrow(/no resource that takes part/);
    await expect(createTransactionManager({ node: life.node, times: { retentionMs: 0 } })).rejects.toThrow(
      /retentionMs/,
    );
  });
});

describe('a signal', () => {
  const reason = new Error('the request was withdrawn');

  test('aborts the transaction at once while its function is at work, with the reason as the cause', async () => {
    const bank = await createBank();
    await endow(bank);
    const withdrawn = new AbortController();
    const error = await bank.failure(
      bank.manager.transact(
        async ({ checking }) => {
          await checking.put('balance', 0);
          withdrawn.abort(reason);
          await new Promise(() => undefined);
        },
        { signal: withdrawn.signal },
      ),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', reason: 'requested', cause: reason });
    await bank.value(transfer(bank, 1));
    await bank.until(() => bank.manager.list().length === 0);
    expect(bank.balances()).toEqual({ checking: 99, savings: 101 });
  });

  test('that is given already begins nothing', async () => {
    const bank = await createBank();
    let isRun = false;
    const act = async (): Promise<void> => {
      isRun = true;
    };
    expect(await bank.failure(bank.manager.transact(act, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(isRun).toBe(false);
  });

  test('that comes when the commit has been asked for changes nothing', async () => {
    const bank = await createBank({}, 1, { checking: 500 });
    await endow(bank);
    const withdrawn = new AbortController();
    const committing = transfer(bank, 30, { signal: withdrawn.signal });
    const whilePreparingMs = bank.time.nowMs() + 250;
    await bank.until(() => bank.time.nowMs() >= whilePreparingMs);
    withdrawn.abort(reason);
    expect(await bank.value(committing)).toMatchObject({ outcome: 'committed' });
  });
});

test.each([{}, null, new AbortController()])(
  'a signal that is none is refused before anything happens',
  async (signal) => {
    const bank = await createBank();
    const untyped: { transact(act: unknown, how: unknown): Promise<unknown> } = bank.manager;
    expect(await bank.failure(untyped.transact(async () => {}, { signal }))).toMatchObject({
      code: 'TRANSACTION_OPTIONS',
      message: expect.stringContaining('pass controller.signal'),
    });
    expect(bank.manager.status().open).toBe(0);
  },
);

describe('an idempotency key', () => {
  test.each([42, null, '', 'k'.repeat(201)])('is text of 1 to 200 characters, not %j', async (idempotencyKey) => {
    const bank = await createBank();
    const untyped: { transact(act: unknown, how: unknown): Promise<unknown> } = bank.manager;
    let isRun = false;
    const act = async (): Promise<void> => {
      isRun = true;
    };
    expect(await bank.failure(untyped.transact(act, { idempotencyKey }))).toMatchObject({
      code: 'TRANSACTION_OPTIONS',
      message: expect.stringMatching(/expected an idempotency key/),
    });
    expect(isRun).toBe(false);
  });

  test('commits once, however often it is used', async () => {
    const bank = await createBank();
    await endow(bank);
    const first = await bank.value(transfer(bank, 30, { idempotencyKey: 'k1' }));
    const again = await bank.value(transfer(bank, 30, { idempotencyKey: 'k1' }));
    expect(again).toEqual({ outcome: 'committed', transaction: first.transaction, isRepeated: true });
    await bank.until(() => bank.manager.list().length === 0);
    expect(bank.balances()).toEqual({ checking: 70, savings: 130 });
  });

  test('commits once when it is used twice at the same time', async () => {
    const bank = await createBank();
    await endow(bank);
    const both = await bank.value(
      Promise.all([transfer(bank, 30, { idempotencyKey: 'k1' }), transfer(bank, 30, { idempotencyKey: 'k1' })]),
    );
    expect(both.map((it) => it.isRepeated).sort()).toEqual([false, true]);
    await bank.until(() => bank.manager.list().length === 0);
    expect(bank.balances()).toEqual({ checking: 70, savings: 130 });
  });

  test('may be used again after an abort', async () => {
    const bank = await createBank();
    await bank.failure(bank.manager.transact(() => Promise.reject(new Error('first')), { idempotencyKey: 'k1' }));
    const committed = await bank.value(
      bank.manager.transact(({ checking }) => checking.put('balance', 1), { idempotencyKey: 'k1' }),
    );
    expect(committed.isRepeated).toBe(false);
  });

  test('is remembered by the next life of the manager, in one phase and in two', async () => {
    const bank = await createBank();
    await endow(bank);
    const two = await bank.value(transfer(bank, 30, { idempotencyKey: 'two' }));
    const one = await bank.value(
      bank.manager.transact(({ checking }) => checking.put('other', 1), { idempotencyKey: 'one' }),
    );
    bank.crash();
    bank.boot();
    await bank.ready();
    const repeated = [transfer(bank, 30, { idempotencyKey: 'two' }), transfer(bank, 30, { idempotencyKey: 'one' })];
    expect(await bank.value(Promise.all(repeated))).toEqual([
      { outcome: 'committed', transaction: two.transaction, isRepeated: true },
      { outcome: 'committed', transaction: one.transaction, isRepeated: true },
    ]);
    await bank.until(() => bank.manager.list().length === 0);
    expect(bank.balances()).toEqual({ checking: 70, savings: 130 });
  });

  test('is not free in the next life while a resource does not say whether it committed there in one phase', async () => {
    const outcomes = new Set<string>();
    for (let steps = 0; steps < 200 && !outcomes.has('remembered'); steps += 1) {
      const bank = await createBank();
      await endow(bank);
      const add = (name: 'checking' | 'savings') =>
        bank.manager.transact((work) => work[name].put('balance', 500), { idempotencyKey: 'once' });
      add('savings').catch(() => undefined);
      for (let step = 0; step < steps; step += 1) await bank.step();
      bank.crash();
      bank.outages.add('savings');
      bank.boot();
      await bank.ready();
      const repeated = await bank.settled(add('checking'));
      bank.outages.clear();
      await bank.until(() => bank.manager.list().length === 0);
      if (repeated.status === 'rejected') {
        expect(repeated.reason).toBeInstanceOf(TransactionOutcomeUnknownError);
        outcomes.add(bank.balances().savings === 500 ? 'committed' : 'unknown');
      } else outcomes.add(repeated.value.isRepeated ? 'remembered' : 'free');
      expect(Object.values(bank.balances()).filter((amount) => amount === 500).length).toBeLessThanOrEqual(1);
    }
    expect([...outcomes].sort()).toEqual(['committed', 'free', 'remembered', 'unknown']);
  });
});
