import { describe, expect, test } from 'vitest';
import { HistoryFormatError, HistoryOptionError, UnknownModelError } from '../../src/history/errors.ts';
import { casRegister, keyValue, modelNamed, modelNames, queue, register } from '../../src/history/models.ts';
import { readHistory } from '../../src/history/reader.ts';

const refusal = (lines: readonly string[], model = casRegister(), limits = {}): HistoryFormatError => {
  try {
    readHistory(lines, model, limits);
  } catch (error) {
    if (error instanceof HistoryFormatError) return error;
    throw error;
  }
  throw new Error('expected the history to be refused');
};
const write = '{"process":1,"type":"invoke","f":"write","value":3,"time":1}';

describe('reading a history', () => {
  test('pairs answers with invocations, and keeps lines and times', () => {
    const history = readHistory(
      [
        write,
        '',
        '{"process":"b","type":"invoke","f":"read","time":2}',
        '{"process":1,"type":"ok","value":3,"time":2.5}',
      ],
      casRegister(),
    );
    expect(history.operations).toEqual([
      {
        index: 0,
        process: 1,
        f: 'write',
        key: undefined,
        value: 3,
        outcome: 'ok',
        result: null,
        invokedAt: { line: 1, timeMs: 1 },
        completedAt: { line: 4, timeMs: 2.5 },
      },
      {
        index: 1,
        process: 'b',
        f: 'read',
        key: undefined,
        value: null,
        outcome: 'unknown',
        result: undefined,
        invokedAt: { line: 3, timeMs: 2 },
        completedAt: undefined,
      },
    ]);
    expect([history.begin, history.end]).toEqual([
      { line: 1, timeMs: 1 },
      { line: 4, timeMs: 2.5 },
    ]);
  });

  test('takes a byte-order mark at the beginning for none, and elsewhere for what is no JSON', () => {
    expect(readHistory([`\uFEFF${write}`], casRegister()).operations).toHaveLength(1);
    expect(readHistory(['\uFEFF', write], casRegister()).operations).toHaveLength(1);
    expect(refusal(['', `\uFEFF${write}`]).message).toMatch(/^line 2: not JSON/);
  });

  test('takes times before zero as they are', () => {
    const lines = [write.replace('"time":1', '"time":-7.5'), '{"process":1,"type":"ok","time":-2}'];
    const { begin, end } = readHistory(lines, casRegister());
    expect([begin.timeMs, end.timeMs]).toEqual([-7.5, -2]);
    expect(refusal([...lines, '{"process":1,"type":"invoke","f":"read","time":-3}']).message).toMatch(
      /line 3: .*backwards/,
    );
  });

  test.each(['1e999', '-1e999', '9007199254740993', '1e-400', '0.12345678901234567890', '[{"a":1e999}]'])(
    'refuses the number in %s, which would be read as another one',
    (value) => {
      expect(refusal([write.replace('3', value)]).message).toMatch(/^line 1: the number .* cannot be held exactly/);
    },
  );

  test.each([
    '0',
    '-0.5',
    '1.5e3',
    '0.1',
    '9007199254740991',
    '"1e999"',
    '"a \\" 1e999"',
    '0.000',
    '2.2250738585072014e-308',
  ])('takes %s, which is read as it is written', (value) => {
    expect(readHistory([write.replace('3', value)], casRegister()).operations[0]?.value).toEqual(JSON.parse(value));
  });

  test('takes lines for times where there are none', () => {
    const { operations } = readHistory(
      ['{"process":1,"type":"invoke","f":"read"}', '{"process":1,"type":"info"}'],
      register(),
    );
    expect(operations[0]?.completedAt).toEqual({ line: 2, timeMs: 2 });
  });

  test('lets a process go on after an unknown outcome', () => {
    const { operations } = readHistory(
      [write, '{"process":1,"type":"info","time":2}', write.replace('1}', '3}')],
      casRegister(),
    );
    expect(operations.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
  });

  test('joins the ends of faults to their beginnings', () => {
    const { faults } = readHistory(
      [
        '{"type":"fault","phase":"begin","id":"p","kind":"partition","target":"n1 | n2 n3","time":0}',
        '{"type":"fault","phase":"moment","kind":"clock-jump","time":1}',
        '{"type":"fault","phase":"begin","id":"c","kind":"crash","target":"n2","time":2}',
        '{"type":"fault","phase":"end","id":"p","time":3}',
      ],
      register(),
    );
    const at = (line: number) => ({ line, timeMs: line - 1 });
    expect(faults).toEqual([
      { kind: 'partition', target: 'n1 | n2 n3', begin: at(1), end: at(4) },
      { kind: 'clock-jump', target: undefined, begin: at(2), end: at(2) },
      { kind: 'crash', target: 'n2', begin: at(3), end: undefined },
    ]);
  });
});

describe('a line that is wrong is named, with the reason', () => {
  const cases: [string, readonly string[], RegExp][] = [
    ['what is not JSON', [write, '{"process":1,'], /^line 2: not JSON/],
    ['what is not an object', ['[1]'], /^line 1: expected a JSON object, got \[1\]/],
    [
      'nesting without end',
      ['['.repeat(5_000) + ']'.repeat(5_000)],
      /^line 1: expected a JSON object, got a deeply nested/,
    ],
    ['an unknown type', ['{"type":"begin"}'], /expected type to be one of invoke, ok, .* got "begin"/],
    ['a missing process', ['{"type":"invoke","f":"read"}'], /missing field "process"/],
    [
      'a process that is no name',
      ['{"type":"invoke","process":[],"f":"read"}'],
      /expected process to be a number or a string, got \[\]/,
    ],
    ['a field that nobody knows', ['{"process":1,"type":"invoke","f":"read","kye":1}'], /unknown field "kye"/],
    [
      'an unknown f',
      ['{"process":1,"type":"invoke","f":"increment"}'],
      /expected f to be one of read, write, cas \(model cas-register\), got "increment"/,
    ],
    ['an f that every object inherits', ['{"process":1,"type":"invoke","f":"constructor"}'], /expected f to be one of/],
    ['no f', ['{"process":1,"type":"invoke"}'], /expected f to be one of read, write, cas .* got nothing/],
    [
      'an answer to nothing',
      [write, '{"process":2,"type":"ok","time":1}'],
      /^line 2: ok without an invocation: process 2/,
    ],
    [
      'a second answer',
      [write, '{"process":1,"type":"ok","time":1}', '{"process":1,"type":"fail","time":1}'],
      /^line 3: fail without/,
    ],
    [
      'a process that invokes twice',
      [write, write],
      /^line 2: process 1 invokes twice: it still waits for write of line 1/,
    ],
    [
      'an answer to another f',
      [write, '{"process":1,"type":"ok","f":"read","time":1}'],
      /expected f to be "write", as process 1 invoked it on line 1, got "read"/,
    ],
    [
      'an answer about another key',
      [write, '{"process":1,"type":"ok","key":"x","time":1}'],
      /expected key to be nothing/,
    ],
    [
      'time that goes backwards',
      [write, '{"process":1,"type":"ok","time":0.5}'],
      /^line 2: time goes backwards: 0.5 ms after 1 ms on line 1/,
    ],
    [
      'a time that is no number',
      ['{"process":1,"type":"invoke","f":"read","time":"now"}'],
      /expected time to be a number of milliseconds, got "now"/,
    ],
    ['times on some lines only', [write, '{"process":1,"type":"ok"}'], /^line 2: expected a time, as/],
    [
      'a cas without a pair',
      ['{"process":1,"type":"invoke","f":"cas","value":[1]}'],
      /expected cas to be invoked with a pair \[expected, new\], got \[1\]/,
    ],
    [
      'a write of nothing',
      ['{"process":1,"type":"invoke","f":"write"}'],
      /expected write to be invoked with a JSON value/,
    ],
    [
      'a read with a value',
      ['{"process":1,"type":"invoke","f":"read","value":1}'],
      /expected read to be invoked with no value, or null, got 1/,
    ],
    [
      'a read that returns nothing',
      ['{"process":1,"type":"invoke","f":"read"}', '{"process":1,"type":"ok"}'],
      /^line 2: expected read .* to return a JSON value/,
    ],
    [
      'a write that returns another value',
      [write, '{"process":1,"type":"ok","value":4,"time":1}'],
      /to return no value, or that of the invocation once more, got 4/,
    ],
    [
      'a value nested too deep',
      [`{"process":1,"type":"invoke","f":"write","value":${'['.repeat(65)}${']'.repeat(65)}}`],
      /nested at most 64 deep/,
    ],
    [
      'a fault that ends before it begins',
      ['{"type":"fault","phase":"end","id":"x"}'],
      /expected the id of a fault that began/,
    ],
    [
      'a fault that begins twice',
      Array(2).fill('{"type":"fault","phase":"begin","id":"x","kind":"crash"}'),
      /^line 2: the fault "x" begins twice/,
    ],
    ['a fault without a kind', ['{"type":"fault","phase":"begin","id":"x"}'], /expected the kind of the fault/],
    ['a fault without a phase', ['{"type":"fault","kind":"crash"}'], /missing field "phase"/],
  ];
  test.each(cases)('%s', (_, lines, message) => {
    const error = refusal(lines);
    expect(error.message).toMatch(message);
    expect(error.code).toBe('HISTORY_FORMAT');
    expect(error.line).toBeGreaterThan(0);
  });

  test('a key-value store needs keys, and appends strings or arrays', () => {
    expect(refusal(['{"process":1,"type":"invoke","f":"get"}'], keyValue()).message).toMatch(
      /expected a key \(model kv\)/,
    );
    const append = '{"process":1,"type":"invoke","f":"append","key":"x","value":1}';
    expect(refusal([append], keyValue()).message).toMatch(
      /expected append to be invoked with a string or an array, got 1/,
    );
  });

  test('more or longer lines than the limit allows', () => {
    expect(refusal(['', '', ''], casRegister(), { lines: 2 }).message).toMatch(/^line 3: expected at most 2 lines/);
    expect(refusal([write], casRegister(), { lineLength: 10 }).message).toMatch(/expected at most 10 characters/);
    expect(() => readHistory([], casRegister(), { lines: 0 })).toThrow(HistoryOptionError);
  });
});

describe('models by name', () => {
  test('are all there', () => {
    expect(modelNames.map((name) => modelNamed(name).name)).toEqual([...modelNames]);
  });
  test('begin with the value that is asked for, where they have one', () => {
    expect(modelNamed('register', { initial: 7 }).initial).toBe(7);
    expect(() => modelNamed('queue', { initial: 7 })).toThrow(HistoryOptionError);
  });
  test('are refused when nobody knows them', () => {
    expect(() => modelNamed('stack')).toThrow(UnknownModelError);
  });
  test('a queue refuses the element that says that it is empty', () => {
    expect(
      refusal(['{"process":1,"type":"invoke","f":"enqueue","value":null}'], modelNamed(queue().name)).message,
    ).toMatch(/other than null/);
  });
});
