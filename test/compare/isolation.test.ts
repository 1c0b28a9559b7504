import { describe, expect, test } from 'vitest';
import { compare } from '../../src/compare/compare.ts';
import { isolationFigures } from '../../src/compare/isolation/figures.ts';
import { historyOf, type NotedStatements } from '../../src/compare/isolation/notes.ts';
import { methodNamed } from '../../src/compare/methods.ts';
import { htmlReport } from '../../src/compare/report/html.ts';
import { textReport } from '../../src/compare/report/text.ts';

type Answer = readonly [f: 'read' | 'write', account: string, balance: number];

const noted = (id: string, status: NotedStatements['status'], ...answers: readonly Answer[]): NotedStatements => ({
  id,
  client: 1,
  beginMs: 0,
  endMs: 9,
  status,
  answered: answers.map(([f, account, balance]) => ({ step: { f, account, amount: 1 }, balance })),
});
const asked = { isolation: 'read committed', databases: 2 } as const;

describe('the history of transactions over accounts', () => {
  test('tells balances by who left them, in their order, and what none left as it is', () => {
    const { transactions } = historyOf([
      noted('late', 'ok', ['read', 'x', 5], ['write', 'x', 12]),
      noted('early', 'ok', ['read', 'x', 0], ['write', 'x', 5]),
      noted('lost', 'ok', ['read', 'x', 6]),
    ]);
    expect(transactions.map(({ operations }) => operations.map(({ value, version }) => [value, version]))).toEqual([
      [
        ['early', 0],
        ['late', 1],
      ],
      [
        [null, undefined],
        ['early', 0],
      ],
      [[6, undefined]],
    ]);
  });
});

describe('figures of isolation', () => {
  const skewed = [
    noted('w', 'ok', ['write', 'x', 5], ['write', 'y', 7]),
    noted('r', 'ok', ['read', 'x', 5], ['read', 'y', 0]),
  ];
  const whole = [noted('w', 'ok', ['write', 'x', 5]), noted('r', 'ok', ['read', 'x', 5])];
  const longer = [
    noted('w', 'ok', ['write', 'w', 1], ['write', 'x', 5], ['write', 'y', 7]),
    noted('r', 'ok', ['read', 'w', 1], ['read', 'x', 5], ['read', 'y', 0]),
  ];

  test('are of all runs: a level that one violates is not kept, and the shortest anomaly is shown', () => {
    const figures = isolationFigures(asked, [whole, longer, skewed]);
    expect(figures).toMatchObject({ ...asked, runs: 3, committed: 6, strongest: 'read-committed' });
    expect(figures.levels['snapshot-isolation']).toEqual({ satisfied: 1, violation: 2, undecided: 0 });
    expect(figures.anomaly).toBe(
      'G-single: w: write x "w", write y "w"; r: read x → "w", read y → null; w -wr x→ r -rw y→ w',
    );
    expect(isolationFigures(asked, [whole])).toMatchObject({ strongest: 'strict-serializable', anomaly: null });
  });

  test('claim nothing where nothing committed', () => {
    const aborted = [noted('w', 'aborted', ['write', 'x', 5])];
    expect(isolationFigures(asked, [whole, aborted])).toMatchObject({ strongest: null, anomaly: null, committed: 2 });
  });
});

test('atomic commit keeps of snapshots over two databases what it keeps of single reads, and all of locks', async () => {
  const methods = ['2pc-journal', 'raft'].map(methodNamed);
  const comparison = await compare({ seed: 1, runs: 1, methods, faults: [] });
  const [commit, raft] = comparison.methods;
  if (commit === undefined || 'notApplicable' in commit.isolation) throw new Error('expected transactions of 2PC');
  const found = commit.isolation.asked.map(({ isolation, databases, strongest }) => [isolation, databases, strongest]);
  expect(found).toEqual([
    ['read committed', 1, 'read-committed'],
    ['read committed', 2, 'read-committed'],
    ['repeatable read', 1, 'snapshot-isolation'],
    ['repeatable read', 2, 'read-committed'],
    ['serializable', 1, 'strict-serializable'],
    ['serializable', 2, 'strict-serializable'],
  ]);
  for (const { committed } of commit.isolation.asked) expect(committed).toBeGreaterThan(50);
  const fractured = commit.isolation.asked[3]?.anomaly ?? '';
  expect(fractured).toMatch(/^G-single: /);
  expect(textReport(comparison)).toContain(`\`${fractured}\``);
  expect(htmlReport(comparison)).toContain(fractured.replaceAll('"', '&quot;'));
  expect(raft?.isolation).toEqual({ notApplicable: expect.stringMatching(/whole transaction/) });
  expect(textReport(comparison)).toMatch(/^\| raft +\| not applicable +\|/m);
});
