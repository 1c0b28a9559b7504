import { describe, expect, test } from 'vitest';
import {
  type ConsistencyName,
  casRegister,
  consistencyNames,
  HistoryOptionError,
  judgeConsistency,
  keyValue,
  queue,
  readHistory,
  register,
  renderConsistency,
  renderStrongest,
  strongestConsistency,
} from '../../../src/history.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { readsAndWrites, simulate, toHistory, withWrongRead } from '../support/workload.ts';

const clock = createVirtualClock();
const model = register();

type Written = readonly [process: number, key: string, f: 'w' | 'r', value: unknown, outcome?: '?'];

/** Operations one after the other: process, key, `w` or `r`, value. An outcome of `?` is not known. */
function inTurn(...operations: readonly Written[]) {
  const lines = operations.flatMap(([process, key, f, value, outcome]) => [
    { process, type: 'invoke', f: f === 'w' ? 'write' : 'read', key, ...(f === 'w' && { value }) },
    { process, type: outcome === '?' ? 'info' : 'ok', ...(f === 'r' && outcome !== '?' && { value }) },
  ]);
  return readHistory(
    lines.map((line) => JSON.stringify(line)),
    model,
  );
}

const judge = (history: ReturnType<typeof inTurn>, name: ConsistencyName) =>
  judgeConsistency(history, model, name, { clock });

/** Examples of the papers, and the strongest models that each satisfies. */
const examples: [what: string, ReturnType<typeof inTurn>, strongest: ConsistencyName[]][] = [
  ['a read of what was written last', inTurn([1, 'x', 'w', 1], [2, 'x', 'r', 1]), ['linearizable']],
  ['a stale read', inTurn([1, 'x', 'w', 1], [2, 'x', 'r', null]), ['sequential']],
  [
    'two processes that both miss the write of the other',
    inTurn([1, 'x', 'w', 1], [2, 'y', 'w', 1], [1, 'y', 'r', null], [2, 'x', 'r', null]),
    ['causal'],
  ],
  [
    'an effect without its cause',
    inTurn([1, 'x', 'w', 1], [2, 'x', 'r', 1], [2, 'y', 'w', 2], [3, 'y', 'r', 2], [3, 'x', 'r', null]),
    ['pram'],
  ],
  [
    'writes of one process in the wrong order',
    inTurn([1, 'x', 'w', 1], [1, 'y', 'w', 2], [2, 'y', 'r', 2], [2, 'x', 'r', null]),
    ['writes-follow-reads', 'read-your-writes'],
  ],
  [
    'an own write that is missed',
    inTurn([1, 'x', 'w', 1], [1, 'x', 'r', null], [2, 'x', 'r', 1]),
    ['writes-follow-reads', 'monotonic-writes'],
  ],
  ['a read that goes back', inTurn([1, 'x', 'w', 1], [2, 'x', 'r', 1], [2, 'x', 'r', null]), ['read-your-writes']],
];

describe('consistency models', () => {
  test.each(examples)('say of %s which are the strongest it satisfies', (_what, history, expected) => {
    const { strongest } = strongestConsistency(history, model, { clock });
    expect(strongest.filter((name) => name !== 'eventual' || expected.includes(name))).toEqual(expected);
  });

  test('an exchange of unknown outcome whose value was read has read too, and what it read was its cause', () => {
    const cas = casRegister();
    const historyWith = (answer: object) =>
      readHistory(
        [
          { process: 1, type: 'invoke', f: 'write', key: 'y', value: 5 },
          { process: 1, type: 'ok' },
          { process: 1, type: 'invoke', f: 'write', key: 'x', value: 1 },
          { process: 1, type: 'ok' },
          { process: 2, type: 'invoke', f: 'cas', key: 'x', value: [1, 2] },
          { process: 2, ...answer },
          { process: 3, type: 'invoke', f: 'read', key: 'x' },
          { process: 3, type: 'ok', value: 2 },
          { process: 3, type: 'invoke', f: 'read', key: 'y' },
          { process: 3, type: 'ok', value: null },
        ].map((line) => JSON.stringify(line)),
        cas,
      );
    for (const answer of [{ type: 'ok' }, { type: 'info' }]) {
      const verdictOf = (name: ConsistencyName) => judgeConsistency(historyWith(answer), cas, name, { clock }).verdict;
      expect([verdictOf('causal'), verdictOf('pram')]).toEqual(['violation', 'satisfied']);
    }
  });

  test('a write of unknown outcome may take effect after what its process did next', () => {
    const history = inTurn([1, 'x', 'w', 1, '?'], [1, 'x', 'r', null], [2, 'x', 'r', null], [2, 'x', 'r', 1]);
    expect(strongestConsistency(history, model, { clock }).violated).toEqual([]);
  });

  test('a value that nobody wrote satisfies none', () => {
    const { satisfied } = strongestConsistency(inTurn([1, 'x', 'w', 1], [1, 'x', 'r', 7]), model, { clock });
    expect(satisfied).toEqual([]);
  });

  test('the shortest part of a long history is found', () => {
    const events = simulate(model, { seed: 4, operations: 300, processes: 4, keys: 2, call: readsAndWrites });
    const { verdict, part } = judge(toHistory(withWrongRead(events, 4), model), 'causal');
    expect(verdict).toBe('violation');
    expect(part?.operations.length).toBeLessThan(8);
  });
});

