import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../../statecharts/actor.ts';
import { sizesFor } from '../../../statecharts/paxos/log/configuration.ts';
import { alwaysMeet, anyOf } from '../../../statecharts/quorum.ts';
import { foundingMembers } from '../../../statecharts/replication/members.ts';

describe('the sizes of quorums once voters come and go', () => {
  const votersOf = (count: number): readonly Address[] =>
    Array.from({ length: count }, (_, at): Address => `n${at + 1}/paxos.server/kv`);
  const sizesAfter = (count: number, phase1Size: number, phase2Size: number, then: number) =>
    sizesFor({ ...foundingMembers(votersOf(count)), index: 1, sizes: { phase1Size, phase2Size } }, then);

  test.each<[string, [number, number, number], number, [number, number]]>([
    ['majorities stay majorities when one comes', [3, 2, 2], 4, [3, 3]],
    ['and when one goes', [5, 3, 3], 4, [3, 3]],
    ['a leader that chooses alone goes on alone', [3, 3, 1], 4, [4, 1]],
    ['two of five stay two of six, and one more must promise', [5, 4, 2], 6, [5, 2]],
    ['two of five stay two of four', [5, 4, 2], 4, [3, 2]],
    ['all of three become all of two when one goes', [3, 1, 3], 2, [1, 2]],
    ['nothing changes where as many vote', [5, 4, 2], 5, [4, 2]],
  ])('%s', (_, [count, phase1, phase2], then, [phase1Size, phase2Size]) => {
    expect(sizesAfter(count, phase1, phase2, then)).toEqual({ phase1Size, phase2Size });
  });

  test('always share a server', () => {
    const sizes = fc.integer({ min: 1, max: 7 }).chain((count) =>
      fc.integer({ min: 1, max: count }).chain((phase2) =>
        fc.record({
          count: fc.constant(count),
          phase1: fc.integer({ min: count - phase2 + 1, max: count }),
          phase2: fc.constant(phase2),
        }),
      ),
    );
    fc.assert(
      fc.property(sizes, fc.boolean(), ({ count, phase1, phase2 }, grows) => {
        const then = Math.max(1, count + (grows ? 1 : -1));
        const { phase1Size, phase2Size } = sizesAfter(count, phase1, phase2, then);
        const voters = votersOf(then);
        expect(alwaysMeet(anyOf(voters, phase1Size), anyOf(voters, phase2Size))).toBe(true);
      }),
    );
  });
});
