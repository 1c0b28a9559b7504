import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressError, addressOf, assertPlain, canonicalKey, isAddress, partsOf } from '../../../statecharts/actor.ts';

describe('plain data', () => {
  test.each([
    ['a Set', { votes: new Set() }, /an instance of Set/],
    ['a Map', { votes: new Map() }, /an instance of Map/],
    ['a Date', { votes: new Date(0) }, /an instance of Date/],
    ['NaN', { votes: Number.NaN }, /NaN/],
    ['a function', { votes: () => 1 }, /a function/],
  ])('refuses %s and names the path', (_what, value, problem) => {
    expect(() => assertPlain({ roles: [value] }, 'context')).toThrow(problem);
    expect(() => assertPlain({ roles: [value] }, 'context')).toThrow(/context\.roles\[0\]\.votes/);
  });

  test('accepts values that render themselves', () => {
    class Log {
      toJSON() {
        return [1];
      }
      equals() {
        return true;
      }
    }
    expect(() => assertPlain({ log: new Log() })).not.toThrow();
    expect(canonicalKey({ log: new Log() })).toBe(canonicalKey({ log: [1] }));
  });

  test('has the same canonical key exactly when it is equal', () => {
    const value = fc.jsonValue();
    fc.assert(
      fc.property(value, value, (a, b) => {
        const normal = (it: unknown) => JSON.parse(JSON.stringify(it).replaceAll('-0', '0'));
        expect(canonicalKey(structuredClone(a))).toBe(canonicalKey(a));
        const equal = canonicalKey(a) === canonicalKey(b);
        if (equal) expect(normal(a)).toEqual(normal(b));
      }),
    );
    expect(canonicalKey({ b: 1, a: [new Uint8Array([1, 255])] })).toBe('{"a":[<01ff>],"b":1}');
    expect(canonicalKey({ a: 1, b: undefined })).toBe(canonicalKey({ a: 1 }));
  });
});

describe('an address', () => {
  test('joins and comes apart, whatever the key', () => {
    expect(partsOf(addressOf('n1', 'raft.server', 'a/b'))).toEqual({ node: 'n1', name: 'raft.server', key: 'a/b' });
    expect(partsOf(addressOf('n1', 'x'))).toEqual({ node: 'n1', name: 'x', key: '' });
  });

  test.each(['', 'n1', 'n1/x', '/x/', 'n1//', 'n 1/x/', `${'n'.repeat(65)}/x/`])('is not %j', (text) => {
    expect(isAddress(text)).toBe(false);
    expect(() => partsOf(text)).toThrow(AddressError);
  });
});
