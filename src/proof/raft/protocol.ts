/** Raft, as a protocol that is simulated, checked and broken. */

import { defineServer, type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import { defineProtocol } from '../protocol.ts';
import { raftBounds } from './bounds.ts';
import { raftTwins } from './broken.ts';
import { raftMemberTwins, raftReplacementTwins } from './broken-replacement.ts';
import { raftChangeSystems, raftReplacementSystems, raftSystems } from './configurations.ts';
import { raftModel } from './model.ts';
import { raftScenario } from './scenario.ts';

/** The servers of a replicated store. */
export const raft = defineProtocol({
  name: 'raft',
  about: 'the replicated store over Raft',
  bounds: raftBounds,
  model: (given, broken?: Partial<RaftRules>) => raftModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => raftScenario(defineServer({ ...raftRules, ...broken })),
  systems: raftSystems,
  suites: [
    { runs: 2_000, nodes: 3, budgetSeconds: 50 },
    { seed: 100_000, runs: 1_000, nodes: 5, budgetSeconds: 50 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 40, nodes: 3 },
  twins: raftTwins,
  examples: [
    { nodes: 2, terms: 2, entries: 1, crashes: 1 },
    { nodes: 3, terms: 2, entries: 1, losses: 'unlimited', inFlight: 2 },
  ],
});

/** The same while one of them is replaced. */
export const raftReplacement = defineProtocol({
  name: 'raft-replacement',
  about: 'the replicated store over Raft, one of whose servers is replaced',
  bounds: raftBounds,
  model: (given, broken?: Partial<RaftRules>) => raftModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => raftScenario(defineServer({ ...raftRules, ...broken }), { replaces: true }),
  systems: raftReplacementSystems,
  suites: [
    { runs: 1_000, nodes: 4, budgetSeconds: 40 },
    { seed: 100_000, runs: 500, nodes: 6, budgetSeconds: 40 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 40, nodes: 4 },
  twins: raftReplacementTwins,
  examples: [{ nodes: 3, terms: 1, entries: 0, replacements: 1, candidates: ['n1'], losses: 'unlimited', inFlight: 2 }],
});

/** The same while members come and go one by one, and hand leadership to each other. */
export const raftMembers = defineProtocol({
  name: 'raft-members',
  about: 'the replicated store over Raft, whose members come and go one by one',
  bounds: raftBounds,
  model: (given, broken?: Partial<RaftRules>) => raftModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => raftScenario(defineServer({ ...raftRules, ...broken }), { changes: true }),
  systems: raftChangeSystems,
  suites: [
    { runs: 500, nodes: 4, budgetSeconds: 40 },
    { seed: 100_000, runs: 250, nodes: 6, budgetSeconds: 40 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 40, nodes: 4 },
  twins: raftMemberTwins,
  examples: [
    { nodes: 3, terms: 1, entries: 0, changes: ['remove:n1'], candidates: ['n1'], losses: 'unlimited', inFlight: 2 },
  ],
});
