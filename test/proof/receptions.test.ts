import { expect, test } from 'vitest';
import { mergeReceptions, renderHole } from '../../src/checker.ts';
import { protocols } from '../../src/proof/protocols.ts';
import { twoPhaseCommit } from '../../src/proof/two-phase-commit/protocol.ts';

/** A beginning of each system: all of them is for `quorate prove`. */
const maxStates = 500;

test.each(protocols)('the charts of $name have an answer to whatever comes to them, in every state', (protocol) => {
  const { receptions, holes, transitions } = mergeReceptions(
    protocol.systems.map(({ bounds }) => protocol.check(bounds, { maxStates, keepGoing: true }).receptions),
  );
  // A protocol may be explored whatever its actors do, without any chart.
  const hasCharts = transitions.length > 0;
  expect(receptions.filter(({ fates }) => fates.taken > 0).length).toBeGreaterThan(hasCharts ? 5 : -1);
  expect(hasCharts || protocol.name === 'failover').toBe(true);
  expect(holes.map(renderHole)).toEqual([]);
});

test('a vote that comes when its transaction is over finds no coordinator, and that is no hole', () => {
  const { receptions, holes } = twoPhaseCommit.check({ participants: 2, crashes: 1 }, { maxStates: 5_000 }).receptions;
  expect(receptions).toContainEqual({
    from: '2pc.participant',
    type: 'vote',
    to: '2pc.coordinator',
    state: '(none)',
    fates: { taken: 0, ignored: 0, absent: expect.any(Number), unspecified: 0 },
  });
  expect(holes).toEqual([]);
});
