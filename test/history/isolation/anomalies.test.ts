import { describe, expect, test } from 'vitest';
import {
  anomalyInBrief,
  HistoryFormatError,
  HistoryOptionError,
  isolationNames,
  judgeIsolation,
  readTransactions,
  renderIsolation,
  renderStrongestIsolation,
  strongestIsolation,
} from '../../../src/history.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';

const clock = createVirtualClock();

type Operation = readonly [f: 'r' | 'w' | 'a', key: string, value: unknown, version?: number];
interface Choices {
  readonly status?: string;
  readonly begin?: number;
  readonly end?: number;
}

const names = { r: 'read', w: 'write', a: 'append' } as const;

/** Transactions t1, t2, ... Those without times are all under way at once. */
const historyOf = (...transactions: readonly (readonly [Choices, ...Operation[]])[]) =>
  readTransactions(
    transactions.map(([{ status = 'ok', begin = 0, end = 9 }, ...operations], index) =>
      JSON.stringify({
        id: `t${index + 1}`,
        session: index,
        status,
        begin,
        end,
        operations: operations.map(([f, key, value, version]) => ({ f: names[f], key, value, version })),
      }),
    ),
  );

const lostUpdate = historyOf(
  [{}, ['r', 'x', []], ['a', 'x', 1]],
  [{}, ['r', 'x', []], ['a', 'x', 2]],
  [{}, ['r', 'x', [1, 2]]],
);
const writeSkew = historyOf([{}, ['r', 'x', []], ['a', 'y', 1]], [{}, ['r', 'y', []], ['a', 'x', 2]]);
const stale = historyOf([{ begin: 0, end: 1 }, ['w', 'x', 1]], [{ begin: 2, end: 3 }, ['r', 'x', null]]);

/** The anomalies of the literature, and the strongest level that each leaves. */
const anomalies: [
  what: string,
  ReturnType<typeof historyOf>,
  anomaly: string | undefined,
  strongest: string | undefined,
][] = [
  [
    'one after the other',
    historyOf([{ end: 1 }, ['a', 'x', 1]], [{ begin: 2 }, ['r', 'x', [1]]]),
    undefined,
    'strict-serializable',
  ],
  ['a stale read', stale, 'real-time', 'serializable'],
  ['a write skew', writeSkew, 'G2', 'snapshot-isolation'],
  ['a lost update', lostUpdate, 'G-single', 'read-committed'],
  [
    'a read skew',
    historyOf([{}, ['a', 'x', 1], ['a', 'y', 1]], [{}, ['r', 'x', [1]], ['r', 'y', []]]),
    'G-single',
    'read-committed',
  ],
  [
    'a long fork',
    historyOf(
      [{}, ['a', 'x', 1]],
      [{}, ['a', 'y', 1]],
      [{}, ['r', 'x', [1]], ['r', 'y', []]],
      [{}, ['r', 'x', []], ['r', 'y', [1]]],
    ),
    'G-nonadjacent',
    'read-committed',
  ],
  [
    'dirty writes',
    historyOf(
      [{}, ['a', 'x', 1], ['a', 'y', 1]],
      [{}, ['a', 'x', 2], ['a', 'y', 2]],
      [{}, ['r', 'x', [1, 2]], ['r', 'y', [2, 1]]],
    ),
    'G0',
    undefined,
  ],
  ['an aborted read', historyOf([{ status: 'aborted' }, ['w', 'x', 1]], [{}, ['r', 'x', 1]]), 'G1a', undefined],
  ['an intermediate read', historyOf([{}, ['w', 'x', 1], ['w', 'x', 2]], [{}, ['r', 'x', 1]]), 'G1b', undefined],
  [
    'circular information flow',
    historyOf([{}, ['w', 'x', 1], ['r', 'y', 1]], [{}, ['w', 'y', 1], ['r', 'x', 1]]),
    'G1c',
    undefined,
  ],
  [
    'circular information flow over one object, of which no order of versions can be told',
    historyOf([{}, ['r', 'x', 2], ['w', 'x', 1]], [{}, ['r', 'x', 1], ['w', 'x', 2]]),
    'G1c',
    undefined,
  ],
  ['an own write that is missed', historyOf([{}, ['a', 'x', 1], ['r', 'x', []]]), 'internal', undefined],
  ['a value from nowhere', historyOf([{}, ['r', 'x', 7]]), 'unwritten', undefined],
  [
    'lists that contradict each other',
    historyOf([{}, ['a', 'x', 1]], [{}, ['a', 'x', 2]], [{}, ['r', 'x', [1, 2]]], [{}, ['r', 'x', [2]]]),
    'incompatible-order',
    undefined,
  ],
  [
    'a list that shows twice what was appended once',
    historyOf([{}, ['a', 'x', 1]], [{}, ['r', 'x', [1, 1]]]),
    'incompatible-order',
    undefined,
  ],
  [
    'a list without the first of what a transaction appended',
    historyOf([{}, ['a', 'x', 1]], [{}, ['a', 'x', 2], ['a', 'x', 3]], [{}, ['r', 'x', [1, 3]]]),
    'incompatible-order',
    undefined,
  ],
  [
    'a list in another order than that in which a transaction appended',
    historyOf([{}, ['a', 'x', 2], ['a', 'x', 3]], [{}, ['a', 'x', 4]], [{}, ['r', 'x', [3, 2, 4]]]),
    'incompatible-order',
    undefined,
  ],
  [
    'a list that a transaction reads between its appends',
    historyOf([{}, ['a', 'x', 1], ['r', 'x', [1]], ['a', 'x', 2]], [{}, ['r', 'x', [1, 2]]]),
    undefined,
    'strict-serializable',
  ],
];

