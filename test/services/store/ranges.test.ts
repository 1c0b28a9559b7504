/** What the key-value state machine tells beyond single values: ranges, the past, changes; and transactions. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/services/store/codec.ts';
import {
  encodeCommand,
  type KeyValueCommand,
  type Transaction,
  transactionLimit,
  valueLimitBytes,
} from '../../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import type { Entry, KeyChange, KeyValueQuestion } from '../../../src/services/store/key-value/questions.ts';
import type { Selection } from '../../../src/services/store/key-value/selection.ts';
import { LaterAnswer } from '../../../src/services/store/state-machine.ts';
import { partsOf, restore } from './parts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const retention = { changes: 20, bytes: 1_000_000 };

function createRun() {
  const machine = createKeyValueMachine(undefined, { retention });
  let revision = 0;
  const apply = (command: KeyValueCommand) => {
    revision += 1;
    return machine.apply(encodeCommand(command), { revision });
  };
  return {
    machine,
    apply,
    put: (key: string, value = key) => apply({ type: 'put', key, value: bytes(value) }),
    remove: (key: string) => apply({ type: 'delete', key }),
    transact: ({ compare = [], success, failure = [] }: Transaction) =>
      apply({ type: 'transaction', compare, success, failure }),
    ask: (question: KeyValueQuestion) => machine.query(question),
  };
}
type Run = ReturnType<typeof createRun>;

function pageOf({ ask }: Run, selection: Selection, more: Partial<Extract<KeyValueQuestion, { type: 'range' }>> = {}) {
  const answer = ask({ type: 'range', selection, limit: 100, tells: 'versions', ...more });
  if (answer === null || !('type' in answer) || answer.type !== 'page') throw new TypeError('expected a page');
  return answer;
}
const keysOf = (entries: readonly Entry[]): readonly string[] => entries.map(({ key }) => key);

function changesOf({ ask }: Run, selection: Selection, after: number, limit = 100) {
  const answer = ask({ type: 'changes', selection, after, limit });
  if (answer === null || !('type' in answer) || answer.type !== 'changes') throw new TypeError('expected changes');
  return answer;
}
const told = ({ key, revision, value }: KeyChange) => [revision, key, value && new TextDecoder().decode(value)];

describe('a range', () => {
  const run = createRun();
  // In the order of bytes a character beyond the first plane comes last, in that of UTF-16 it comes before '\uffee'.
  for (const key of ['b', 'a/2', 'a', 'a/1', 'a/10', '\u{1f600}', '\uffee', 'a0']) run.put(key);

  test.each<[string, Selection, readonly string[]]>([
    ['all keys in the order of their bytes', {}, ['a', 'a/1', 'a/10', 'a/2', 'a0', 'b', '\uffee', '\u{1f600}']],
    ['those with a prefix', { prefix: 'a/' }, ['a/1', 'a/10', 'a/2']],
    ['those from a key on', { from: 'a0' }, ['a0', 'b', '\uffee', '\u{1f600}']],
    ['those before a key', { to: 'a/10' }, ['a', 'a/1']],
    ['those of a prefix between two keys', { prefix: 'a', from: 'a/10', to: 'a0' }, ['a/10', 'a/2']],
    ['those of a prefix from a key before it', { prefix: 'b', from: 'a' }, ['b']],
    ['none of a prefix that lies behind the last key meant', { prefix: 'b', to: 'a' }, []],
    ['one key', { key: 'a' }, ['a']],
    ['none where there is none', { key: 'absent' }, []],
  ])('has %s', (_name, selection, expected) => {
    const { entries, count, next } = pageOf(run, selection);
    expect(keysOf(entries)).toEqual(expected);
    expect(count).toBe(expected.length);
    expect(next).toBeUndefined();
  });

  test('comes in pages, each of which says where the next one begins', () => {
    const seen: string[] = [];
    let from: string | undefined = '';
    while (from !== undefined) {
      const page: ReturnType<typeof pageOf> = pageOf(run, { from }, { limit: 3, tells: 'entries' });
      seen.push(...keysOf(page.entries));
      expect(page.entries.map(({ value }) => value)).toEqual(keysOf(page.entries).map(bytes));
      from = page.next;
    }
    expect(seen).toEqual(keysOf(pageOf(run, {}).entries));
  });

  test('is as it was at a revision, whatever was written, deleted or put anew since', () => {
    const changing = createRun();
    for (const key of ['a', 'b', 'c']) changing.put(key);
    changing.remove('b');
    changing.put('a', 'later');
    changing.put('b', 'again');
    const asOf = (revision: number) =>
      pageOf(changing, {}, { revision, tells: 'entries' }).entries.map(({ key, value }) => [key, value]);
    expect(asOf(3)).toEqual([
      ['a', bytes('a')],
      ['b', bytes('b')],
      ['c', bytes('c')],
    ]);
    expect(asOf(4)).toEqual([
      ['a', bytes('a')],
      ['c', bytes('c')],
    ]);
    expect(asOf(6)).toEqual([
      ['a', bytes('later')],
      ['b', bytes('again')],
      ['c', bytes('c')],
    ]);
    expect(changing.ask({ type: 'get', key: 'b', revision: 3 })).toEqual({ value: bytes('b'), version: 2 });
    expect(changing.ask({ type: 'get', key: 'b', revision: 4 })).toBeNull();
  });

  test('of a revision that is forgotten, or has not come, is refused by name', () => {
    const long = createRun();
    for (let count = 0; count < 30; count += 1) long.put('a', `${count}`);
    const range = { type: 'range', selection: {}, limit: 1, tells: 'versions' } as const;
    expect(long.ask({ ...range, revision: 9 })).toEqual({ type: 'forgotten', floor: 10 });
    expect(long.ask({ ...range, revision: 10 })).toMatchObject({ type: 'page', entries: [{ version: 10 }] });
    expect(long.ask({ ...range, revision: 31 })).toEqual({ type: 'ahead', revision: 30 });
    expect(long.ask({ type: 'changes', selection: {}, after: 9, limit: 1 })).toEqual({ type: 'forgotten', floor: 10 });
    expect(long.ask({ type: 'revision', revision: 9 })).toEqual({ type: 'forgotten', floor: 10 });
    expect(long.ask({ type: 'revision' })).toEqual({ type: 'revision', revision: 30 });
  });

  test('takes no longer than a page needs, however many keys there are, and says where to go on', () => {
    const many = createRun();
    for (let count = 0; count < 12_000; count += 1) many.put(`key-${String(count).padStart(5, '0')}`);
    const first = pageOf(many, {}, { tells: 'count' });
    expect(first).toMatchObject({ count: 5_000, next: 'key-05000' });
    expect(pageOf(many, { to: 'key-00003' }, { tells: 'count' })).toMatchObject({ count: 3 });
    many.put('key-00000', 'x'.repeat(300_000));
    expect(pageOf(many, {}, { tells: 'entries' })).toMatchObject({ count: 1, next: 'key-00001' });
  });
});

test('the history of a key has its changes, the last one first, also before one of them', () => {
  const run = createRun();
  run.put('a', '1');
  run.put('b', '2');
  run.remove('a');
  run.put('a', '4');
  const history = (more: { limit?: number; before?: number } = {}) => {
    const answer = run.ask({ type: 'history', key: 'a', limit: 100, ...more });
    return answer !== null && 'type' in answer && answer.type === 'changes' ? answer.changes.map(told) : undefined;
  };
  expect(history()).toEqual([
    [4, 'a', '4'],
    [3, 'a', null],
    [1, 'a', '1'],
  ]);
  expect(history({ limit: 1 })).toEqual([[4, 'a', '4']]);
  expect(history({ before: 4, limit: 1 })).toEqual([[3, 'a', null]]);
});

describe('a transaction', () => {
  const started = (): Run => {
    const run = createRun();
    run.put('a', 'old');
    run.put('b');
    return run;
  };

  test('does one branch or the other, all of it at one revision', () => {
    const run = started();
    const result = run.transact({
      compare: [
        { key: 'a', condition: { type: 'version', version: 1 } },
        { key: 'b', condition: { type: 'value', value: bytes('b') } },
        { key: 'c', condition: { type: 'absent' } },
      ],
      success: [
        { type: 'get', key: 'a' },
        { type: 'put', key: 'a', value: bytes('new') },
        { type: 'delete', key: 'b' },
        { type: 'delete', key: 'c' },
        { type: 'get', key: 'c' },
      ],
    });
    expect(result).toEqual({
      type: 'transacted',
      succeeded: true,
      revision: 3,
      results: [
        { type: 'found', found: { value: bytes('old'), version: 1 } },
        { type: 'stored', version: 3 },
        { type: 'deleted', version: 2 },
        { type: 'deleted' },
        { type: 'found' },
      ],
    });
    expect(changesOf(run, {}, 2).changes.map(told)).toEqual([
      [3, 'a', 'new'],
      [3, 'b', null],
    ]);
    expect(changesOf(run, {}, 1, 1).changes.map(told)).toEqual([[2, 'b', 'b']]);
    // What one revision changed is not told in halves, whatever the limit.
    expect(changesOf(run, {}, 2, 1)).toMatchObject({ after: 3, changes: [{}, {}] });
  });

  test.each<[string, Transaction['compare']]>([
    ['a version', [{ key: 'a', condition: { type: 'version', version: 2 } }]],
    ['a value', [{ key: 'a', condition: { type: 'value', value: bytes('ol') } }]],
    ['a value of a key that is not there', [{ key: 'c', condition: { type: 'value', value: bytes('') } }]],
    ['absence', [{ key: 'a', condition: { type: 'absent' } }]],
    [
      'the last of several',
      [
        { key: 'a', condition: { type: 'present' } },
        { key: 'c', condition: { type: 'present' } },
      ],
    ],
  ])('of which %s does not compare does the other branch', (_name, compare) => {
    const run = started();
    const result = run.transact({
      ...(compare === undefined ? {} : { compare }),
      success: [{ type: 'put', key: 'a', value: bytes('new') }],
      failure: [{ type: 'put', key: 'd', value: bytes('noted') }],
    });
    expect(result).toMatchObject({ succeeded: false, results: [{ type: 'stored', version: 3 }] });
    expect(run.ask({ type: 'get', key: 'a' })).toMatchObject({ version: 1 });
    expect(run.ask({ type: 'get', key: 'd' })).toMatchObject({ version: 3 });
  });

  test('whose answer would be too long changes nothing', () => {
    const run = createRun();
    const large = 'x'.repeat(valueLimitBytes);
    run.put('a', large);
    run.put('b', 'b');
    const gets = [
      { type: 'get', key: 'a' },
      { type: 'get', key: 'b' },
    ] as const;
    expect(run.transact({ success: [{ type: 'put', key: 'c', value: bytes('c') }, ...gets] })).toEqual({
      type: 'refused',
      reason: 'answer-limit',
    });
    expect(run.ask({ type: 'get', key: 'c' })).toBeNull();
  });

  test('with two writes of a key, or too many parts, is refused at the edge, and by the state machine', () => {
    const twice = [
      { type: 'put', key: 'a', value: bytes('1') },
      { type: 'delete', key: 'a' },
    ] as const;
    const many = Array.from({ length: transactionLimit + 1 }, (_, at) => ({ type: 'delete', key: `k${at}` }) as const);
    const transaction = (success: Transaction['success']): KeyValueCommand => ({
      type: 'transaction',
      compare: [],
      success,
      failure: [],
    });
    expect(() => encodeCommand(transaction(twice))).toThrow(/two writes of one key/);
    expect(() => encodeCommand(transaction(many))).toThrow(/at most 128 comparisons/);
    const { machine } = createRun();
    const raw: readonly unknown[] = [
      [
        2,
        [],
        [
          [0, 'a', bytes('1')],
          [1, 'a'],
        ],
        [],
      ],
      [2, [], many.map(({ key }) => [1, key]), []],
      [2, [['a', null]], [], []],
      [2, [['a', 1.5]], [], []],
      [2, [], [[3, 'a']], []],
      [2, [], [[0, 'a', 'text']], []],
      [2, [], 'x', []],
      [2, []],
    ];
    raw.forEach((it, at) => {
      expect(machine.apply(encode(it), { revision: at + 1 })).toEqual({ type: 'refused', reason: 'malformed' });
    });
    expect(machine.keys).toBe(0);
  });

  test('grows the state by what its larger branch would, and never by more than is said without looking', () => {
    const run = started();
    const success = Array.from({ length: 100 }, (_, at) => ({ type: 'put', key: `${at}`, value: bytes('') }) as const);
    const command = encodeCommand({
      type: 'transaction',
      compare: [],
      success,
      failure: [{ type: 'delete', key: 'a' }],
    });
    const before = run.machine.sizeBytes;
    const growthBytes = run.machine.growthBytes?.(command) ?? 0;
    expect(growthBytes).toBeLessThanOrEqual(run.machine.mostGrowthBytes?.(command) ?? 0);
    run.machine.apply(command, { revision: 9 });
    expect(run.machine.sizeBytes - before).toBe(growthBytes);
  });
});

describe('changes that have not come yet', () => {
  /** The answers that a question waits for, as they come. */
  function waiting(run: Run, selection: Selection, after: number) {
    const later = run.ask({ type: 'changes', selection, after, limit: 100 });
    if (!(later instanceof LaterAnswer)) throw new TypeError('expected nothing to tell yet');
    let dueAt: number | undefined;
    const callOff = later.wait(() => {
      dueAt = changesOf(run, {}, 0).after;
    });
    return { later, callOff, due: () => dueAt };
  }

  test('are due when a key of theirs changes, and told from there on', () => {
    const run = createRun();
    run.put('b');
    const one = waiting(run, { key: 'a' }, 1);
    const prefix = waiting(run, { prefix: 'a/' }, 1);
    const range = waiting(run, { from: 'c' }, 1);
    run.put('b');
    run.put('ab');
    expect([one.due(), prefix.due()]).toEqual([undefined, undefined]);
    run.put('a');
    run.put('a/1');
    run.put('a/2');
    expect([one.due(), prefix.due()]).toEqual([4, 5]);
    expect(one.later.now()).toMatchObject({ after: 6, changes: [{ key: 'a', revision: 4 }] });
    expect(prefix.later.now()).toMatchObject({ after: 6, changes: [{ key: 'a/1' }, { key: 'a/2' }] });
    // What may concern it is looked at, and found to be nothing.
    expect(range.later.now()).toEqual({ type: 'changes', after: 6, changes: [] });
  });

  test('are none, up to now, when the asker hears no more; and nothing is kept of those that are called off', () => {
    const run = createRun();
    run.put('b');
    const { later, callOff, due } = waiting(run, { prefix: 'a' }, 1);
    run.put('b');
    expect(later.now()).toEqual({ type: 'changes', after: 2, changes: [] });
    callOff();
    run.put('a');
    expect(due()).toBeUndefined();
  });

  test('of a revision that this node has not come to wait for what comes after it', () => {
    const run = createRun();
    const { later, due } = waiting(run, {}, 2);
    run.put('a');
    run.put('b');
    expect(due()).toBeUndefined();
    expect(later.now()).toEqual({ type: 'changes', after: 2, changes: [] });
    run.put('c');
    expect(later.now()).toMatchObject({ after: 3, changes: [{ key: 'c' }] });
  });

  test('are looked for anew when the state is replaced', () => {
    const run = createRun();
    const other = createRun();
    for (const key of ['a', 'b', 'c']) other.put(key);
    const { later, due } = waiting(run, { prefix: 'b' }, 0);
    restore(run.machine, partsOf(other.machine));
    expect(due()).toBe(3);
    expect(later.now()).toMatchObject({ after: 3, changes: [{ key: 'b', revision: 2 }] });
  });
});

