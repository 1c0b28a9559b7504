import { describe, expect, test } from 'vitest';
import { TransactionAbortedError, TransactionManagerClosedError } from '../../../src/services/transactions.ts';
import { type Bank, createBank, endow, transfer } from './bank.ts';

const one = async (bank: Awaited<ReturnType<typeof createBank>>, idempotencyKey?: string) => {
  const { transaction } = await bank.value(
    bank.manager.transact(
      ({ checking }) => checking.put('note', 1),
      idempotencyKey === undefined ? {} : { idempotencyKey },
    ),
  );
  return transaction;
};
const pass = async (bank: Awaited<ReturnType<typeof createBank>>, ms: number) => {
  const untilMs = bank.time.nowMs() + ms;
  await bank.until(() => bank.time.nowMs() >= untilMs, 2 * ms + 60_000);
};

describe('what a manager remembers', () => {
  test('is kept for its retention, and expires then: it is never called aborted', async () => {
    const bank = await createBank({ times: { retentionMs: 80_000 } });
    const early = await one(bank, 'k');
    await pass(bank, 60_000);
    expect(await bank.value(bank.manager.outcome(early))).toMatchObject({ outcome: 'committed' });
    await pass(bank, 60_000);
    expect(await bank.value(bank.manager.outcome(early))).toMatchObject({ outcome: 'expired' });
    // Also in the next life, from the mark that was written with the forgetting.
    bank.crash();
    bank.boot();
    await bank.ready();
    expect(await bank.value(bank.manager.outcome(early))).toMatchObject({ outcome: 'expired' });
    expect(bank.manager.status()).toMatchObject({ keptOutcomes: 0, keptKeys: 0, forgottenEarly: 0 });
  });

  test('survives crashes for as long as it is kept', async () => {
    const bank = await createBank({ times: { retentionMs: 80_000 } });
    const kept = await one(bank, 'k');
    for (let life = 0; life < 3; life += 1) {
      await pass(bank, 20_000);
      bank.crash();
      bank.boot();
      await bank.ready();
      expect(await bank.value(bank.manager.outcome(kept))).toMatchObject({ outcome: 'committed' });
    }
    expect(bank.manager.status()).toMatchObject({ incarnation: 4, keptKeys: 1 });
  });

  describe.each([
    ['a single store commits', {}, ['checking']],
    ['the last resource decides', { last: 'checking' }, ['savings', 'checking']],
  ] as const)('of what %s, which a crash keeps from the manager,', (_what, choices, used) => {
    const abort = async (bank: Bank): Promise<string> => {
      const error = await bank.failure(bank.manager.transact(() => Promise.reject(new Error('no'))));
      return error instanceof TransactionAbortedError ? error.transaction : '';
    };
    /** Commits, and crashes before the manager has written down that it heard of it. */
    const commitUnheard = async (bank: Bank): Promise<string> => {
      const work = bank.manager.transact(async (stores) => {
        for (const name of used) await stores[name].put('note', 1);
      });
      void work.catch(() => undefined);
      await bank.until(() => bank.life.stores.checking.peek('note') === 1);
      const [{ transaction } = { transaction: '' }] = bank.manager.list();
      bank.crash();
      bank.boot();
      await bank.ready();
      return transaction;
    };
    const outcomeOf = async (bank: Bank, transaction: string) =>
      (await bank.value(bank.manager.outcome(transaction))).outcome;

    test('is committed while a store knows it, and expires then: it is never called aborted', async () => {
      const retentionMs = 20_000;
      const bank = await createBank({ ...choices, times: { retentionMs } });
      const id = await commitUnheard(bank);
      expect(bank.manager.status().keptOutcomes).toBe(0);
      const before = bank.time.nowMs();
      const answers: string[] = [];
      while (bank.time.nowMs() < before + 4 * retentionMs) {
        answers.push(await outcomeOf(bank, id));
        if (bank.time.nowMs() < before + retentionMs) expect(answers.at(-1)).toBe('committed');
        await pass(bank, 1_000);
      }
      expect([...new Set(answers)]).toEqual(['committed', 'expired']);
      bank.crash();
      bank.boot();
      await bank.ready();
      expect(await outcomeOf(bank, id)).toBe('expired');
    });

    test('expires also when it is not asked for before, and what aborted in its life is told for as long', async () => {
      const retentionMs = 20_000;
      const bank = await createBank({ ...choices, times: { retentionMs } });
      const aborted = await abort(bank);
      const id = await commitUnheard(bank);
      await pass(bank, retentionMs);
      expect(await outcomeOf(bank, aborted)).toBe('aborted');
      await pass(bank, 3 * retentionMs);
      expect(await outcomeOf(bank, id)).toBe('expired');
      expect(await outcomeOf(bank, aborted)).toBe('expired');
    });

    test('may be forgotten by the stores also when no life of the manager lasts long', async () => {
      const retentionMs = 20_000;
      const bank = await createBank({ ...choices, times: { retentionMs } });
      const aborted = await abort(bank);
      const id = await commitUnheard(bank);
      const answers: string[] = [];
      for (let life = 3; life <= 12; life += 1) {
        await pass(bank, 1_000);
        bank.crash();
        bank.boot();
        await bank.ready();
        answers.push(await outcomeOf(bank, aborted));
        // These stores count the age from when they were opened, and so remember it.
        expect(await outcomeOf(bank, id)).toBe('committed');
      }
      expect(answers).toEqual([...Array(6).fill('aborted'), ...Array(4).fill('expired')]);
      for (const name of used) bank.outages.add(name);
      expect(await outcomeOf(bank, id)).toBe('in-doubt');
    });
  });

  test('is not taken for aborted while a resource of an earlier life, which may have committed it, is left out', async () => {
    const retentionMs = 20_000;
    const bank = await createBank({ times: { retentionMs } });
    const error = await bank.failure(bank.manager.transact(() => Promise.reject(new Error('no'))));
    const transaction = error instanceof TransactionAbortedError ? error.transaction : '';
    const outcome = async () => (await bank.value(bank.manager.outcome(transaction))).outcome;
    const reboot = async (withdrawn?: 'checking'): Promise<void> => {
      bank.crash();
      bank.boot(undefined, withdrawn);
      await bank.ready();
    };
    await reboot();
    expect(await outcome()).toBe('aborted');
    for (let life = 0; life < 2; life += 1) {
      await reboot('checking');
      expect(await bank.value(bank.manager.outcome(transaction))).toMatchObject({
        outcome: 'in-doubt',
        detail: expect.stringContaining("'checking' may know"),
      });
    }
    await reboot();
    expect(await outcome()).toBe('aborted');
    await reboot('checking');
    await pass(bank, 3 * retentionMs);
    expect(await outcome()).toBe('expired');
    // What earlier lives did has expired as a whole: the next lives have nothing to ask that store for.
    const next = await bank.failure(bank.manager.transact(() => Promise.reject(new Error('no'))));
    const later = next instanceof TransactionAbortedError ? next.transaction : '';
    await reboot('checking');
    expect((await bank.value(bank.manager.outcome(later))).outcome).toBe('aborted');
  });

  test('is forgotten early when there is too much, visibly', async () => {
    const bank = await createBank({ limits: { keptOutcomes: 16 } });
    const first = await one(bank);
    const all = [first];
    for (let index = 0; index < 40; index += 1) all.push(await one(bank));
    expect(await bank.value(bank.manager.outcome(first))).toMatchObject({ outcome: 'expired' });
    expect(await bank.value(bank.manager.outcome(all.at(-1) ?? ''))).toMatchObject({ outcome: 'committed' });
    const { keptOutcomes, forgottenEarly } = bank.manager.status();
    expect(keptOutcomes).toBeLessThanOrEqual(18);
    expect(keptOutcomes + forgottenEarly).toBe(41);
  });

  test('says aborted of what never was decided, and nothing of what it never gave out', async () => {
    const bank = await createBank();
    const broken = bank.manager.transact(() => Promise.reject(new Error('no')));
    const error = await bank.failure(broken);
    const transaction = error instanceof Error && 'transaction' in error ? String(error.transaction) : '';
    expect(await bank.value(bank.manager.outcome(transaction))).toMatchObject({ outcome: 'aborted' });
    for (const id of ['nonsense', 'j.another.1.1', `${transaction.slice(0, -1)}zzz`]) {
      expect(await bank.value(bank.manager.outcome(id))).toMatchObject({ outcome: 'unknown' });
    }
  });
});

