/** The search for runs that never arrive, against all runs of small random systems, judged by definition. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { check } from '../../src/checker.ts';
import { type Walk, type Way, walkModel } from './models/walker.ts';
import { isFairRun, verdictOfEveryRun } from './support/every-run.ts';

const strength = fc.constantFrom('weak', 'strong', undefined);
const optional = <T>(arbitrary: fc.Arbitrary<T>, weight: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 1, arbitrary }, { weight, arbitrary: fc.constant(undefined) });

const walks: fc.Arbitrary<Walk> = fc
  .record({
    places: fc.integer({ min: 2, max: 6 }),
    requests: fc.array(fc.record({ fair: strength, times: optional(fc.integer({ min: 1, max: 1 }), 5) }), {
      minLength: 1,
      maxLength: 3,
    }),
    timers: fc.array(fc.record({ fair: strength, budget: optional(fc.integer({ min: 0, max: 1 }), 2) }), {
      maxLength: 2,
    }),
    goesOn: optional(fc.constantFrom('weak', 'strong'), 3),
  })
  .chain(({ places, requests, timers, goesOn }) => {
    const place = fc.integer({ min: 0, max: places - 1 });
    const doors = [
      ...requests.map((_request, number) => ({ by: 'request' as const, number })),
      ...timers.map((_timer, number) => ({ by: 'timer' as const, number })),
    ];
    const ways = fc.tuple(
      ...Array.from({ length: places }, (_, from) => from).flatMap((from) =>
        doors.map((door) => optional(place, 1).map((to): Way[] => (to === undefined ? [] : [{ ...door, from, to }]))),
      ),
    );
    return fc
      .record({
        ways,
        begins: fc.uniqueArray(place, { minLength: 1, maxLength: 2 }),
        beyond: optional(place, 6),
        goals: fc.uniqueArray(place, { maxLength: 2 }),
      })
      .map((rest): Walk => {
        const beyond = rest.beyond !== undefined && rest.begins.includes(rest.beyond) ? undefined : rest.beyond;
        return JSON.parse(
          JSON.stringify({ ...rest, ways: rest.ways.flat(), beyond, places, requests, timers, goesOn }),
        );
      });
  });

test('every verdict on what happens eventually is that of all runs, and every counterexample is a fair one', () => {
  const seen: Record<string, number> = {};
  const loops = { seen: 0 };
  fc.assert(
    fc.property(walks, (walk) => {
      const expected = verdictOfEveryRun(walk);
      fc.pre(expected !== undefined);
      const [told] = check(walkModel(walk)).properties.filter(({ kind }) => kind === 'eventually');
      expect(told?.because ?? told?.verdict).toBe(expected);
      seen[expected ?? ''] = (seen[expected ?? ''] ?? 0) + 1;
      if (told?.verdict !== 'violated') return;
      const ways = (told.trace?.steps ?? []).map((step) => {
        if (step.type === 'request') return { by: 'request' as const, number: Number(step.request.type.slice(1)) };
        if (step.type === 'timer') return { by: 'timer' as const, number: Number(step.delay.slice(1)) };
        throw new Error(`no way is a step '${step.type}'`);
      });
      if (told.trace?.loopFrom !== undefined) loops.seen += 1;
      expect(isFairRun(walk, ways, told.trace?.loopFrom)).toBe(true);
    }),
    { numRuns: 800, seed: 20_260 },
  );
  // Random systems that never loop, or never need a budget, would show nothing of the search.
  for (const verdict of ['holds', 'violated', 'cut', 'withheld']) expect(seen[verdict]).toBeGreaterThan(8);
  expect(loops.seen).toBeGreaterThan(50);
});
