import { describe, expect, test, vi } from 'vitest';
import type { CheckResult } from '../../src/checker.ts';
import { findTwin } from '../../src/cli/simulate/twins.ts';
import { protocols } from '../../src/proof/protocols.ts';

// Bounded by states and runs, not by time: a busy machine takes longer.
vi.setConfig({ testTimeout: 120_000 });

const violatedIn = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ name, verdict }) => (verdict === 'violated' ? name : []));

describe.each(protocols)('$name', (protocol) => {
  const { twins, statesToFind: maxStates } = protocol;
  // Those that more states are needed for are looked for by `quorate prove`.
  const checked = twins.flatMap(({ name, checker }) =>
    checker === undefined || checker.statesToFind !== undefined ? [] : { name, ...checker },
  );

  test.each(checked)('the checker finds that $name, and nothing wrong with the true actors', (twin) => {
    const { name, bounds, violates } = twin;
    const found = protocol.check({}, { maxStates }, name);
    expect(violatedIn(found)).toContain(violates);
    const result = protocol.check(bounds, { maxStates: found.states });
    expect(violatedIn(result)).toEqual([]);
    // Where the states are enough for all that can happen, nothing is wrong at all, and every goal is reached.
    if (result.complete) expect(result.ok).toBe(true);
    else expect(result.states).toBeGreaterThan(found.states);
  });

  const simulated = twins.filter(({ simulator }) => simulator !== undefined);
  // That the true parts survive the same runs is for `quorate prove`.
  test.each(simulated)('the simulator finds that $name', async (twin) => {
    expect((await findTwin(protocol, twin)).verdict).toBe('found');
  });
});

test('a twin that a means does not reach is named with the means that does', async () => {
  const outOfReach = protocols.flatMap((protocol) =>
    protocol.twins.filter(({ simulator }) => simulator === undefined).map((twin) => ({ protocol, twin })),
  );
  expect(outOfReach.length).toBeGreaterThan(0);
  for (const { protocol, twin } of outOfReach) {
    const { verdict, foundBy } = await findTwin(protocol, twin);
    expect([verdict, foundBy]).toEqual([
      'out-of-reach',
      expect.stringContaining(`quorate check ${protocol.name} --broken`),
    ]);
  }
});