describe('a coordinator whose disk fails', () => {
  test('stops with its node when a store is the first to notice', async () => {
    const bank = await createBank();
    const branch = { manager: 'n1', transaction: 'other', branch: 'checking' };
    const session = await bank.value(bank.life.stores.checking.begin(branch, { timeoutMs: 1_000 }));
    await bank.value(session.put('note', 1));
    bank.storage.fail(new Error('no space left on the device'));
    const commit = await bank.value(session.commitDirectly({ timeoutMs: 1_000 }));
    expect(commit).toMatchObject({ type: 'unknown' });
    expect(bank.life.node.isRunning).toBe(false);
    expect(await bank.failure(transfer(bank, 1))).toBeInstanceOf(TransactionManagerClosedError);
  });

  test('answers that the outcome is unknown, and begins nothing more', async () => {
    const bank = await createBank();
    await endow(bank);
    bank.storage.stall();
    const failed = bank.settled(transfer(bank, 10, { idempotencyKey: 'k' }));
    // Both branches wait for the disk with their votes.
    await bank.until(() => bank.manager.list().some((it) => it.branches.length === 2));
    bank.storage.fail(new Error('no space left on the device'));
    bank.storage.resume();
    const result = await failed;
    if (result.status === 'fulfilled') throw new Error('expected a failure');
    expect(result.reason).toMatchObject({ code: 'TRANSACTION_OUTCOME_UNKNOWN' });
    expect(await bank.failure(transfer(bank, 1))).toBeInstanceOf(TransactionManagerClosedError);
  });

  test('that was not asked to commit yet answers that nothing happened', async () => {
    const bank = await createBank();
    const failed = bank.settled(
      bank.manager.transact(async ({ checking }) => {
        await checking.put('balance', 1);
        await bank.life.node.stop();
        await new Promise(() => undefined);
      }),
    );
    const result = await failed;
    expect(result).toMatchObject({ reason: { code: 'TRANSACTION_ABORTED', reason: 'manager-stopped' } });
  });
});