describe('isolation levels', () => {
  test.each(anomalies)('judge %s', (_what, history, anomaly, strongest) => {
    const result = strongestIsolation(history, { clock });
    expect(result.strongest).toBe(strongest);
    expect(result.results.find(({ verdict }) => verdict === 'violation')?.anomaly?.name).toBe(anomaly);
  });

  test('a version that is numbered is ordered by its number', () => {
    const ordered = (first: number, second: number) =>
      historyOf(
        [{}, ['w', 'x', 1, first], ['r', 'y', null]],
        [{}, ['w', 'x', 2, second], ['w', 'y', 1]],
        [{}, ['r', 'x', 2, 2]],
      );
    expect(judgeIsolation(ordered(1, 2), 'serializable', { clock }).verdict).toBe('satisfied');
    expect(judgeIsolation(ordered(2, 1), 'serializable', { clock }).anomaly).toMatchObject({ name: 'G-single' });
  });

  test('numbers of versions that recur tell no order', () => {
    const history = historyOf(
      [{}, ['w', 'x', 1, 1], ['r', 'y', 1]],
      [{}, ['w', 'x', 2, 1], ['w', 'y', 1]],
      [{}, ['r', 'x', 1]],
    );
    expect(judgeIsolation(history, 'serializable', { clock })).toMatchObject({
      verdict: 'satisfied',
      unordered: ['x'],
    });
  });

  test('a transaction of unknown outcome took effect when it was read, and may never have otherwise', () => {
    const read = historyOf(
      [{ status: 'unknown' }, ['w', 'x', 1], ['r', 'y', null]],
      [{}, ['w', 'y', 1]],
      [{}, ['r', 'x', 1]],
    );
    expect(judgeIsolation(read, 'serializable', { clock })).toMatchObject({ verdict: 'satisfied', committed: 3 });
    const unread = historyOf([{ status: 'unknown' }, ['r', 'x', 9]], [{}, ['w', 'y', 1]]);
    expect(judgeIsolation(unread, 'serializable', { clock })).toMatchObject({ verdict: 'satisfied', committed: 1 });
  });

  test('the shortest of several cycles is shown, with what makes it one', () => {
    const chain = [1, 2, 3, 4, 5].map((it): [Choices, ...Operation[]] => [
      {},
      ['a', `k${it}`, it],
      ['r', `k${(it % 5) + 1}`, []],
    ]);
    const history = historyOf(...chain, [{}, ['r', 'x', []], ['a', 'y', 1]], [{}, ['r', 'y', []], ['a', 'x', 2]]);
    const result = judgeIsolation(history, 'serializable', { clock });
    expect(result.anomaly?.transactions.map(({ id }) => id)).toEqual(['t6', 't7']);
    expect(result.anomaly?.cycle.map(({ kind, key }) => [kind, key])).toEqual([
      ['rw', 'x'],
      ['rw', 'y'],
    ]);
    expect(renderIsolation(result)).toMatch(/G2: .*\n {2}line 6 {2}t6 \(ok\): read x → \[\], append y 1\n/);
    expect(result.anomaly === undefined ? '' : anomalyInBrief(result.anomaly)).toBe(
      'G2: t6: read x → [], append y 1; t7: read y → [], append x 2; t6 -rw x→ t7 -rw y→ t6',
    );
  });
});

