/**
 * The coordinating process crashes at every moment of a transfer: after each callback of virtual time, one run each, until
 * the transfer is over. Whether this reached every state of the coordinator's chart is asked of the chart itself.
 */

import { describe, expect, test } from 'vitest';
import type { AnyStateNode } from 'xstate';
import { coordinator, participant } from '../../../statecharts/two-phase-commit.ts';
import { type Bank, balance, createBank, endow, type ManagerChoices } from './bank.ts';

/** The leaves of a chart below a state, as paths. */
const leavesBelow = (node: AnyStateNode): string[] => {
  const children = Object.values<AnyStateNode>(node.states);
  return children.length === 0 ? [node.path.join('.')] : children.flatMap(leavesBelow);
};

const pathsOf = (value: unknown, prefix = ''): string[] => {
  if (typeof value === 'string') return [prefix + value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, below]) => pathsOf(below, `${prefix}${name}.`));
};

interface Shape {
  readonly name: string;
  readonly choices: ManagerChoices;
  /** What the transaction does; the sum of both balances stays what it was, except where it says otherwise. */
  run(bank: Bank): Promise<{ readonly transaction: string }>;
  /** Whether it took effect. */
  hasHappened(bank: Bank): boolean;
  readonly gain: number;
  /** Without an idempotency key: then it is not repeated. */
  readonly isKeyless?: boolean;
}

const key = 'the only one';
const move = (bank: Bank) =>
  bank.manager.transact(
    async ({ checking, savings }) => {
      await checking.put('balance', balance(await checking.get('balance')) - 10);
      await savings.put('balance', balance(await savings.get('balance')) + 10);
    },
    { idempotencyKey: key },
  );
const isMoved = (bank: Bank) => bank.balances().savings === 110;

const shapes: readonly Shape[] = [
  { name: 'in two phases', choices: {}, run: move, hasHappened: isMoved, gain: 0 },
  { name: 'with a last resource', choices: { last: 'savings' }, run: move, hasHappened: isMoved, gain: 0 },
  {
    name: 'in one phase',
    choices: {},
    run: (bank) =>
      bank.manager.transact(async ({ savings }) => savings.put('balance', balance(await savings.get('balance')) + 10), {
        idempotencyKey: key,
      }),
    hasHappened: isMoved,
    gain: 10,
  },
  {
    name: 'in one phase without a key',
    choices: {},
    run: (bank) =>
      bank.manager.transact(async ({ savings }) => savings.put('balance', balance(await savings.get('balance')) + 10)),
    hasHappened: isMoved,
    gain: 10,
    isKeyless: true,
  },
  {
    name: 'with a resource that was only read',
    choices: {},
    run: (bank) =>
      bank.manager.transact(
        async ({ checking, savings }) => {
          const amount = balance(await checking.get('balance'));
          await savings.put('balance', amount + 10);
        },
        { idempotencyKey: key },
      ),
    hasHappened: isMoved,
    gain: 10,
  },
];

interface Run {
  /** Whether the transfer, or the recovery after the first crash, was over before the last crash came. */
  readonly isOver: boolean;
  /** Where all actors stood when the first crash came. */
  readonly stood: string;
}

const lookAround = (bank: Bank, visited: Set<string>): string => {
  const paths = bank.life.node.actors().flatMap((address) => {
    const seen = bank.life.node.peek(address);
    return pathsOf(seen?.state.snapshot.value).map((path) => `${seen?.definition.name}: ${path}`);
  });
  for (const path of paths) visited.add(path);
  return paths.join(', ');
};

