import { describe, expect, test } from 'vitest';
import { type CheckResult, check } from '../../../src/checker.ts';
import { type PaxosModelOptions, paxosModel } from '../../../src/proof/paxos/model.ts';

// Bounded by states, not by time: a busy machine takes longer.
const unproven = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ name, verdict }) =>
    verdict === 'holds' || verdict === 'reached' ? [] : `${name}: ${verdict}`,
  );

const lossy = { losses: 'unlimited', inFlight: 2 } as const;

/** Everything that may happen, a little of each, in systems small enough for every test run. */
const small: readonly PaxosModelOptions[] = [
  { nodes: 1, ballots: 3, entries: 2, crashes: 2, reads: 1, compactions: 1 },
  { nodes: 3, ballots: 1, entries: 1 },
  { nodes: 2, ballots: 2, entries: 1, crashes: 1, candidates: ['n1', 'n2'], ...lossy },
  { nodes: 2, phase2: 2, ballots: 2, entries: 1, candidates: ['n1', 'n2'], ...lossy },
  { nodes: 2, ballots: 2, entries: 1, transfers: 1, candidates: ['n1', 'n2'], ...lossy },
  { nodes: 3, ballots: 2, entries: 0, transfers: 1, candidates: ['n1', 'n2'], elections: 1, ...lossy },
  { nodes: 2, ballots: 1, entries: 0, replacements: 1, heartbeats: 1, candidates: ['n1'], ...lossy, inFlight: 4 },
];

describe('Multi-Paxos, in every run of a small system', () => {
  test.each(small)('keeps its properties and reaches its goals: %j', (options) => {
    const result = check(paxosModel(options));
    expect(unproven(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, complete: true });
  });
});