describe('what cannot be judged', () => {
  test('nothing is proven where nothing committed', () => {
    for (const history of [
      historyOf(),
      historyOf([{ status: 'aborted' }, ['w', 'x', 1]], [{ status: 'unknown' }, ['w', 'x', 2]]),
    ]) {
      expect(judgeIsolation(history, 'read-committed', { clock })).toMatchObject({
        verdict: 'undecided',
        reason: 'nothing-committed',
      });
    }
  });

  test('objects that do not tell the order of their versions are said, and any order that explains the history will do', () => {
    const writers = Array.from({ length: 9 }, (_, at): [Choices, ...Operation[]] => [{}, ['w', 'x', at]]);
    const skewed = historyOf(...writers, [{}, ['r', 'a', null], ['w', 'b', 1]], [{}, ['r', 'b', null], ['w', 'a', 1]]);
    expect(judgeIsolation(skewed, 'snapshot-isolation', { clock })).toMatchObject({
      verdict: 'satisfied',
      unordered: ['x'],
    });
    // Of more orders than are tried, what is a cycle in all of them is one.
    expect(judgeIsolation(skewed, 'serializable', { clock })).toMatchObject({ verdict: 'violation', unordered: ['x'] });
  });

  test('it is undecided where too many orders of versions would have to be tried', () => {
    // Each transaction reads the last version, so that no order explains the two; in every single one the cycle is another.
    const writers = Array.from({ length: 9 }, (_, at): [Choices, ...Operation[]] => [
      {},
      ['w', 'x', at],
      ['w', 'y', at],
    ]);
    const history = historyOf(...writers, [{}, ['r', 'x', 0], ['r', 'y', 1]], [{}, ['r', 'x', 1], ['r', 'y', 0]]);
    expect(judgeIsolation(history, 'serializable', { clock })).toMatchObject({
      verdict: 'undecided',
      reason: 'version-order',
      unordered: ['x', 'y'],
    });
  });

  test('what forbids every order of versions is found without trying those of others', () => {
    const others = ['x', 'y'].flatMap((key) =>
      Array.from({ length: 30 }, (_, at): [Choices, ...Operation[]] => [{}, ['w', key, at + 10]]),
    );
    const history = historyOf(...others, [{}, ['r', 'x', 2], ['w', 'x', 1]], [{}, ['r', 'x', 1], ['w', 'x', 2]]);
    expect(judgeIsolation(history, 'read-committed', { clock }).anomaly?.transactions.map(({ id }) => id)).toEqual([
      't61',
      't62',
    ]);
  });

  test('many objects, and many versions of one whose order nothing tells, are judged without running out of stack', () => {
    const keys = Array.from({ length: 12_000 }, (_, at) => `k${at}`);
    const wide = historyOf([{}, ...keys.map((key): Operation => ['a', key, 1])]);
    expect(judgeIsolation(wide, 'serializable', { clock })).toMatchObject({ verdict: 'satisfied' });
    const deep = historyOf(...keys.map((_, at): [Choices, Operation] => [{}, ['w', 'x', at]]));
    expect(judgeIsolation(deep, 'serializable', { clock })).toMatchObject({
      verdict: 'undecided',
      reason: 'version-order',
    });
  });

  test('a limit that is reached is said', () => {
    expect(judgeIsolation(writeSkew, 'serializable', { clock, stepLimit: 1 })).toMatchObject({
      verdict: 'undecided',
      reason: 'steps',
    });
    expect(() => judgeIsolation(writeSkew, 'serializable', { clock, stepLimit: 0 })).toThrow(HistoryOptionError);
  });

  test('strict serializability needs times', () => {
    const untimed = readTransactions([
      '{"id":"t","session":1,"status":"ok","operations":[{"f":"read","key":"x","value":null}]}',
    ]);
    expect(() => judgeIsolation(untimed, 'strict-serializable', { clock })).toThrow(/expected times/);
    expect(strongestIsolation(untimed, { clock }).results.map(({ isolation }) => isolation)).toEqual(
      isolationNames.slice(1),
    );
  });
});

