/** Two-phase commit, as protocols that are simulated, checked and broken: one for each place where decisions are kept. */

import { defineProtocol, type Protocol } from '../protocol.ts';
import { assertPossible, commitBounds } from './bounds.ts';
import { commitTwins } from './broken.ts';
import type { BrokenParts } from './broken-parts.ts';
import { commitSystems } from './configurations.ts';
import { twoPhaseCommitModel } from './model.ts';
import type { DecidingPlace } from './scenario/operations.ts';
import { twoPhaseCommitScenario } from './scenario.ts';

const examples = [
  { participants: 3, timeouts: 0, refusals: false, crashes: 1, inquiries: 0 },
  { timeouts: 0, refusals: false, crashes: 1, crashing: ['c'], restarts: false, inquiries: 0, eventually: true },
] as const;
/** With an heir that may lead at any moment, and with an acceptor that is dead. */
const paxosExamples = [
  { timeouts: 0, refusals: false },
  { timeouts: 0, refusals: false, heir: false, wider: 'unlimited', crashes: 1, crashing: ['e'], eventually: true },
] as const;

const decidedIn = (place: DecidingPlace, about: string, runs: number): Protocol =>
  defineProtocol({
    name: place === 'journal' ? '2pc' : `2pc-${place}`,
    about,
    bounds: commitBounds,
    assertPossible: (bounds) => assertPossible(bounds, place),
    model: (given, broken?: BrokenParts) => twoPhaseCommitModel({ ...given, place, ...(broken && { broken }) }),
    scenario: (broken) => twoPhaseCommitScenario({ place, ...(broken && { broken }) }),
    systems: commitSystems[place],
    suites: [{ runs, nodes: 3, budgetSeconds: 60 }],
    statesToFind: 50_000,
    runsToFind: { runs: 60, nodes: 3 },
    twins: commitTwins[place],
    examples: place === 'paxos' ? paxosExamples : examples,
  });

/** Decided in the journal of the node that began a transaction. */
export const twoPhaseCommit = decidedIn(
  'journal',
  'transactions over several databases, decided in the journal of the node that began them',
  1_000,
);
/** Decided by a last resource. */
export const twoPhaseCommitLast = decidedIn(
  'last',
  'the same, decided by the commit of one database that is not prepared',
  500,
);
/** Decided in a register. */
export const twoPhaseCommitRegister = decidedIn(
  'register',
  'the same, decided in a replicated register, with take-over by other nodes',
  1_000,
);
/** Decided by acceptors: Paxos Commit. */
export const paxosCommit = decidedIn(
  'paxos',
  'the same, decided by acceptors that take the votes (Paxos Commit), with take-over by other nodes',
  1_000,
);
