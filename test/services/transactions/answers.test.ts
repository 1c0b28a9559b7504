/** What an idempotency key is bound to: what was asked, and what was answered; for every way to commit, and after a crash. */

import { describe, expect, test } from 'vitest';
import type { SlicedStateMachine } from '../../../src/services/store/state-machine.ts';
import { limitsOf } from '../../../src/services/transactions/options.ts';
import { encodeRegisterCommand, type RegisterCommand } from '../../../src/services/transactions/register/messages.ts';
import {
  createDecisionRegisterMachine,
  inRegister,
  ResultNotStorableError,
} from '../../../src/services/transactions.ts';
import { coordinatorAddress } from '../../../statecharts/two-phase-commit.ts';
import { type Bank, balance, createBank, endow, type ManagerChoices, type Stores } from './bank.ts';
import { createCluster } from './cluster.ts';

const key = { idempotencyKey: 'k' };

const deposit = (bank: Bank, names: readonly (keyof Stores)[], request: unknown, idempotencyKey = 'k') =>
  bank.manager.transact(
    async (stores) => {
      for (const name of names) await stores[name].put('balance', balance(await stores[name].get('balance')) + 1);
      return { receipt: 'r1', balances: [101, null] };
    },
    { idempotencyKey, request },
  );

interface Way {
  readonly name: string;
  readonly choices: ManagerChoices;
  readonly names: readonly (keyof Stores)[];
}
const ways: readonly Way[] = [
  { name: 'in one phase', choices: {}, names: ['savings'] },
  { name: 'in two phases', choices: {}, names: ['checking', 'savings'] },
  { name: 'with a last resource', choices: { last: 'savings' }, names: ['checking', 'savings'] },
];

describe.each(ways)('a key under which a request has committed $name', ({ choices, names }) => {
  test('answers the same request with the same value, and refuses another, now and after crashes', async () => {
    const bank = await createBank(choices);
    await endow(bank);
    const first = await bank.value(deposit(bank, names, { amount: 1, to: 'savings' }));
    for (let life = 0; life < 3; life += 1) {
      expect(await bank.value(deposit(bank, names, { to: 'savings', amount: 1 }))).toEqual({
        outcome: 'committed',
        transaction: first.transaction,
        isRepeated: true,
        value: { receipt: 'r1', balances: [101, null] },
      });
      for (const request of [{ amount: 2, to: 'savings' }, undefined]) {
        expect(await bank.failure(deposit(bank, names, request))).toMatchObject({
          code: 'IDEMPOTENCY_MISMATCH',
          transaction: first.transaction,
        });
      }
      await bank.until(() => bank.manager.list().length === 0);
      expect(bank.balances().savings).toBe(101);
      bank.crash();
      bank.boot();
      await bank.ready();
    }
  });

  test('whose crash is at any moment has run once, with that answer, or is free', async () => {
    for (let steps = 1; ; steps += 1) {
      const bank = await createBank(choices);
      await endow(bank);
      let isOver = false;
      const over = (): void => {
        isOver = true;
      };
      deposit(bank, names, 'first').then(over, over);
      for (let step = 0; step < steps; step += 1) await bank.step();
      bank.crash();
      bank.boot();
      await bank.ready();
      const again = await bank.value(deposit(bank, names, 'first'));
      expect(again.value).toEqual({ receipt: 'r1', balances: [101, null] });
      await bank.until(() => bank.manager.list().length === 0);
      expect(bank.balances().savings).toBe(101);
      expect(await bank.failure(deposit(bank, names, 'second'))).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
      if (isOver) return;
    }
  });
});

test('a key that a decision of acceptors has committed answers the same request, and refuses another', async () => {
  const cluster = await createCluster('acceptors');
  const put = (request: string) =>
    cluster.manager('n1').transact(
      async ({ checking, savings }) => {
        await checking.put('balance', 1);
        await savings.put('balance', 1);
        return 'put';
      },
      { ...key, request },
    );
  await cluster.value(put('a'));
  expect(await cluster.value(put('a'))).toMatchObject({ isRepeated: true, value: 'put' });
  expect(await cluster.settled(put('b'))).toMatchObject({ reason: { code: 'IDEMPOTENCY_MISMATCH' } });
  cluster.crash('n1');
  cluster.boot('n1');
  await cluster.until(() => cluster.member('n1').manager !== undefined);
  expect(await cluster.value(put('a'))).toMatchObject({ isRepeated: true, value: 'put' });
  expect(await cluster.settled(put('b'))).toMatchObject({ reason: { code: 'IDEMPOTENCY_MISMATCH' } });
});

test('a key in a register answers the same request on every node, and refuses another', async () => {
  const cluster = await createCluster('register');
  const put = (node: string, request: string) =>
    cluster.manager(node).transact(
      async ({ checking, savings }) => {
        await checking.put('balance', 1);
        await savings.put('balance', 1);
        return 'put';
      },
      { ...key, request },
    );
  await cluster.value(put('n1', 'a'));
  for (const node of ['n1', 'n2', 'n3']) {
    expect(await cluster.value(put(node, 'a'))).toMatchObject({ isRepeated: true, value: 'put' });
    expect(await cluster.settled(put(node, 'b'))).toMatchObject({ reason: { code: 'IDEMPOTENCY_MISMATCH' } });
  }
  cluster.crash('n1');
  cluster.boot('n1');
  await cluster.until(() => cluster.member('n1').manager !== undefined);
  expect(await cluster.value(put('n1', 'a'))).toMatchObject({ isRepeated: true, value: 'put' });
  expect(await cluster.settled(put('n1', 'b'))).toMatchObject({ reason: { code: 'IDEMPOTENCY_MISMATCH' } });
});

