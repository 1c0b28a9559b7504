/**
 * How fast the checker goes through Lamport's TwoPhase specification with 7 resource managers, written as XState
 * machines: with and without remembered steps.
 */

import { type CheckOptions, check } from '../src/checker.ts';
import { twoPhase } from '../test/checker/models/two-phase.ts';
import { median, printTable } from './table.ts';

interface Run {
  readonly name: string;
  readonly options: CheckOptions;
  readonly rounds: number;
}

const runs: readonly Run[] = [
  { name: 'as it is used', options: {}, rounds: 5 },
  {
    name: 'every step runs a chart (first 10 s)',
    options: { memoise: false, maxSeconds: 10 },
    rounds: 1,
  },
];
const resourceManagers = 7;

const rows = runs.map(({ name, options, rounds }) => {
  const results = Array.from({ length: rounds }, () => check(twoPhase(resourceManagers), options));
  const [first] = results;
  const seconds = median(results.map((result) => result.seconds));
  const { states = 0, transitions = 0, depth = 0, bytesPerState = 0, localStates = 0 } = first ?? {};
  return [
    name,
    states,
    transitions,
    depth,
    localStates,
    seconds,
    transitions / seconds,
    states / seconds,
    bytesPerState,
  ];
});
console.log(`TwoPhase with ${resourceManagers} resource managers, one thread, visited states exact`);
printTable(
  ['', 'states', 'transitions', 'depth', 'local states', 'seconds', 'transitions/s', 'states/s', 'bytes/state'],
  rows,
);
