/** Compare-and-set registers, as a protocol that is simulated, checked and broken. */

import { defineProtocol } from '../protocol.ts';
import { assertPossible, casPaxosBounds } from './bounds.ts';
import { casPaxosTwins } from './broken.ts';
import { casPaxosSystems } from './configurations.ts';
import { type BrokenRegister, registerModel } from './model.ts';
import { registerScenario } from './scenario.ts';

/** Registers that change by compare-and-set. */
export const casPaxos = defineProtocol({
  name: 'caspaxos',
  about: 'registers that change by compare-and-set, by CASPaxos',
  bounds: casPaxosBounds,
  assertPossible,
  model: (given, broken?: BrokenRegister) => registerModel({ ...given, ...(broken && { broken }) }),
  scenario: registerScenario,
  systems: casPaxosSystems,
  suites: [
    { runs: 1_000, nodes: 3, budgetSeconds: 60 },
    { seed: 100_000, runs: 500, nodes: 5, budgetSeconds: 60 },
  ],
  statesToFind: 60_000,
  runsToFind: { runs: 60, nodes: 3 },
  twins: casPaxosTwins,
  examples: [
    { ballots: 0, flushes: false },
    { registers: 1, changes: 2, ballots: 0, crashes: 1 },
  ],
});
