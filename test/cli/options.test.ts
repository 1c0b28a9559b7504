import { describe, expect, test } from 'vitest';
import { hostPortIn, integerIn, nodeIdIn, peerIn, positiveIn } from '../../src/cli/options.ts';

describe('an option', () => {
  test('for an address takes names, IPv4 and IPv6', () => {
    expect(hostPortIn('127.0.0.1:4701')).toEqual({ host: '127.0.0.1', port: 4_701 });
    expect(hostPortIn('db-1.example.org:0')).toEqual({ host: 'db-1.example.org', port: 0 });
    expect(hostPortIn('[::1]:65535')).toEqual({ host: '::1', port: 65_535 });
  });

  test.each([
    ['4701', 'did you mean 127.0.0.1:4701'],
    [':4701', 'did you mean 127.0.0.1:4701'],
    ['http://10.0.0.1:4701/', 'did you mean 10.0.0.1:4701'],
    ['::1', 'goes in brackets: [::1]:5701'],
    ['localhost', 'like 10.0.0.1:5701'],
    ['localhost:65536', 'up to 65535'],
    ['localhost:http', 'Expected HOST:PORT'],
    ['[not-ipv6]:1', 'Expected HOST:PORT'],
    ['a b:1', 'Expected HOST:PORT'],
    ['', 'Expected HOST:PORT'],
  ])('for an address refuses %j and says what was meant', (text, hint) => {
    expect(() => hostPortIn(text)).toThrow(hint);
  });

  test('for peers gathers them, and refuses one that comes twice', () => {
    const one = peerIn('n2=10.0.0.2:5701');
    const both = peerIn('n3=10.0.0.3:5701', one);
    expect([...both]).toEqual([
      ['n2', { host: '10.0.0.2', port: 5_701 }],
      ['n3', { host: '10.0.0.3', port: 5_701 }],
    ]);
    expect(() => peerIn('n2=10.0.0.9:1', both)).toThrow('named before');
    for (const [text, hint] of [
      ['10.0.0.2:5701', 'Expected ID=HOST:PORT'],
      ['=10.0.0.2:5701', 'Expected ID=HOST:PORT'],
      ['a/b=10.0.0.2:5701', 'letters, digits'],
      ['n4=10.0.0.2', 'Expected HOST:PORT'],
      ['n4=10.0.0.2:0', 'cannot be dialled'],
    ] as const) {
      expect(() => peerIn(text), text).toThrow(hint);
    }
  });

  test('for a name or a number takes what is one', () => {
    expect(nodeIdIn('n-1_a.b')).toBe('n-1_a.b');
    for (const text of ['', 'a/b', 'ü', 'x'.repeat(65)]) expect(() => nodeIdIn(text), text).toThrow('1 to 64');
    expect(integerIn(1, 15)('3')).toBe(3);
    for (const text of ['0', '16', '3.5', '-1', 'three', '', '1e1']) {
      expect(() => integerIn(1, 15)(text), text).toThrow('from 1 to 15');
    }
    expect(positiveIn('0.5')).toBe(0.5);
    for (const text of ['0', '-1', 'x', 'Infinity']) expect(() => positiveIn(text), text).toThrow('above 0');
  });
});
