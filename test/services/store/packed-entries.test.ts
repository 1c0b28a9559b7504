/** Entries of a page as one run of bytes. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutcomeUnknownError } from '../../../src/services/store/errors.ts';
import { answerIn } from '../../../src/services/store/key-value/answers.ts';
import { encodeCommand } from '../../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import type { Selection } from '../../../src/services/store/key-value/selection.ts';

const key = fc.oneof(fc.constantFrom('a', 'a/1', 'b'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }));
const selection: fc.Arbitrary<Selection> = fc.oneof(
  fc.constantFrom({}, { prefix: 'a' }),
  fc.record({ from: key }),
  fc.record({ key }),
);

test('a packed page has what one of objects has, whatever is asked for', () => {
  const writes = fc.array(fc.record({ key, value: fc.uint8Array({ maxLength: 300 }), isDeletion: fc.boolean() }), {
    maxLength: 60,
  });
  const tells = fc.constantFrom('entries' as const, 'versions' as const, 'count' as const);
  fc.assert(
    fc.property(writes, selection, tells, fc.nat({ max: 60 }), (all, selected, told, back) => {
      const machine = createKeyValueMachine();
      for (const [at, { isDeletion, ...write }] of all.entries()) {
        machine.apply(encodeCommand(isDeletion ? { type: 'delete', key: write.key } : { type: 'put', ...write }), {
          revision: at + 1,
        });
      }
      const revision = Math.max(0, all.length - back);
      const question = { type: 'range', selection: selected, limit: 7, tells: told, revision };
      const packed = machine.query({ ...question, packed: true });
      expect(packed).toMatchObject({ type: 'packed-page', entries: expect.any(Uint8Array) });
      expect(answerIn(packed)).toEqual(machine.query(question));
    }),
  );
});

test('a page is not changed by one that is made after it', () => {
  const machine = createKeyValueMachine();
  for (const [at, name] of ['a', 'b'].entries()) {
    machine.apply(encodeCommand({ type: 'put', key: name, value: new Uint8Array([at]) }), { revision: at + 1 });
  }
  const pageOf = (name: string) =>
    machine.query({ type: 'range', selection: { key: name }, limit: 1, tells: 'entries', packed: true });
  const first = pageOf('a');
  pageOf('b');
  expect(answerIn(first)).toMatchObject({ entries: [{ key: 'a', version: 1, value: new Uint8Array([0]) }] });
});

test('the entries of a node of an earlier release are taken as they are', () => {
  const entries = [{ key: 'a', version: 3, value: new Uint8Array([1]) }];
  expect(answerIn({ type: 'page', revision: 3, count: 1, entries })).toMatchObject({ entries });
});

test('bytes that are no entries are no answer', () => {
  const machine = createKeyValueMachine();
  machine.apply(encodeCommand({ type: 'put', key: 'a', value: new Uint8Array(3) }), { revision: 1 });
  const answer = machine.query({ type: 'range', selection: {}, limit: 1, tells: 'entries', packed: true });
  const entries: unknown = Object(answer).entries;
  if (!(entries instanceof Uint8Array)) throw new TypeError('expected bytes');
  for (let length = 1; length < entries.length; length += 1) {
    expect(() => answerIn({ ...Object(answer), entries: entries.subarray(0, length) })).toThrow(OutcomeUnknownError);
  }
  const negative = entries.slice();
  new DataView(negative.buffer).setFloat64(0, -1, true);
  expect(() => answerIn({ ...Object(answer), entries: negative })).toThrow(OutcomeUnknownError);
});
