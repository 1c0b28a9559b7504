import { describe, expect, test } from 'vitest';
import { TransactionManagerClosedError } from '../../../src/services/transactions.ts';
import { createBank, endow, transfer } from './bank.ts';

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
