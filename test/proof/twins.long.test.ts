import { describe, expect, test, vi } from 'vitest';
import type { CheckResult } from '../../src/checker.ts';
import { findTwin } from '../../src/cli/simulate/twins.ts';
import { protocols } from '../../src/proof/protocols.ts';

// That nothing is wrong with the true actors in the same systems and runs is for `quorate prove`, which goes much further.
// Bounded by states and runs, not by time: a busy machine takes longer.
vi.setConfig({ testTimeout: 600_000 });

const violatedIn = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ name, verdict }) => (verdict === 'violated' ? name : []));

describe.each(protocols)('$name', (protocol) => {
  const { twins, statesToFind: maxStates } = protocol;
  // Those that more states are needed for are looked for by `quorate prove`.
  const checked = twins.flatMap(({ name, checker }) =>
    checker === undefined || checker.statesToFind !== undefined ? [] : { name, ...checker },
  );

  test.each(checked)('the checker finds that $name', ({ name, violates }) => {
    expect(violatedIn(protocol.check({}, { maxStates }, name))).toContain(violates);
  });

  const simulated = twins.filter(({ simulator }) => simulator !== undefined);
  test.each(simulated)('the simulator finds that $name', async (twin) => {
    const { verdict, violates } = await findTwin(protocol, twin);
    expect(verdict).toBe('found');
    if (twin.simulator?.isEndless === true) expect(violates).toMatch(/^more than \d+ events/);
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
