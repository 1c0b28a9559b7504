/** Ranges, counts and transactions: what a store may answer, and what gives it away. */

import { describe, expect, test } from 'vitest';
import { checkHistory, keyValueWithRanges, readHistory } from '../../src/history.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

type Line = readonly [process: string, type: 'invoke' | 'ok' | 'fail' | 'info', f: string, value?: unknown];
type Done = readonly [f: string, value: unknown, result?: unknown];

/** One call after the other, each by a process of its own. */
const inTurn = (...calls: readonly Done[]): readonly Line[] =>
  calls.flatMap(([f, value, result], at): readonly Line[] => [
    [`p${at}`, 'invoke', f, value],
    [`p${at}`, 'ok', f, result],
  ]);

function verdictOf(lines: readonly Line[]): string {
  const model = keyValueWithRanges();
  const texts = lines.map(([process, type, f, value]) =>
    JSON.stringify({ process, type, f, ...(value === undefined ? {} : { value }) }),
  );
  return checkHistory(readHistory(texts, model), model, { clock: createVirtualClock() }).verdict;
}

const three: readonly Done[] = [
  ['put', ['a/1', 1]],
  ['put', ['a/2', 2]],
  ['put', ['b', 3]],
];
/** Moves 1 from a/1 to a/2, if a/1 has 1. */
const move = {
  compare: [['a/1', 1]],
  success: [
    ['put', 'a/1', 0],
    ['put', 'a/2', 3],
    ['get', 'a/1'],
  ],
  failure: [['get', 'a/2']],
};

describe.each<[string, Done, Done]>([
  [
    'all keys',
    [
      'range',
      {},
      [
        ['a/1', 1],
        ['a/2', 2],
        ['b', 3],
      ],
    ],
    [
      'range',
      {},
      [
        ['a/1', 1],
        ['b', 3],
      ],
    ],
  ],
  [
    'a prefix',
    [
      'range',
      { prefix: 'a/' },
      [
        ['a/1', 1],
        ['a/2', 2],
      ],
    ],
    ['range', { prefix: 'a/' }, [['a/1', 1]]],
  ],
  ['a limit', ['range', { limit: 1 }, [['a/1', 1]]], ['range', { limit: 1 }, [['a/2', 2]]]],
  [
    'a beginning',
    [
      'range',
      { from: 'a/2' },
      [
        ['a/2', 2],
        ['b', 3],
      ],
    ],
    ['range', { from: 'a/2' }, [['b', 3]]],
  ],
  [
    'an end',
    ['range', { to: 'a/2' }, [['a/1', 1]]],
    [
      'range',
      { to: 'a/2' },
      [
        ['a/1', 1],
        ['a/2', 2],
      ],
    ],
  ],
  ['a count', ['count', { prefix: 'a/' }, 2], ['count', { prefix: 'a/' }, 3]],
  ['a value', ['get', 'a/1', 1], ['get', 'a/1', 2]],
])('a range by %s', (_what, right, wrong) => {
  test('has what is there, and no more and no less', () => {
    expect(verdictOf(inTurn(...three, right))).toBe('linearizable');
    expect(verdictOf(inTurn(...three, wrong))).toBe('violation');
  });
});

describe('a transaction', () => {
  test('does what its comparisons say, gets what was before, and says which branch it took', () => {
    const done: Done = ['transaction', move, { succeeded: true, results: [null, null, 1] }];
    expect(
      verdictOf(
        inTurn(...three, done, [
          'range',
          { prefix: 'a/' },
          [
            ['a/1', 0],
            ['a/2', 3],
          ],
        ]),
      ),
    ).toBe('linearizable');
    expect(verdictOf(inTurn(...three, ['transaction', move, { succeeded: true, results: [null, null, 0] }]))).toBe(
      'violation',
    );
    expect(verdictOf(inTurn(...three, ['transaction', move, { succeeded: false, results: [2] }]))).toBe('violation');
    expect(verdictOf(inTurn(...three, done, ['transaction', move, { succeeded: false, results: [3] }]))).toBe(
      'linearizable',
    );
  });

  test('of which one half is seen is a violation, whichever reads are used, even while it is under way', () => {
    const whole = [
      ['a/1', 0],
      ['a/2', 3],
    ];
    const before = [
      ['a/1', 1],
      ['a/2', 2],
    ];
    const meanwhile = (...reads: readonly Done[]): readonly Line[] => [
      ...inTurn(...three),
      ['t', 'invoke', 'transaction', move],
      ...inTurn(...reads),
      ['t', 'info', 'transaction'],
    ];
    const range = (found: unknown): Done => ['range', { prefix: 'a/' }, found];
    expect(verdictOf(meanwhile(range(before), range(whole)))).toBe('linearizable');
    expect(
      verdictOf(
        meanwhile(
          range([
            ['a/1', 0],
            ['a/2', 2],
          ]),
        ),
      ),
    ).toBe('violation');
    expect(verdictOf(meanwhile(['get', 'a/1', 0], ['get', 'a/2', 2]))).toBe('violation');
    expect(verdictOf(meanwhile(range(whole), range(before)))).toBe('violation');
  });

  test('of unknown outcome may have happened, also later, or not', () => {
    const asked: readonly Line[] = [
      ...inTurn(...three),
      ['t', 'invoke', 'transaction', move],
      ['t', 'info', 'transaction'],
    ];
    for (const value of [0, 1]) expect(verdictOf([...asked, ...inTurn(['get', 'a/1', value])])).toBe('linearizable');
    expect(verdictOf([...asked, ...inTurn(['get', 'a/1', 5])])).toBe('violation');
  });
});

test('keys are in the order of their bytes, beyond the basic plane, too', () => {
  const [first, last] = ['\uff5e', '\u{1f600}'];
  const lines = (pairs: unknown) => inTurn(['put', [last, 1]], ['put', [first, 2]], ['range', {}, pairs]);
  expect(
    verdictOf(
      lines([
        [first, 2],
        [last, 1],
      ]),
    ),
  ).toBe('linearizable');
  expect(
    verdictOf(
      lines([
        [last, 1],
        [first, 2],
      ]),
    ),
  ).toBe('violation');
});

test('a swap is made where the expected value is there, and a deleted key is in no range', () => {
  expect(verdictOf(inTurn(...three, ['cas', ['b', 3, 4], true], ['get', 'b', 4]))).toBe('linearizable');
  expect(verdictOf(inTurn(...three, ['cas', ['b', 3, 4], false]))).toBe('violation');
  expect(verdictOf(inTurn(...three, ['delete', 'b'], ['count', {}, 2]))).toBe('linearizable');
  expect(verdictOf(inTurn(...three, ['delete', 'b'], ['count', {}, 3]))).toBe('violation');
});
