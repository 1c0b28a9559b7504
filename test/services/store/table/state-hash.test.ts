/** The hash of a table: the same for the same contents, and another one for any others. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandomness } from '../../../../src/environment/random.ts';
import { encodeCommand } from '../../../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine } from '../../../../src/services/store/key-value/machine.ts';
import { VersionedTable } from '../../../../src/services/store/table/table.ts';

const table = (): VersionedTable => new VersionedTable(seededRandomness(1).stream('hash'), { slabBytes: 1_024 });
const hashOf = (...entries: readonly (readonly [string, number, readonly number[]])[]): number => {
  const made = table();
  for (const [key, version, value] of entries) made.set(key, version, Uint8Array.from(value));
  return made.stateHash;
};

const put = (key: string, byte: number) => ({ type: 'put', key, value: Uint8Array.of(byte % 256) }) as const;

describe('the hash of a table', () => {
  test('is 0 while nothing stands in it, also after deletions', () => {
    const made = table();
    expect(made.stateHash).toBe(0);
    made.set('a', 1, Uint8Array.of(1));
    made.delete('a', 2);
    expect(made.stateHash).toBe(0);
  });

  test('tells keys, values, versions, and where the key ends', () => {
    const hashes = [
      hashOf(['a', 1, [1]]),
      hashOf(['b', 1, [1]]),
      hashOf(['a', 2, [1]]),
      hashOf(['a', 2 ** 33 + 1, [1]]),
      hashOf(['a', 1, [2]]),
      hashOf(['a', 1, []]),
      hashOf(['a', 1, [1, 0]]),
      hashOf(['a', 1, [1, 0, 0, 0]]),
      hashOf(['ab', 1, [1]]),
      hashOf(['a', 1, [98, 1]]),
      hashOf(['a', 1, [1]], ['b', 2, [1]]),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes.every((it) => Number.isSafeInteger(it) && it >= 0)).toBe(true);
  });

  test('follows from what stands there, whatever was before', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.option(fc.uint8Array({ maxLength: 40 })) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const made = table();
        const present = new Map<string, readonly [number, readonly number[]]>();
        for (const [at, { key, value }] of steps.entries()) {
          if (value === null) {
            made.delete(key, at + 1);
            present.delete(key);
          } else {
            made.set(key, at + 1, value);
            present.set(key, [at + 1, [...value]]);
          }
        }
        const entries = [...present].map(([key, [version, value]]) => [key, version, value] as const);
        entries.sort((one, other) => one[1] - other[1]);
        expect(made.stateHash).toBe(hashOf(...entries));
      }),
    );
  });

  test('is that of the table that a snapshot was made of', () => {
    const random = seededRandomness(1).stream('hash');
    const [from, to] = [createKeyValueMachine(random), createKeyValueMachine(random)];
    for (let revision = 1; revision <= 300; revision += 1) {
      const key = `k${revision % 50}`;
      const command = revision % 7 === 0 ? ({ type: 'delete', key } as const) : put(key, revision);
      from.apply(encodeCommand(command), { revision });
    }
    const [parts, restoration] = [from.view(), to.restoring()];
    expect(to.stateHash).toBe(0);
    for (let part = parts.next(100); part !== undefined; part = parts.next(100)) restoration.take(part);
    restoration.finish();
    expect([to.stateHash, from.stateHash === 0]).toEqual([from.stateHash, false]);
  });
});
