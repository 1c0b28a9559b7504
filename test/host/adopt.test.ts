import { describe, expect, test } from 'vitest';
import { AddressTakenError } from '../../src/host/errors.ts';
import { fixed } from '../../statecharts/actor.ts';
import { add, address, bench } from './bench.ts';
import { counter } from './counter.ts';
import { createManualJournal } from './manual-journal.ts';

describe('a definition that a running node adopts', () => {
  test('lets its actors be born of messages from then on', () => {
    const { node, settle, peer } = bench();
    const { node: n1 } = node('n1');
    const n2 = peer('n2');
    n2.say(address, add(1));
    settle();
    expect(n1.actors()).toEqual([]);
    n1.adopt([counter]);
    expect(n1.definitions).toEqual([counter.name]);
    n2.say(address, add(1));
    settle();
    expect(n1.actors()).toEqual([address]);
  });

  test('brings to life the actors that the journal remembers, and once', () => {
    const { node, settle } = bench();
    const records = [{ version: 1, record: { type: 'added', amount: 4 } }];
    const { node: n1 } = node('n1', { journal: createManualJournal('n1', new Map([[address, records]])) });
    settle();
    expect(n1.actors()).toEqual([]);
    n1.adopt([counter, counter]);
    n1.adopt([counter]);
    settle();
    expect(n1.handleOf(counter)?.getSnapshot().context.count).toBe(4);
  });

  test('is refused when another one has its name', () => {
    const { node } = bench();
    const { node: n1 } = node('n1', { definitions: [counter] });
    const other = { ...counter, delays: { pause: fixed(1) } };
    expect(() => n1.adopt([other])).toThrow(AddressTakenError);
  });
});
