/** Which means find what: how they do is in `twins.long.test.ts`, and takes long. */

import { expect, test } from 'vitest';
import { protocols } from '../../src/proof/protocols.ts';

const namesOf = (chosen: typeof protocols): readonly string[] => chosen.map(({ name }) => name);

// A replacement's twins need steps that hardly ever meet in a run; the charts of failover are simulated as `failover`.
test('of every protocol the simulator finds a twin, but of two', () => {
  const missing = protocols.filter(({ twins }) => twins.every(({ simulator }) => simulator === undefined));
  expect(namesOf(missing)).toEqual(['raft-replacement', 'failover-charts']);
});

test('of every protocol whose servers answer each other all the time, it finds that they never come to rest', () => {
  const found = protocols.filter(({ twins }) => twins.some(({ simulator }) => simulator?.isEndless === true));
  expect(namesOf(found)).toEqual([
    'raft',
    'paxos',
    'paxos-replacement',
    'primary-backup',
    'primary-backup-async',
    'detector',
  ]);
});
