import { describe, expect, test } from 'vitest';
import { type CheckResult, check } from '../../../src/checker.ts';
import { raftSystems } from '../../../src/proof/raft/configurations.ts';
import { type RaftModelOptions, raftModel } from '../../../src/proof/raft/model.ts';

// Bounded by states, not by time: a busy machine takes longer.
const unproven = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ name, verdict }) =>
    verdict === 'holds' || verdict === 'reached' ? [] : `${name}: ${verdict}`,
  );

/** Everything that may happen, a little of each, in systems small enough for every test run. */
const small: readonly RaftModelOptions[] = [
  { nodes: 1, terms: 2, entries: 2, crashes: 2, reads: 1, compactions: 1 },
  { nodes: 2, terms: 2, entries: 0, crashes: 1, preVotes: false },
  { nodes: 2, terms: 1, entries: 1, crashes: 1, losses: 1 },
  { nodes: 2, terms: 1, entries: 1, crashes: 1, duplicates: 1 },
  { nodes: 2, terms: 1, entries: 1, crashes: 1, network: 'ordered', notices: 1 },
  { nodes: 2, terms: 2, entries: 0, heartbeats: 1, quorumChecks: 1 },
  { nodes: 2, terms: 1, entries: 1, heartbeats: 1, compactions: 1, crashes: 1, preVotes: false },
  { nodes: 3, terms: 1, entries: 0, crashes: 1, losses: 'unlimited', inFlight: 2 },
  { nodes: 3, terms: 1, entries: 1, network: 'duplicating', preVotes: false },
  { nodes: 3, terms: 2, entries: 0, losses: 'unlimited', inFlight: 2 },
  { nodes: 2, terms: 2, entries: 1, transfers: 1, losses: 'unlimited', inFlight: 2 },
  { nodes: 2, terms: 2, entries: 0, transfers: 1, network: 'ordered', losses: 1 },
  { nodes: 1, terms: 1, entries: 0, replacements: 1, crashes: 1, losses: 'unlimited', inFlight: 2, preVotes: false },
  {
    nodes: 3,
    terms: 1,
    entries: 0,
    changes: ['remove:n1'],
    losses: 'unlimited',
    inFlight: 2,
    preVotes: false,
    candidates: ['n1'],
  },
  {
    nodes: 2,
    terms: 1,
    entries: 0,
    changes: ['add:n3', 'promote:n3', 'remove:n1'],
    losses: 'unlimited',
    inFlight: 2,
    preVotes: false,
    candidates: ['n1'],
  },
  {
    nodes: 3,
    terms: 1,
    entries: 0,
    replacements: 1,
    losses: 'unlimited',
    inFlight: 2,
    preVotes: false,
    candidates: ['n1'],
  },
  {
    nodes: 3,
    terms: 1,
    entries: 0,
    replacements: 1,
    leaderLeaves: true,
    losses: 'unlimited',
    inFlight: 2,
    preVotes: false,
    candidates: ['n1'],
  },
];

describe('Raft, in every run of a small system', () => {
  test.each(small)('keeps its properties and reaches its goals: %j', (options) => {
    const result = check(raftModel(options));
    expect(unproven(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, complete: true });
  });

  test('reaches nothing beyond the term that it is confined to', () => {
    const result = check(raftModel({ nodes: 2, terms: 1, entries: 0, elections: 3, crashes: 1 }));
    expect(result.pruned).toBeGreaterThan(0);
    expect(unproven(result)).toEqual([]);
  });
});

test('every configuration that is proven in full stays what it is called', () => {
  const names = raftSystems.map(({ bounds }) => raftModel(bounds).name);
  expect(new Set(names).size).toBe(names.length);
  for (const kind of ['2 servers', '3 servers', 'crash', 'loss', 'duplicate']) {
    expect(names.some((name) => name.includes(kind))).toBe(true);
  }
});
