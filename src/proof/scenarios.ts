/** The protocols that can be simulated, by the names that people give them. */

import type { AnyScenario, Application } from '../simulator/scenario.ts';
import { raftScenario } from './raft/scenario.ts';
import { twoPhaseCommitScenario } from './two-phase-commit/scenario.ts';

/** A scenario, and what it is about. */
export interface ListedScenario {
  readonly name: string;
  readonly about: string;
  make(): AnyScenario<Application>;
}

export const scenarios: readonly ListedScenario[] = [
  { name: 'raft', about: 'the replicated store over Raft', make: () => raftScenario() },
  {
    name: '2pc',
    about: 'transactions over several databases, decided in the journal of the node that began them',
    make: () => twoPhaseCommitScenario(),
  },
  {
    name: '2pc-last',
    about: 'the same, decided by the commit of one database that is not prepared',
    make: () => twoPhaseCommitScenario({ place: 'last' }),
  },
  {
    name: '2pc-register',
    about: 'the same, decided in a replicated register, with take-over by other nodes',
    make: () => twoPhaseCommitScenario({ place: 'register' }),
  },
];
