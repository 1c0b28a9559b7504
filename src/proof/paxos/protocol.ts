/** Multi-Paxos, as a protocol that is simulated, checked and broken. */

import { definePaxosServer, type PaxosRules, paxosRules } from '../../../statecharts/paxos.ts';
import { defineProtocol } from '../protocol.ts';
import { paxosBounds } from './bounds.ts';
import { paxosTwins } from './broken.ts';
import { paxosSystems } from './configurations.ts';
import { paxosModel } from './model.ts';
import { paxosScenario } from './scenario.ts';

/** The servers of a replicated store. */
export const paxos = defineProtocol({
  name: 'paxos',
  about: 'the replicated store over Multi-Paxos',
  bounds: paxosBounds,
  model: (given, broken?: Partial<PaxosRules>) => paxosModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => paxosScenario(definePaxosServer({ ...paxosRules, ...broken })),
  systems: paxosSystems,
  suites: [
    { runs: 2_000, nodes: 3, budgetSeconds: 240 },
    { seed: 100_000, runs: 1_000, nodes: 5, budgetSeconds: 240 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 40, nodes: 3 },
  twins: paxosTwins,
  examples: [
    { nodes: 2, ballots: 2, entries: 1, crashes: 1 },
    { nodes: 3, ballots: 2, entries: 1, losses: 'unlimited', inFlight: 2 },
  ],
});
