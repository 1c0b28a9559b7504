/** Single-decree Paxos, as a protocol that is simulated, checked and broken. */

import { defineProtocol } from '../protocol.ts';
import { agreeBounds, assertPossible } from './bounds.ts';
import { agreeTwins } from './broken.ts';
import { agreeSystems } from './configurations.ts';
import { agreeModel, type BrokenRoles } from './model.ts';
import { agreeScenario } from './scenario.ts';

/** Agreement on one value. */
export const agree = defineProtocol({
  name: 'agree',
  about: 'agreement on one value by single-decree Paxos',
  bounds: agreeBounds,
  assertPossible,
  model: (given, broken?: BrokenRoles) => agreeModel({ ...given, ...(broken && { broken }) }),
  scenario: agreeScenario,
  systems: agreeSystems,
  suites: [
    { runs: 1_000, nodes: 3, budgetSeconds: 60 },
    { seed: 100_000, runs: 500, nodes: 5, budgetSeconds: 60 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 60, nodes: 3 },
  twins: agreeTwins,
  examples: [
    { ballots: 0, flushes: false },
    { proposers: 1, ballots: 0, crashes: 1 },
  ],
});
