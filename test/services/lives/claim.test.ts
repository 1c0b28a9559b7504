import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeClaim, knownOf, type Life } from '../../../src/services/lives/claim.ts';

const life = (number: number, start: number, name = `life-${number}`): Life => ({ number, name, start });
const known = { number: 2, name: 'life-2', position: 100 };

describe('a claim', () => {
  test.each([
    ['of a node that was never met', undefined, [life(7, 3)], 3, undefined],
    ['of the life that is known', known, [life(1, 0), life(2, 40)], 100, undefined],
    ['of the next life, whose journal is as long as it was', known, [life(2, 40), life(3, 100)], 101, undefined],
    ['of a much later life', known, [life(2, 40), life(3, 120), life(9, 130)], 140, undefined],
    ['of later lives than are told of, each longer', known, [life(8, 120), life(9, 130)], 140, undefined],
  ])('%s is accepted', (_, before, lives, position, verdict) => {
    expect(judgeClaim(before, { lives, position })).toBe(verdict);
  });

  test.each([
    ['of an earlier life', [life(1, 0)], 200, 'older-life'],
    ['of another life of that number', [life(1, 0), life(2, 40, 'copy')], 200, 'other-life'],
    ['of a life after another one of that number', [life(2, 40, 'copy'), life(3, 150)], 200, 'other-life'],
    ['of a later life that began with less', [life(2, 40), life(3, 99)], 120, 'shorter-journal'],
    ['of a life later still, that has grown since', [life(2, 40), life(3, 99), life(4, 170)], 180, 'shorter-journal'],
    ['of that life with less than it had', [life(2, 40)], 99, 'shorter-journal'],
  ])('%s is refused', (_, lives, position, verdict) => {
    expect(judgeClaim(known, { lives, position })).toBe(verdict);
  });

  test('of a journal that only grew is never refused, and of one that was rolled back always', () => {
    const growth = fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(growth, fc.nat(), fc.nat(), fc.nat({ max: 20 }), (runs, seenAt, copiedAt, later) => {
        // A life per run, each of which writes something.
        const lives: Life[] = [];
        const ends: number[] = [];
        let position = 0;
        for (const [index, written] of runs.entries()) {
          lives.push(life(index + 1, position));
          position += 1 + written;
          ends.push(position);
        }
        const seen = seenAt % runs.length;
        const met = { number: seen + 1, name: `life-${seen + 1}`, position: ends[seen] ?? 0 };
        expect(judgeClaim(met, { lives, position })).toBeUndefined();

        // A copy from within an earlier run, or from this one before its end, that lives on.
        const copied = copiedAt % (seen + 1);
        const start = (lives[copied]?.start ?? 0) + 1;
        if (start >= met.position) return;
        const onwards = Array.from({ length: later + 1 }, (_, index) =>
          life(copied + 2 + index, start + index * 40, `copy-${index}`),
        );
        const claimed = { lives: [...lives.slice(0, copied + 1), ...onwards], position: start + later * 40 + 1_000 };
        expect(judgeClaim(met, claimed)).toBeDefined();
      }),
    );
  });

  test('that was accepted is what is known from then on', () => {
    expect(knownOf({ lives: [life(1, 0), life(2, 40)], position: 50 })).toEqual({
      number: 2,
      name: 'life-2',
      position: 50,
    });
  });
});