/** Crashes after so many callbacks of the transfer, and again after so many of the recovery, if that is asked for. */
async function crashAfter(steps: number, shape: Shape, visited: Set<string>, recoverySteps?: number): Promise<Run> {
  const bank = await createBank(shape.choices);
  await endow(bank);
  let answer: string | undefined;
  let transaction: string | undefined;
  const earlier = new Set(bank.life.node.actors());
  bank.life.node.inspection.subscribe((event) => {
    if (event.type !== 'step' || earlier.has(event.actor)) return;
    const [, name, id] = event.actor.split('/');
    if (name === coordinator.name) transaction = id;
  });
  shape.run(bank).then(
    (committed) => {
      answer = `committed ${committed.transaction}`;
    },
    () => {
      answer = 'aborted';
    },
  );
  let isOver = false;
  for (let step = 0; step < steps && !isOver; step += 1) {
    await bank.step();
    isOver = answer !== undefined && bank.manager.list().length === 0 && bank.life.node.actors().length === 0;
  }
  const stood = lookAround(bank, visited);
  const answered = answer;
  bank.crash();
  bank.boot();
  if (recoverySteps !== undefined) {
    isOver = false;
    for (let step = 0; step < recoverySteps && !isOver; step += 1) {
      await bank.step();
      const { manager } = bank.life;
      isOver = manager !== undefined && manager.list().length === 0 && bank.life.node.actors().length === 0;
    }
    lookAround(bank, visited);
    bank.crash();
    bank.boot();
  }
  await bank.ready();
  // Everything that was in doubt is resolved soon after the restart, and nothing keeps a lock.
  const restartedMs = bank.time.nowMs();
  await bank.until(() => bank.manager.list().length === 0, 1_000);
  expect(bank.time.nowMs() - restartedMs).toBeLessThan(1_000);
  for (const store of [bank.life.stores.checking, bank.life.stores.savings]) {
    expect(await bank.value(store.prepared('n1', { timeoutMs: 1_000 }))).toEqual([]);
  }
  const { checking, savings } = bank.balances();
  const hasHappened = shape.hasHappened(bank);
  expect(checking + savings).toBe(200 + (hasHappened ? shape.gain : 0));
  if (answered !== undefined) expect(answered.startsWith('committed')).toBe(hasHappened);
  if (transaction !== undefined) {
    const { outcome } = await bank.value(bank.manager.outcome(transaction));
    expect(outcome).toBe(hasHappened ? 'committed' : 'aborted');
  }
  if (shape.isKeyless === true) return { isOver, stood };
  // Whoever did not hear the answer asks again under the same key, and it happens once in all.
  const again = await bank.value(shape.run(bank));
  await bank.until(() => bank.manager.list().length === 0);
  expect(again).toMatchObject({ outcome: 'committed', isRepeated: hasHappened });
  expect(shape.hasHappened(bank)).toBe(true);
  const after = bank.balances();
  expect(after.checking + after.savings).toBe(200 + shape.gain);
  return { isOver, stood };
}

/** Waits for a decision register, or for acceptors, which these transactions do not have. */
const ofOthers =
  /undecided\.(registering|claiming|ruling|informed|fenced|polling|leading)|decided\.ending|presuming\.reading/;

/**
 * What charts leave in the step in which they enter it, what is left in the same turn, because whoever is born of a message
 * hears it at once, and waits for resources that do not answer for certain, or for a
 * coordinator that does not answer at all: here it lives on the same node.
 */
const passedThrough = {
  coordinator: [
    'undecided.born',
    'undecided.deciding',
    'undecided.givingUp',
    'decided.aborting.telling',
    'presuming.listening',
    'finished',
  ].map((path) => `2pc.coordinator: ${path}`),
  participant: [
    'born',
    'summoned',
    'inDoubt.cooperating',
    'finishing.committing.waiting',
    'finishing.rollingBack.waiting',
    'deciding.settling.waiting',
    'gone',
  ].map((path) => `2pc.participant: ${path}`),
};

const visited = new Set<string>();
/** For each shape, the first number of steps after which the actors stood as they had not stood before. */
const standings = new Map<string, readonly number[]>();

describe('a crash of the coordinating process at any moment of a transaction', () => {
  test.each(shapes)('$name leaves it done or undone everywhere, and says which', async (shape) => {
    const firsts = new Map<string, number>();
    for (let steps = 0; ; steps += 1) {
      const { isOver, stood } = await crashAfter(steps, shape, visited);
      if (!firsts.has(stood)) firsts.set(stood, steps);
      if (isOver) break;
    }
    standings.set(shape.name, [...firsts.values()]);
    expect(firsts.size).toBeGreaterThan(5);
  });

  test.each(shapes)('$name, and again at any moment of recovery, does so too', async (shape) => {
    for (const steps of standings.get(shape.name) ?? []) {
      for (let recoverySteps = 0; ; recoverySteps += 1) {
        const { isOver } = await crashAfter(steps, shape, visited, recoverySteps);
        if (isOver) break;
      }
    }
  });

  test('was tried in every state in which charts that decide in the journal wait for something', () => {
    const all = [coordinator, participant].flatMap((actor) =>
      leavesBelow(actor.chart.root).map((path) => `${actor.name}: ${path}`),
    );
    expect(all.filter((path) => !visited.has(path) && !path.match(ofOthers))).toEqual([
      ...passedThrough.coordinator,
      ...passedThrough.participant,
    ]);
  });
});