describe('eventual consistency', () => {
  const agree = inTurn([1, 'x', 'w', 1], [2, 'x', 'w', 2], [1, 'x', 'r', 1], [2, 'x', 'r', 1]);
  test('is satisfied when the last reads agree on a value that was written', () => {
    expect(judge(agree, 'eventual').verdict).toBe('satisfied');
  });

  test('is violated when they differ, and by the initial value', () => {
    const differ = inTurn([1, 'x', 'w', 1], [2, 'x', 'w', 2], [1, 'x', 'r', 1], [2, 'x', 'r', 2]);
    expect(judge(differ, 'eventual')).toMatchObject({ verdict: 'violation', process: 2 });
    expect(judge(differ, 'eventual').part?.operations).toHaveLength(4);
    expect(judge(inTurn([1, 'x', 'w', 1], [1, 'x', 'r', null]), 'eventual').verdict).toBe('violation');
  });

  test('lets a read go back and forth before the last one', () => {
    const history = inTurn([1, 'x', 'w', 1], [2, 'x', 'r', 1], [2, 'x', 'r', null], [2, 'x', 'r', 1]);
    expect(judge(history, 'eventual').verdict).toBe('satisfied');
  });

  test('lets a write of unknown outcome come late', () => {
    const late = inTurn([1, 'x', 'w', 1], [2, 'x', 'w', 2, '?'], [1, 'x', 'r', 1], [3, 'x', 'r', 2]);
    expect(judge(late, 'eventual').verdict).toBe('satisfied');
  });

  test('is undecided where nothing was read after the last write', () => {
    const history = inTurn([1, 'x', 'r', null], [1, 'x', 'w', 1]);
    expect(judge(history, 'eventual')).toMatchObject({ verdict: 'undecided', reason: 'never-quiet' });
  });
});

describe('what cannot be judged', () => {
  test.each(consistencyNames)('a history without answers is undecided by %s', (name) => {
    for (const history of [inTurn(), inTurn([1, 'x', 'w', 1, '?'])]) {
      expect(judge(history, name)).toMatchObject({ verdict: 'undecided', reason: 'nothing-answered' });
    }
  });

  test('a search that reaches a limit is undecided, at the same place each time', () => {
    const events = simulate(model, { seed: 2, operations: 200, processes: 8, keys: 2, call: readsAndWrites });
    const history = toHistory(withWrongRead(events, 2), model);
    for (const name of consistencyNames.filter((it) => it !== 'eventual')) {
      const run = () => judgeConsistency(history, model, name, { clock, stepLimit: 5 });
      expect(run(), name).toMatchObject({ verdict: 'undecided', reason: 'steps' });
      expect(run()).toEqual(run());
    }
    const options = { clock, memoryLimitBytes: 100 };
    expect(judgeConsistency(history, model, 'sequential', options)).toMatchObject({ reason: 'memory' });
  });

  test('reads of values that recur in too many ways are undecided', () => {
    const twice = Array.from({ length: 10 }, (_, index) => `k${index}`).flatMap((key): Written[] => [
      [1, key, 'w', 1],
      [2, key, 'w', 1],
      [3, key, 'r', 1],
    ]);
    const stale: Written[] = [
      [3, 'z', 'w', 1],
      [3, 'z', 'r', null],
    ];
    expect(judge(inTurn(...twice, ...stale), 'causal')).toMatchObject({ reason: 'ambiguous' });
  });

  test('what is no memory is refused by name, or judged without a part', () => {
    const lines = ['{"process":1,"type":"invoke","f":"dequeue"}', '{"process":1,"type":"ok","value":3}'];
    const history = readHistory(lines, queue());
    expect(judgeConsistency(history, queue(), 'sequential', { clock })).toMatchObject({ verdict: 'violation' });
    expect(() => judgeConsistency(history, queue(), 'causal', { clock })).toThrow(HistoryOptionError);
    const appended = ['{"process":1,"type":"invoke","f":"append","key":"x","value":"a"}', '{"process":1,"type":"ok"}'];
    const ofStore = readHistory([...appended, ...appended], keyValue());
    expect(judgeConsistency(ofStore, keyValue(), 'sequential', { clock }).verdict).toBe('satisfied');
    const { undecided } = strongestConsistency(ofStore, keyValue(), { clock });
    expect(undecided).toEqual(['eventual']);
    expect(() => judgeConsistency(history, queue(), 'sequential', { clock, budgetMs: 0 })).toThrow(/budgetMs/);
  });
});

test('a verdict in words names the model, its source and the part', () => {
  const history = examples[3]?.[1] ?? inTurn();
  const text = renderConsistency(judge(history, 'causal'));
  expect(text).toMatch(/^Violation: the history is not causally consistent, as process 3 saw it\.\ncausal: .*Ahamad/);
  expect(text).toContain('The shortest part that is a violation by itself:');
  expect(text).toMatch(/process 3 +read → null/);
  expect(renderConsistency(judge(history, 'pram'))).toMatch(/^Satisfied: the history is PRAM consistent/);
  expect(renderConsistency(judge(inTurn(), 'pram'))).toMatch(/^Undecided: no operation was answered/);
  expect(renderStrongest(strongestConsistency(history, model, { clock }))).toMatch(
    /^Strongest: pram.*\n {2}linearizable +violation/,
  );
});
