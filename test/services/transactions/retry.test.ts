import { expect, test } from 'vitest';
import type { Clock } from '../../../src/environment/clock.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import {
  type RetryOptions,
  retry,
  TransactionAbortedError,
  TransactionOutcomeUnknownError,
} from '../../../src/services/transactions.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { createBank, endow, pump, transfer } from './bank.ts';

const aborted = (reason: 'vote-timeout' | 'unsupported') =>
  new TransactionAbortedError({ transaction: 't', reason, detail: '' });
const unknown = new TransactionOutcomeUnknownError('t', 'no answer');

function environmentOn(clock: Clock): Environment {
  const randomness = seededRandomness(1);
  return { clock, randomness, ids: seededIds(randomness.stream('ids')) };
}

/** Fails with each of `failures` in turn, and then succeeds; tells when attempts were made. */
async function played(failures: readonly unknown[], options: RetryOptions = {}, meanwhile = () => {}) {
  const clock = createVirtualClock();
  const environment = environmentOn(clock);
  const attemptsMs: number[] = [];
  let ended: { readonly value?: number; readonly error?: unknown } | undefined;
  let endedMs: number | undefined;
  const attempt = async (number: number): Promise<number> => {
    attemptsMs.push(clock.nowMs());
    meanwhile();
    if (number <= failures.length) throw failures[number - 1];
    return number;
  };
  retry(attempt, { ...options, environment }).then(
    (value) => {
      ended = { value };
      endedMs = clock.nowMs();
    },
    (error: unknown) => {
      ended = { error };
      endedMs = clock.nowMs();
    },
  );
  await pump();
  while (ended === undefined && clock.runNext()) await pump();
  return { ended, endedMs, attemptsMs };
}

test('what was aborted by the way is tried again, after pauses whose bound doubles', async () => {
  const { ended, attemptsMs } = await played(Array(9).fill(aborted('vote-timeout')), {
    maxAttempts: 10,
    firstDelayMs: 100,
    maxDelayMs: 800,
  });
  expect(ended).toEqual({ value: 10 });
  const pausesMs = attemptsMs.slice(1).map((ms, index) => ms - (attemptsMs[index] ?? 0));
  for (const [index, pauseMs] of pausesMs.entries()) {
    expect(pauseMs).toBeLessThanOrEqual(Math.min(800, 100 * 2 ** index));
  }
  expect(new Set(pausesMs).size).toBe(pausesMs.length);
});

test('attempts have a number at which the last error is told', async () => {
  const { ended, attemptsMs } = await played(Array(9).fill(aborted('vote-timeout')), { maxAttempts: 3 });
  expect(ended?.error).toMatchObject({ code: 'TRANSACTION_ABORTED', isRetryable: true });
  expect(attemptsMs).toHaveLength(3);
});

test.each([
  ['an abort that would be repeated', aborted('unsupported')],
  ['an error of the application', new Error('no such customer')],
  ['an outcome that is unknown, where attempts may happen twice', unknown],
])('%s is told at once', async (_what, error) => {
  const { ended, attemptsMs } = await played([error]);
  expect(ended).toEqual({ error });
  expect(attemptsMs).toHaveLength(1);
});

test('an outcome that is unknown is asked for again where attempts are idempotent', async () => {
  expect((await played([unknown], { isIdempotent: true })).ended).toEqual({ value: 2 });
});

test('a signal ends the waiting', async () => {
  const withdrawn = new AbortController();
  const reason = new Error('withdrawn');
  const attempts: number[] = [];
  const running = retry(
    async (number) => {
      attempts.push(number);
      throw aborted('vote-timeout');
    },
    { signal: withdrawn.signal, firstDelayMs: 10_000_000, maxDelayMs: 10_000_000 },
  );
  await pump();
  withdrawn.abort(reason);
  await expect(running).rejects.toBe(reason);
  expect(attempts).toEqual([1]);
});

test('a signal that was given during an attempt is not waited for', async () => {
  const withdrawn = new AbortController();
  const reason = new Error('withdrawn');
  const { ended, endedMs, attemptsMs } = await played(
    [aborted('vote-timeout')],
    { signal: withdrawn.signal },
    () => void withdrawn.abort(reason),
  );
  expect(ended).toEqual({ error: reason });
  expect(attemptsMs).toEqual([0]);
  expect(endedMs).toBe(0);
});

test.each([
  [{ maxAttempts: 0 }, 'maxAttempts'],
  [{ maxAttempts: 2.5 }, 'whole number'],
  [{ maxAttempts: Number.NaN }, 'maxAttempts'],
  [{ firstDelayMs: -1 }, 'firstDelayMs'],
  [{ maxDelayMs: Number.POSITIVE_INFINITY }, 'maxDelayMs'],
  // What callers without types give.
  [JSON.parse('{ "isIdempotent": "false" }'), 'isIdempotent'],
  [JSON.parse('{ "maxAttempts": "3" }'), 'maxAttempts'],
  [JSON.parse('{ "signal": {} }'), 'controller.signal'],
])('options that make no sense are refused before any attempt: %j', async (options: RetryOptions, said) => {
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
  };
  await expect(retry(attempt, options)).rejects.toMatchObject({
    code: 'TRANSACTION_OPTIONS',
    message: expect.stringContaining(said),
  });
  expect(attempts).toBe(0);
});

test('two transfers that lock each other out both come through', async () => {
  const bank = await createBank();
  await endow(bank);
  const environment = environmentOn(bank.time);
  let aborts = 0;
  const back = () =>
    bank.manager.transact(async ({ checking, savings }) => {
      await savings.put('balance', Number(await savings.get('balance')) - 10);
      await checking.put('balance', Number(await checking.get('balance')) + 10);
    });
  const counted = <T>(attempt: () => Promise<T>) =>
    retry(
      () =>
        attempt().catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', isRetryable: true });
          aborts += 1;
          throw error;
        }),
      { environment },
    );
  await bank.value(Promise.all([counted(() => transfer(bank, 30)), counted(back)]));
  await bank.until(() => bank.manager.list().length === 0);
  expect(bank.balances()).toEqual({ checking: 80, savings: 120 });
  expect(aborts).toBeGreaterThan(0);
});
