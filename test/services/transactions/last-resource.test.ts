/**
 * A last resource, through crashes at every moment and through changes of which resource that is: its commit is the
 * decision, and branches that are found prepared are ended as it says.
 */

import { describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { openEmbeddedStore } from '../../../src/resources/embedded/store.ts';
import {
  lastResourceIn,
  maxLastResources,
  withLife,
  withoutSettled,
} from '../../../src/services/transactions/last-resources.ts';
import { createTransactionManager, transactionDefinitions } from '../../../src/services/transactions.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { coordinator } from '../../../statecharts/two-phase-commit.ts';
import { type Bank, balance, createBank, endow, type ManagerChoices, pump, type Stores, transfer } from './bank.ts';

const names = ['checking', 'savings', 'ledger'] as const;

/** Moves money and takes note of it: three branches. */
const book = (bank: Bank) =>
  bank.manager.transact(async ({ checking, savings, ledger }) => {
    await checking.put('balance', balance(await checking.get('balance')) - 10);
    await savings.put('balance', balance(await savings.get('balance')) + 10);
    await ledger.put('booked', true);
  });
const isBooked = (bank: Bank) => bank.life.stores.ledger.peek('booked') === true;
const isMoved = (bank: Bank) => bank.balances().savings === 110;

interface Shape {
  readonly name: string;
  readonly choices: ManagerChoices;
  run(bank: Bank): Promise<unknown>;
  /** Whether it took effect at each of its stores. */
  effects(bank: Bank): readonly boolean[];
}
const shapes: readonly Shape[] = [
  {
    name: 'a last resource and two others',
    choices: { last: 'savings' },
    run: book,
    effects: (bank) => [isMoved(bank), bank.balances().checking === 90, isBooked(bank)],
  },
  {
    name: 'a last resource that takes no part',
    choices: { last: 'ledger' },
    run: (bank) => transfer(bank, 10),
    effects: (bank) => [isMoved(bank), bank.balances().checking === 90],
  },
  {
    name: 'a last resource alone',
    choices: { last: 'savings' },
    run: (bank) => bank.manager.transact(({ savings }) => savings.put('balance', 110)),
    effects: (bank) => [isMoved(bank)],
  },
];

interface Crashed {
  readonly isOver: boolean;
  readonly transaction: string | undefined;
  readonly answer: string | undefined;
}

/** Runs the transaction for so many callbacks, and ends the life of its manager. */
async function crashAfter(bank: Bank, steps: number, { run }: Shape): Promise<Crashed> {
  let transaction: string | undefined;
  let answer: string | undefined;
  const earlier = new Set(bank.life.node.actors());
  bank.life.node.inspection.subscribe((event) => {
    const [, name, id] = event.type === 'step' && !earlier.has(event.actor) ? event.actor.split('/') : [];
    if (name === coordinator.name) transaction = id;
  });
  run(bank).then(
    () => {
      answer = 'committed';
    },
    () => {
      answer = 'failed';
    },
  );
  let isOver = false;
  for (let step = 0; step < steps && !isOver; step += 1) {
    await bank.step();
    isOver = answer !== undefined && bank.manager.list().length === 0 && bank.life.node.actors().length === 0;
  }
  bank.crash();
  return { isOver, transaction, answer };
}

async function expectAtomic(bank: Bank, { effects }: Shape, { transaction, answer }: Crashed): Promise<void> {
  await bank.until(() => bank.manager.list().length === 0, 2_000);
  for (const name of names) {
    expect(await bank.value(bank.life.stores[name].prepared('n1', { timeoutMs: 1_000 }))).toEqual([]);
  }
  const happened = new Set(effects(bank));
  expect(happened.size).toBe(1);
  if (answer === 'committed') expect([...happened]).toEqual([true]);
  if (transaction === undefined) return;
  const { outcome } = await bank.value(bank.manager.outcome(transaction));
  expect(outcome).toBe(happened.has(true) ? 'committed' : 'aborted');
}

describe('after a crash at any moment of a transaction with a last resource', () => {
  const changes: readonly (readonly [string, ManagerChoices | undefined])[] = [
    ['the same', undefined],
    ['another one', { last: 'checking' }],
    ['none', {}],
  ];
  const cases = shapes.flatMap((shape) => changes.map(([change, choices]) => ({ shape, change, choices })));

  test.each(cases)(
    '$shape.name: the next life, whose last resource is $change, ends it as it was decided',
    {},
    async ({ shape, choices }) => {
      for (let steps = 0; ; steps += 1) {
        const bank = await createBank(shape.choices);
        await endow(bank);
        const crashed = await crashAfter(bank, steps, shape);
        // And once more in the middle of recovery, because what the first life was is to be known to the third one, too.
        bank.boot(choices);
        for (let step = 0; step < steps % 7; step += 1) await bank.step();
        bank.crash();
        bank.boot(choices);
        await bank.ready();
        await expectAtomic(bank, shape, crashed);
        if (crashed.isOver) break;
      }
    },
  );

  test.each(shapes.slice(0, 2))(
    '$name: the decision is kept for a store that is out of reach for longer than outcomes are',
    {},
    async (shape) => {
      const times = { retentionMs: 20_000 };
      for (let steps = 0; ; steps += 1) {
        const bank = await createBank({ ...shape.choices, times });
        await endow(bank);
        const crashed = await crashAfter(bank, steps, shape);
        bank.outages.add('checking');
        bank.boot();
        await bank.ready();
        const untilMs = bank.time.nowMs() + 4 * times.retentionMs;
        await bank.until(() => bank.time.nowMs() > untilMs, 5 * times.retentionMs);
        bank.outages.clear();
        await bank.until(() => bank.manager.status().resources.every(({ state }) => state === 'ready'), 30_000);
        await bank.until(() => bank.manager.list().length === 0, 2_000);
        expect(new Set(shape.effects(bank)).size).toBe(1);
        if (crashed.answer === 'committed') expect(shape.effects(bank)[0]).toBe(true);
        if (crashed.isOver) break;
      }
    },
  );
});

test('what the manager remembers as committed is carried out although the last resource is out of reach', async () => {
  const bank = await createBank({ last: 'savings' });
  await endow(bank);
  const { node } = bank.life;
  const isDelegating = () =>
    node.actors().some((actor) => node.peek(actor)?.state.snapshot.matches({ undecided: 'delegating' }) === true);
  const booking = bank.settled(book(bank));
  await bank.until(isDelegating);
  bank.outages.add('checking');
  expect(await booking).toMatchObject({ value: { outcome: 'committed' } });
  const untilMs = bank.time.nowMs() + 50;
  await bank.until(() => bank.time.nowMs() > untilMs);
  bank.crash();

  bank.outages.clear();
  bank.outages.add('savings');
  bank.boot();
  expect(bank.balances()).toEqual({ checking: 100, savings: 110 });
  await bank.ready();
  await bank.until(() => bank.balances().checking === 90, 2_000);
});

/** A crash after the commit at the last resource, before the manager has written anything down. */
async function crashWhenDecided(): Promise<Bank & { readonly transaction: string }> {
  for (let steps = 0; steps < 1_000; steps += 1) {
    const bank = await createBank({ last: 'savings' });
    await endow(bank);
    const [shape] = shapes;
    if (shape === undefined) throw new Error('no shape');
    const { transaction = '', isOver } = await crashAfter(bank, steps, shape);
    if (isOver) break;
    // What is in the journal now is all that another life has.
    const journal = bank.storage.open();
    const outcomes = journal.actors().filter((address) => address.includes('/txn.outcomes/'));
    const isRecorded = outcomes
      .flatMap((address) => journal.take(address))
      .some(({ record }) => 'transaction' in record && record.transaction === transaction);
    const savings = openEmbeddedStore({ journal, clock: bank.time, name: 'savings' });
    bank.storage.crash();
    if (!isRecorded && savings.peek('balance') === 110) return Object.assign(bank, { transaction });
  }
  throw new Error('there is no such moment');
}

describe('a last resource that is no more', () => {
  test('is missed, and nothing is guessed without it, until it is given back', async () => {
    const bank = await crashWhenDecided();
    const { transaction } = bank;
    const clock = bank.time;
    const journal = bank.storage.open();
    const checking = openEmbeddedStore({ journal, clock, name: 'checking' });
    const ledger = openEmbeddedStore({ journal, clock, name: 'ledger' });
    const poor = createNode({
      id: 'n1',
      bus: createMemoryNetwork({ clock }).join('n1'),
      journal,
      environment: { clock, randomness: seededRandomness(9), ids: seededIds(seededRandomness(9).stream('ids')) },
      resources: { checking, ledger },
      definitions: transactionDefinitions,
    });
    const made = createTransactionManager({
      node: poor,
      environment: { clock, randomness: seededRandomness(9), ids: seededIds(seededRandomness(9).stream('ids')) },
    });
    const manager = await bank.value(made);
    const reports = manager.status().resources;
    expect(reports.map(({ state, prepared }) => [state, prepared])).toEqual([
      ['unready', 1],
      ['unready', 1],
    ]);
    expect(reports[0]?.problem).toMatch(/was decided by 'savings', which this node does not have/);
    expect(await bank.value(manager.outcome(transaction))).toMatchObject({ outcome: 'in-doubt' });
    manager.close();
    await bank.value(poor.stop());
    bank.storage.crash();

    bank.boot({});
    await bank.ready();
    await bank.until(() => isBooked(bank) && bank.balances().checking === 90, 2_000);
    expect(await bank.value(bank.manager.outcome(transaction))).toMatchObject({ outcome: 'committed' });
  });
});

describe('the way to the answer', () => {
  test('has no journal write on it: only the databases are waited for', async () => {
    const clock = createVirtualClock();
    const storageOf = (node: string) =>
      createMemoryStorage({ node, clock, ids: seededIds(seededRandomness(1).stream(node)), flushDelayMs: 1 });
    const elsewhere = storageOf('databases').open();
    const storage = storageOf('n1');
    const randomness = seededRandomness(2);
    const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
    const node = createNode({
      id: 'n1',
      bus: createMemoryNetwork({ clock }).join('n1'),
      journal: storage.open(),
      environment,
      resources: {
        checking: openEmbeddedStore({ journal: elsewhere, clock, name: 'checking' }),
        savings: openEmbeddedStore({ journal: elsewhere, clock, name: 'savings' }),
      },
      definitions: transactionDefinitions,
    });
    const run = async (condition: () => boolean): Promise<void> => {
      await pump();
      for (let step = 0; step < 10_000 && !condition(); step += 1) {
        clock.runNext();
        await pump();
      }
      expect(condition()).toBe(true);
    };
    const making = createTransactionManager({ node, environment, last: 'savings' });
    let isMade = false;
    making.then(() => {
      isMade = true;
    });
    await run(() => isMade);
    const manager = await making;
    storage.stall();
    let outcome: string | undefined;
    manager
      .transact(async ({ checking, savings }) => {
        await checking.put('balance', 1);
        await savings.put('balance', 2);
      })
      .then((committed) => {
        outcome = committed.outcome;
      });
    await run(() => outcome !== undefined);
    expect(outcome).toBe('committed');
    // Also the second phase is carried out without the journal.
    await run(() => node.resources.checking.peek('balance') === 1);
  });
});

describe('which resource was the last one', () => {
  const life = (incarnation: number, last: keyof Stores | undefined, resources: readonly string[] = names) => ({
    incarnation,
    last,
    resources,
  });
  const known = [
    life(1, 'savings', ['savings', 'checking']),
    life(2, 'savings', ['savings', 'ledger']),
    life(3, undefined),
    life(4, 'savings'),
    life(5, 'checking'),
  ].reduce(withLife, []);

  test('is known of every life, and lives with the same one take up the room of one', () => {
    expect([1, 2, 4, 5, 6].map((incarnation) => lastResourceIn(known, incarnation))).toEqual([
      'savings',
      'savings',
      'savings',
      'checking',
      undefined,
    ]);
    expect(known).toEqual([
      { from: 1, to: 4, last: 'savings', resources: ['savings', 'checking', 'ledger'] },
      { from: 5, to: 5, last: 'checking', resources: names },
    ]);
  });

  test('is given up when nothing is prepared any more at any resource of its lives', () => {
    expect(withoutSettled(known, life(5, 'checking'), (name) => name !== 'ledger')).toEqual(known);
    expect(withoutSettled(known, life(5, 'checking'), () => true)).toEqual(known.slice(1));
    const again = withLife(known, life(6, 'checking', ['checking', 'savings']));
    expect(withoutSettled(again, life(6, 'checking', ['checking', 'savings']), () => true)).toEqual([
      { from: 6, to: 6, last: 'checking', resources: ['checking', 'savings'] },
    ]);
  });

  test('is remembered of so many changes and no more', () => {
    const many = Array.from({ length: maxLastResources + 1 }, (_, index) => life(index + 1, names[index % 2]));
    const kept = many.reduce(withLife, []);
    expect([kept.length, lastResourceIn(kept, 1), lastResourceIn(kept, 2)]).toEqual([
      maxLastResources,
      undefined,
      'savings',
    ]);
  });
});
