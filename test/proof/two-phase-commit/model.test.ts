import { describe, expect, test } from 'vitest';
import { type CheckOptions, type CheckResult, check } from '../../../src/checker.ts';
import { commitSystems } from '../../../src/proof/two-phase-commit/configurations.ts';
import { type TwoPhaseCommitOptions, twoPhaseCommitModel } from '../../../src/proof/two-phase-commit/model.ts';

const checked = (options: TwoPhaseCommitOptions, limits: CheckOptions = {}): CheckResult => {
  const result = check(twoPhaseCommitModel(options), limits);
  console.log(`${result.model}: ${result.states} states, ${result.transitions} transitions, depth ${result.depth}`);
  return result;
};
const failing = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ name, verdict }) =>
    verdict === 'holds' || verdict === 'reached' ? [] : `${name}: ${verdict}`,
  );

const quiet = { timeouts: 0, refusals: false } as const;

test.each([
  ['two participants that agree, in every order of events', { ...quiet, participants: 2 }],
  ['three', { ...quiet, participants: 3 }],
  ['four', { ...quiet, participants: 4 }],
  ['three participants, and a crash of any node', { ...quiet, participants: 3, crashes: 1, inquiries: 0 }],
  ['four, and a crash of the coordinator', { ...quiet, participants: 4, crashes: 1, crashing: ['c'], inquiries: 0 }],
  ['two participants that may refuse or give up waiting', { participants: 2 }],
  ['two participants, and a crash of any node at any moment', { ...quiet, participants: 2, crashes: 1 }],
  ['a last resource, and a crash of any node at any moment', { ...quiet, place: 'last', crashes: 1 }],
  ['a last resource that may refuse to commit, and timeouts', { participants: 2, place: 'last' }],
  ['a last resource and a reader', { ...quiet, participants: 3, readers: 1, place: 'last' }],
  ['acceptors, and an heir that leads whenever it likes', { ...quiet, place: 'paxos' }],
  [
    'acceptors, one of which crashes',
    { ...quiet, place: 'paxos', heir: false, wider: 1, crashes: 1, crashing: ['e'], inquiries: 0 },
  ],
  ['a reader, and a crash of any node', { ...quiet, participants: 3, readers: 1, crashes: 1, inquiries: 0 }],
] as const)('atomic, and nothing decided is reversed: %s', (_name, options) => {
  const result = checked(options);
  expect([failing(result), result.complete]).toEqual([[], true]);
});

describe('coming to an end', () => {
  const live = { ...quiet, inquiries: 'unlimited', eventually: true } as const;

  test.each([2, 3])('%i participants that agree commit when nothing fails', (participants) => {
    expect(failing(checked({ ...quiet, participants, mustCommit: true }))).toEqual([]);
  });

  test('participants in doubt do no harm, however often they ask a coordinator that waits for a slower vote', () => {
    const asking = { ...quiet, inquiries: 'unlimited', mustCommit: true } as const;
    expect(failing(checked({ ...asking, peerInquiries: 0 }))).toEqual([]);
    // To ask peers does harm: those that have not voted give up.
    expect(failing(checked({ ...asking, peerInquiries: 1 }))).toEqual(['all commit: violated']);
  });

  test('a lost message is said again', () => {
    expect(failing(checked({ ...live, losses: 1 }))).toEqual([]);
  });

  test('a coordinator that crashes and comes back ends every transaction', () => {
    const result = checked({ ...live, timeouts: 'unlimited', crashes: 1, crashing: ['c'] });
    expect(failing(result)).toEqual([]);
  });

  test('plain two-phase commit blocks while its coordinator is dead', () => {
    const result = checked({ ...live, crashes: 1, crashing: ['c'], restarts: false });
    expect(failing(result)).toEqual(['every branch comes to its end: violated']);
    const blocked = result.properties.find(({ verdict }) => verdict === 'violated');
    expect(blocked?.trace?.steps.map(({ type }) => type)).toContain('crash');
  });

  test('a last resource answers those who wait for it, whatever crashes', () => {
    expect(failing(checked({ ...live, place: 'last', crashes: 1 }))).toEqual([]);
  });

  test('a dead acceptor keeps nobody from the end', () => {
    const dead = { crashes: 1, crashing: ['e'], restarts: false, heir: false, wider: 'unlimited' } as const;
    const result = checked({ ...live, ...dead, place: 'paxos', inquiries: 0 });
    expect([failing(result), result.complete]).toEqual([[], true]);
  });

  test('a replicated coordinator does not block: the heir ends what the dead one began', () => {
    const dead = { crashes: 1, crashing: ['c'], restarts: false } as const;
    const result = checked({ ...live, ...dead, place: 'register', inquiries: 0 });
    expect([failing(result), result.complete]).toEqual([[], true]);
  });
});

describe('the systems that are proven in full', () => {
  const systems = (['journal', 'last', 'register', 'paxos'] as const).flatMap((place) =>
    commitSystems[place].map((system) => ({ ...system, model: twoPhaseCommitModel({ ...system.bounds, place }) })),
  );

  test('stay what they are called', () => {
    const names = systems.map(({ model }) => model.name);
    expect(new Set(names).size).toBe(names.length);
    for (const kind of ['2', '3', '4'].map((count) => `${count} participants`)) {
      expect(names.some((name) => name.includes(kind) && name.includes('crash'))).toBe(true);
    }
    for (const kind of ['loss', 'replicated', 'last resource', 'reader', 'unknown answer']) {
      expect(names.some((name) => name.includes(kind))).toBe(true);
    }
  });

  test('say of every known truth which property of theirs it violates', () => {
    const known = systems.flatMap(({ model, knownTruth }) => (knownTruth === undefined ? [] : { model, knownTruth }));
    expect(known.length).toBeGreaterThan(0);
    for (const { model, knownTruth } of known)
      expect(Object.keys(model.eventually ?? {})).toContain(knownTruth.violates);
  });
});
