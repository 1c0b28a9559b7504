/** Which means find what: how they do is in `twins.long.test.ts`, and takes long. */

import { expect, test } from 'vitest';
import { protocols } from '../../src/proof/protocols.ts';

const namesOf = (chosen: typeof protocols): readonly string[] => chosen.map(({ name }) => name);

// A replacement's twins need steps that hardly ever meet in a run; the charts of failover are simulated as `failover`.
test('of every protocol the simulator finds a twin, but of two', () => {
  const missing = protocols.filter(({ twins }) => twins.every(({ simulator }) => simulator === undefined));
  expect(namesOf(missing)).toEqual(['raft-replacement', 'failover-charts']);
});

// Servers of `raft-replacement` and `raft-members` answer each other as those of `raft` do.
test('of every protocol it finds that it never comes to rest, but of three', () => {
  const missing = protocols.filter(({ twins }) => twins.every(({ simulator }) => simulator?.isEndless !== true));
  expect(namesOf(missing)).toEqual(['raft-replacement', 'raft-members', 'failover-charts']);
});