test('asking for changes again and again tells each of them once and in order, however small the answers', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'a/1', 'b'), isDeletion: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), (steps, limit) => {
      const run = createRun();
      const expected: unknown[] = [];
      for (const { key, isDeletion } of steps) {
        const result = isDeletion ? run.remove(key) : run.put(key);
        if (result.type === 'deleted' && result.version === undefined) continue;
        if (key.startsWith('a')) expected.push(key);
      }
      const seen: unknown[] = [];
      for (let after = 0; after < steps.length; ) {
        const answer = run.ask({ type: 'changes', selection: { prefix: 'a' }, after, limit });
        const now = answer instanceof LaterAnswer ? answer.now() : answer;
        if (typeof now !== 'object' || now === null || !('changes' in now)) throw new TypeError('expected changes');
        expect(now.after).toBeGreaterThan(after);
        seen.push(...now.changes.map(({ key }) => key));
        after = now.after;
      }
      expect(seen).toEqual(expected);
    }),
  );
});

test('nonsense is no question', () => {
  const { machine } = createRun();
  const range = { type: 'range', selection: {}, limit: 1, tells: 'versions' };
  for (const question of [
    { type: 'range' },
    { ...range, limit: 0 },
    { ...range, limit: 1_001 },
    { ...range, limit: 1.5 },
    { ...range, tells: 'all' },
    { ...range, selection: { prefix: 7 } },
    { ...range, selection: { key: '' } },
    { ...range, selection: 'a' },
    { ...range, revision: -1 },
    { type: 'changes', selection: {}, limit: 1 },
    { type: 'history', key: '', limit: 1 },
    { type: 'get', key: 'a', revision: 'now' },
  ]) {
    expect(() => machine.query(question)).toThrow(/expected a question/);
  }
});