describe('a register', () => {
  const filled = () => {
    const machine = createDecisionRegisterMachine(10, 10, 20);
    let index = 0;
    const apply = (command: RegisterCommand): void => {
      index += 1;
      machine.apply(encodeRegisterCommand(command), { index, revision: index, timeMs: 0 });
    };
    for (const transaction of ['t1', 't2', 't3']) {
      const owner = coordinatorAddress({ manager: 'n1', transaction });
      const answer = { fingerprint: `of ${transaction}`, result: '"12345678"' };
      const named = { transaction, epoch: 1 };
      apply({ type: 'register-transaction', ...named, owner, branches: [], idempotencyKey: transaction, answer });
      apply({ type: 'decide-transaction', ...named, outcome: 'committed', branches: [] });
      apply({ type: 'end-transaction', ...named });
    }
    return machine;
  };
  const answersOf = (machine: SlicedStateMachine) =>
    ['t1', 't2', 't3'].map((idempotencyKey) => machine.query?.({ type: 'read-key', idempotencyKey }));
  const expected = [
    { answer: { fingerprint: 'of t1', result: null } },
    { answer: { fingerprint: 'of t2', result: '"12345678"' } },
    { answer: { fingerprint: 'of t3', result: '"12345678"' } },
  ];

  test('forgets the oldest results when they are too many, and keeps their keys and fingerprints', () => {
    expect(answersOf(filled())).toMatchObject(expected);
  });

  test.each([1, 10_000])('keeps answers in its snapshots, in parts of %i bytes', (sizeBytes) => {
    const view = filled().view();
    const copy = createDecisionRegisterMachine(10, 10, 20);
    const restoring = copy.restoring();
    for (let part = view.next(sizeBytes); part !== undefined; part = view.next(sizeBytes)) restoring.take(part);
    restoring.finish();
    expect(answersOf(copy)).toMatchObject(expected);
  });
});

describe('a transaction with a request', () => {
  const returning = (bank: Bank, value: unknown) =>
    bank.manager.transact(
      async ({ savings }) => {
        await savings.put('balance', 7);
        return value;
      },
      { ...key, request: 1 },
    );

  test.each([
    ['a date', new Date(0)],
    ['a bigint', 1n],
    ['no number', Number.NaN],
    ['an object of a class', { nested: [new Map()] }],
    ['too much', 'x'.repeat(4_095)],
  ])('aborts when its function returns %s', async (_what, value) => {
    const bank = await createBank();
    const error = await bank.failure(returning(bank, value));
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', cause: { code: 'RESULT_NOT_STORABLE' } });
    expect(error).toMatchObject({ cause: expect.any(ResultNotStorableError) });
    expect(bank.balances().savings).toBe(0);
    expect(await bank.value(returning(bank, 'x'.repeat(4_094)))).toMatchObject({ isRepeated: false });
  });

  test('that returns nothing is repeated without a value', async () => {
    const bank = await createBank();
    await bank.value(returning(bank, undefined));
    expect(await bank.value(returning(bank, undefined))).not.toHaveProperty('value');
  });

  test.each([[new Date(0)], [{ at: 1n }], [() => 1]])('is refused when that is %s', async (request) => {
    const bank = await createBank();
    expect(await bank.failure(deposit(bank, ['savings'], request))).toMatchObject({ code: 'TRANSACTION_OPTIONS' });
  });

  test('may return more where the manager is told so, but not with a register', async () => {
    const bank = await createBank({ limits: { resultBytes: 9_000 } });
    const value = 'x'.repeat(8_000);
    await bank.value(returning(bank, value));
    expect(await bank.value(returning(bank, value))).toMatchObject({ isRepeated: true, value });
    expect(() => limitsOf({ resultBytes: 4_097 }, inRegister('decisions'))).toThrow(/at most 4096 with a register/);
  });

  test('is refused without a key', async () => {
    const bank = await createBank();
    const act = async (): Promise<void> => undefined;
    expect(await bank.failure(bank.manager.transact(act, { request: 1 }))).toMatchObject({
      code: 'TRANSACTION_OPTIONS',
    });
  });

  test('is taken for a repetition of one that committed under its key without a request', async () => {
    const bank = await createBank();
    const first = await bank.value(deposit(bank, ['savings'], undefined));
    const again = await bank.value(deposit(bank, ['savings'], 'something'));
    expect(again).toEqual({ outcome: 'committed', transaction: first.transaction, isRepeated: true });
  });

  test('keeps its key free when it aborts, also for another request', async () => {
    const bank = await createBank();
    const no = () => Promise.reject(new Error('no'));
    await bank.failure(bank.manager.transact(no, { ...key, request: 'a' }));
    expect(await bank.value(deposit(bank, ['savings'], 'b'))).toMatchObject({ isRepeated: false });
  });
});

test('results take no more than they may: the oldest are forgotten with their keys, which is counted', async () => {
  const bank = await createBank({ limits: { keptResultBytes: 800 } });
  for (let each = 0; each < 40; each += 1) await bank.value(deposit(bank, ['savings'], each, `k${each}`));
  const { keptKeys, forgottenEarly } = bank.manager.status();
  expect(keptKeys + forgottenEarly).toBe(40);
  expect(keptKeys).toBeGreaterThan(5);
  expect(keptKeys).toBeLessThan(20);
  expect(await bank.value(deposit(bank, ['savings'], 39, 'k39'))).toMatchObject({ isRepeated: true });
  // The store itself remembers for longer which keys have committed there.
  expect(await bank.failure(deposit(bank, ['savings'], 0, 'k0'))).toMatchObject({ code: 'TRANSACTION_ABORTED' });
});
