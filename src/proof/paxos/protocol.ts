/** Multi-Paxos, as a protocol that is simulated, checked and broken. */

import { definePaxosServer, type PaxosRules, paxosRules } from '../../../statecharts/paxos.ts';
import { defineProtocol } from '../protocol.ts';
import { paxosBounds } from './bounds.ts';
import { paxosTwins } from './broken.ts';
import { paxosMemberTwins, paxosReplacementTwins } from './broken-replacement.ts';
import { paxosChangeSystems, paxosReplacementSystems, paxosSystems } from './configurations.ts';
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
    { runs: 2_000, nodes: 3, budgetSeconds: 50 },
    { seed: 100_000, runs: 1_000, nodes: 5, budgetSeconds: 50 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 40, nodes: 3 },
  twins: paxosTwins,
  examples: [
    { nodes: 2, ballots: 2, entries: 1, crashes: 1 },
    { nodes: 3, ballots: 2, entries: 1, losses: 'unlimited', inFlight: 2 },
  ],
});

/** The same while one of them is replaced, in configurations that stop-signs part. */
export const paxosReplacement = defineProtocol({
  name: 'paxos-replacement',
  about: 'the replicated store over Multi-Paxos, one of whose servers is replaced',
  bounds: paxosBounds,
  model: (given, broken?: Partial<PaxosRules>) => paxosModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => paxosScenario(definePaxosServer({ ...paxosRules, ...broken }), { replaces: true }),
  systems: paxosReplacementSystems,
  suites: [
    { runs: 1_000, nodes: 4, budgetSeconds: 40 },
    { seed: 100_000, runs: 500, nodes: 6, budgetSeconds: 40 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 40, nodes: 4 },
  twins: paxosReplacementTwins,
  examples: [
    { nodes: 2, ballots: 1, entries: 0, replacements: 1, candidates: ['n1'], losses: 'unlimited', inFlight: 2 },
  ],
});

/** The same while members come and go one by one, and hand leadership to each other. */
export const paxosMembers = defineProtocol({
  name: 'paxos-members',
  about: 'the replicated store over Multi-Paxos, whose members come and go one by one',
  bounds: paxosBounds,
  model: (given, broken?: Partial<PaxosRules>) => paxosModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => paxosScenario(definePaxosServer({ ...paxosRules, ...broken }), { changes: true }),
  systems: paxosChangeSystems,
  suites: [
    { runs: 500, nodes: 4, budgetSeconds: 40 },
    { seed: 100_000, runs: 250, nodes: 6, budgetSeconds: 40 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 40, nodes: 4 },
  twins: paxosMemberTwins,
  examples: [
    { nodes: 3, ballots: 1, entries: 0, changes: ['remove:n1'], candidates: ['n1'], losses: 'unlimited', inFlight: 2 },
  ],
});
