import { describe, expect, test } from 'vitest';
import { AddressError, addressOf, isAddress, isId } from '../../../statecharts/actor.ts';

describe('an id', () => {
  test.each(['n1', 'a', 'A.b-c_9', '_', '__proto', 'Constructor', 'x'.repeat(64)])('may be %s', (id) => {
    expect(isId(id)).toBe(true);
    expect(isAddress(addressOf(id, 'raft.server'))).toBe(true);
  });

  const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  test.each(['', 'x'.repeat(65), 'a b', 'ä', 'n1\n', ...inherited])('may not be %j', (id) => {
    expect(isId(id)).toBe(false);
    expect(isAddress(`${id}/raft.server/kv`)).toBe(false);
    expect(() => addressOf(id, 'raft.server')).toThrow(AddressError);
  });
});
