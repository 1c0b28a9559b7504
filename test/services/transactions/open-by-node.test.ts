import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { seededRandomness } from '../../../src/environment/random.ts';
import { ViewedMap } from '../../../src/services/store/viewed-map.ts';
import { createDecisionRegisterMachine } from '../../../src/services/transactions/register/machine.ts';
import { encodeRegisterCommand, type RegisterCommand } from '../../../src/services/transactions/register/messages.ts';
import { OpenByNode } from '../../../src/services/transactions/register/open-by-node.ts';
import { addressOf } from '../../../statecharts/actor.ts';
import { partsOf, restore } from '../store/parts.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const nodes = ['n1', 'n2'];
const step = fc.record({
  isAdded: fc.boolean(),
  node: fc.constantFrom(...nodes),
  number: fc.nat({ max: 3_000 }),
});

test('each node has its transactions in their order, whichever came and went', () => {
  const random = seededRandomness(1).stream('numbers');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 700 }), (steps, pageSize) => {
      const open = new OpenByNode();
      const model = new Map(nodes.map((node) => [node, new Set<string>()]));
      // Enough of them that there are several runs.
      const many = Array.from({ length: 1_500 }, () => ({
        isAdded: true,
        node: 'n1',
        number: Math.floor(random.next() * 3_000),
      }));
      for (const { isAdded, node, number } of [...many, ...steps]) {
        const transaction = `t${number}`;
        if (isAdded) {
          open.add(node, transaction);
          model.get(node)?.add(transaction);
        } else {
          open.remove(node, transaction);
          model.get(node)?.delete(transaction);
        }
      }
      for (const [node, transactions] of model) {
        const read: string[] = [];
        for (let page = open.after(node, '', pageSize); page.length > 0; ) {
          expect(page.length).toBeLessThanOrEqual(pageSize);
          read.push(...page);
          page = open.after(node, page.at(-1) ?? '', pageSize);
        }
        expect(read).toEqual([...transactions].sort());
      }
    }),
    { numRuns: 50 },
  );
});

test('a page of open transactions is read without a look at all others, also after a restoration', () => {
  const machine = createDecisionRegisterMachine();
  const owner = (node: string) => addressOf(node, '2pc.coordinator', 'x');
  const named = (number: number): string => `t${String(number).padStart(5, '0')}`;
  let index = 0;
  const apply = (command: RegisterCommand): void => {
    index += 1;
    machine.apply(encodeRegisterCommand(command), { index, revision: index, timeMs: 0 });
  };
  const count = 5_000;
  for (let number = 0; number < count; number += 1) {
    const [transaction, node] = [named(number), number % 2 === 0 ? 'n1' : 'n2'];
    apply({
      type: 'register-transaction',
      transaction,
      epoch: 1,
      owner: owner(node),
      branches: [],
      idempotencyKey: null,
    });
  }
  // One is ended and one is taken over.
  apply({ type: 'decide-transaction', transaction: named(0), epoch: 1, outcome: 'aborted', branches: [] });
  apply({ type: 'end-transaction', transaction: named(0), epoch: 1 });
  apply({ type: 'claim-transaction', transaction: named(1), epoch: 2, owner: owner('n1') });
  const copy = createDecisionRegisterMachine();
  restore(copy, partsOf(machine, 2 ** 16));
  const looks = vi.spyOn(ViewedMap.prototype, 'get');
  for (const it of [machine, copy]) {
    looks.mockClear();
    const page = it.query?.({ type: 'open-of', node: 'n1', after: '' });
    expect(looks.mock.calls.length).toBeLessThanOrEqual(500);
    const expected = [named(1), ...Array.from({ length: 499 }, (_, place) => named(2 * (place + 1)))];
    expect(page).toMatchObject(expected.map((transaction) => ({ transaction, isEnded: false })));
    expect(page).toHaveLength(500);
  }
});