describe('reading transactions', () => {
  const line = (changes: object) =>
    JSON.stringify({ id: 't', session: 1, status: 'ok', begin: 0, end: 1, operations: [], ...changes });
  const operations = (...given: readonly object[]) => line({ operations: given });

  test.each([
    ['no JSON', ['{'], /line 1: not JSON/],
    ['an unknown field', [line({ strange: 1 })], /line 1: strange/],
    ['an unknown status', [line({ status: 'committed' })], /line 1: status/],
    ['an unknown function', [operations({ f: 'cas', key: 'x' })], /line 1: operations\.0\.f/],
    ['an id twice', [line({}), line({})], /line 2: .*"t" twice/],
    [
      'times on some lines',
      [line({}), '{"id":"u","session":1,"status":"ok","operations":[]}'],
      /line 2: .*on all lines, or on none/,
    ],
    ['an end before the begin', [line({ end: -1 })], /line 1: .*not before the begin/],
    [
      'a value twice',
      [operations({ f: 'write', key: 'x', value: 1 }, { f: 'write', key: 'x', value: 1 })],
      /each value once/,
    ],
    ['nothing written', [operations({ f: 'write', key: 'x', value: null })], /other than null/],
    ['an array written', [operations({ f: 'write', key: 'x', value: [1] })], /append to it/],
    [
      'a list that is written',
      [operations({ f: 'append', key: 'x', value: 1 }, { f: 'write', key: 'x', value: 2 })],
      /got both/,
    ],
    [
      'a list read as a value',
      [
        operations({ f: 'append', key: 'x', value: 1 }),
        line({ id: 'u', operations: [{ f: 'read', key: 'x', value: 1 }] }),
      ],
      /line 2: .*an array or null/,
    ],
    ...['read', 'write', 'append'].map((f): [string, string[], RegExp] => [
      `a value that is nested too deep to ${f}`,
      [operations({ f, key: 'x', value: 0 }).replace('0}', `${'['.repeat(20_000)}${']'.repeat(20_000)}}`)],
      /line 1: operations\.0\.value: expected a value nested at most 64 deep/,
    ]),
    [
      'a number that cannot be held',
      [operations({ f: 'read', key: 'x', value: 0 }).replace('0}', '1e999}')],
      /line 1: the number 1e999/,
    ],
  ])('refuses %s by line', (_what, lines, message) => {
    expect(() => readTransactions(lines)).toThrow(HistoryFormatError);
    expect(() => readTransactions(lines)).toThrow(message);
  });

  test('takes limits', () => {
    expect(() => readTransactions([line({}), '', ''], { lines: 2 })).toThrow(/line 3: expected at most 2 lines/);
    expect(() => readTransactions([line({})], { lineLength: 10 })).toThrow(/line 1: expected at most 10 characters/);
    expect(() => readTransactions([], { lines: 0 })).toThrow(HistoryOptionError);
  });
});

test('all levels in words', () => {
  const text = renderStrongestIsolation(strongestIsolation(writeSkew, { clock }));
  expect(text).toMatch(/^Strongest: snapshot-isolation\.\n {2}strict-serializable +violation \(G2\)\n/);
});
