import { expect, test } from 'vitest';
import type { AnyStateNode } from 'xstate';
import {
  acceptor,
  coordinator,
  coordinatorRules,
  participant,
  participantRules,
} from '../../../statecharts/two-phase-commit.ts';
import { type Definitions, definitionsOver, type Run, runSchedule, type Scenario } from './schedule.ts';

const two: Scenario = {
  branches: [{}, {}],
  place: 'journal',
  chaosSteps: 150,
  faults: 1,
};
const scenarios: Readonly<Record<string, Scenario>> = {
  'two branches': two,
  'three branches, one of them read-only': { ...two, branches: [{}, {}, { readOnly: true }] },
  'a branch that its database refuses': { ...two, branches: [{}, { refuses: true }] },
  'a last resource': { ...two, branches: [{}, {}, { last: true }] },
  'a last resource that takes no part': { ...two, lastTakesNoPart: true },
  'a last resource that refuses': { ...two, branches: [{}, { last: true, refuses: true }] },
  'a single branch': { ...two, branches: [{}] },
  'a decision register': { ...two, place: 'register' },
  'a decision register and a read-only branch': { ...two, branches: [{}, {}, { readOnly: true }], place: 'register' },
  'a decision register and a coordinator that never comes back': {
    ...two,
    place: 'register',
    coordinatorStaysDead: true,
  },
  acceptors: { ...two, place: 'acceptors' },
  'acceptors and a read-only branch': { ...two, branches: [{}, {}, { readOnly: true }], place: 'acceptors' },
  'acceptors and a branch that its database refuses': { ...two, branches: [{}, { refuses: true }], place: 'acceptors' },
  'acceptors, and a coordinator that never comes back with the acceptor beside it': {
    ...two,
    place: 'acceptors',
    coordinatorStaysDead: true,
  },
  'acceptors, one of which never comes back': { ...two, place: 'acceptors', acceptorStaysDead: true },
};

const runs = (count: number, scenario: Scenario, definitions: Definitions): Run[] =>
  Array.from({ length: count }, (_, seed) => runSchedule(seed, scenario, definitions));

/** The first schedule that breaks a promise. */
function firstViolation(scenario: Scenario, definitions: Definitions, limit: number): string | undefined {
  for (let seed = 0; seed < limit; seed += 1) {
    const { violation } = runSchedule(seed, scenario, definitions);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

const sound = definitionsOver();

/** What the schedules of a scenario came to: the first that went wrong, and what they reached before it. */
interface Played {
  readonly wrong: string | undefined;
  readonly visited: ReadonlySet<string>;
  readonly births: ReadonlySet<string>;
  readonly rules: ReadonlySet<string>;
}
const played = new Map<Scenario, Played>();

/** Plays each scenario once, for all tests that ask: it is most of what this file costs. */
function play(scenario: Scenario): Played {
  const before = played.get(scenario);
  if (before !== undefined) return before;
  const visited = new Set<string>();
  const births = new Set<string>();
  const rules = new Set<string>();
  let wrong: string | undefined;
  // Where decisions are kept elsewhere, some states are reached rarely.
  for (let seed = 0; seed < (scenario.place === 'journal' ? 200 : 500) && wrong === undefined; seed += 1) {
    const run = runSchedule(seed, { ...scenario, traced: true }, sound);
    for (const state of run.visited) visited.add(state);
    for (const birth of run.births) births.add(birth);
    for (const rule of run.rules) rules.add(rule);
    const problem = run.violation ?? (run.resolved ? undefined : `unresolved: ${run.standings.join()}`);
    if (problem !== undefined) wrong = `seed ${seed}: ${problem}\n${run.trace.join('\n')}`;
  }
  const result = { wrong, visited, births, rules };
  played.set(scenario, result);
  return result;
}

test.each(Object.entries(scenarios))(
  '%s: atomic in every schedule, and resolved when the faults end',
  (_name, scenario) => {
    expect(play(scenario).wrong).toBeUndefined();
  },
);

test('without faults, all yes commits and one no aborts', () => {
  const calm = { ...two, faults: 0 };
  for (const run of runs(200, calm, sound))
    expect([run.verdict, run.standings.join()]).toEqual(['committed', 'committed,committed']);
  for (const run of runs(200, { ...calm, branches: [{}, { refuses: true }] }, sound)) {
    expect([run.verdict, run.standings.join()]).toEqual(['aborted', 'aborted,aborted']);
  }
  for (const run of runs(200, { ...calm, branches: [{}, { last: true }] }, sound))
    expect(run.verdict).toBe('committed');
  for (const place of ['register', 'acceptors'] as const) {
    for (const run of runs(200, { ...calm, place }, sound)) expect(run.verdict).toBe('committed');
  }
});

test('plain two-phase commit blocks while its coordinator is dead', () => {
  const blocked = runs(300, { ...two, coordinatorStaysDead: true }, sound).filter((run) => !run.resolved);
  expect(blocked.length).toBeGreaterThan(0);
  expect(blocked.map((run) => run.violation).filter((it) => it !== undefined)).toEqual([]);
  expect(blocked.some((run) => run.standings.includes('prepared'))).toBe(true);
});

test('the same seed makes the same schedule', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    expect(runSchedule(seed, two, sound).trace).toEqual(runSchedule(seed, two, sound).trace);
  }
});

const leaves = (node: AnyStateNode): AnyStateNode[] =>
  node.type === 'atomic' ? [node] : Object.values<AnyStateNode>(node.states).flatMap(leaves);
const valueOfLeaf = (leaf: AnyStateNode): unknown =>
  leaf.path.reduceRight<unknown>((value, key) => (value === undefined ? key : { [key]: value }), undefined);
const citedRules = (node: AnyStateNode): string[] => [
  ...[...[...node.transitions.values()].flat(), ...(node.always ?? [])].flatMap(({ meta }) => meta?.rule ?? []),
  ...Object.values<AnyStateNode>(node.states).flatMap(citedRules),
];

test('the schedules reach every state, every way to begin a life, and every rule that the charts cite', () => {
  const all = Object.values(scenarios).map(play);
  const visited = new Set(all.flatMap((it) => [...it.visited]));
  const rules = new Set(all.flatMap((it) => [...it.rules]));
  for (const { name, chart } of [coordinator, participant, acceptor]) {
    // Nobody rests in a state that only leads on.
    const resting = leaves(chart.root).filter(
      (leaf) => !['born', 'deciding', 'givingUp', 'informed'].includes(leaf.key),
    );
    const missed = resting.filter((leaf) => !visited.has(`${name} ${JSON.stringify(valueOfLeaf(leaf))}`));
    expect(missed.map((leaf) => leaf.id)).toEqual([]);
    expect(citedRules(chart.root).filter((rule) => !rules.has(`${name} ${rule}`))).toEqual([]);
  }
  expect([...new Set(all.flatMap((it) => [...it.births]))].sort()).toEqual([
    '2pc.acceptor addressed',
    '2pc.acceptor recovered',
    '2pc.coordinator begin',
    '2pc.coordinator inquired',
    '2pc.coordinator recovered',
    '2pc.coordinator take-over',
    '2pc.participant found',
    '2pc.participant join',
    '2pc.participant summoned',
  ]);
});

const { decideCommit, announce, answer } = coordinatorRules;
const { isAnswer } = participantRules;

const faults: readonly (readonly [string, Scenario, Definitions])[] = [
  [
    'a decision that is sent before it is journalled',
    two,
    definitionsOver({
      coordinator: {
        decideCommit(context) {
          const { effects = [], context: change = {} } = decideCommit(context);
          return { context: change, effects: [...(announce({ ...context, ...change }).effects ?? []), ...effects] };
        },
      },
    }),
  ],
  [
    'a caller that is answered before the decision is journalled',
    two,
    definitionsOver({
      coordinator: {
        decideCommit(context) {
          const { effects = [], context: change = {} } = decideCommit(context);
          return { context: change, effects: [...effects].reverse() };
        },
      },
    }),
  ],
  [
    'a participant in doubt that aborts alone',
    two,
    definitionsOver({ participant: { inquire: () => ({ context: { outcome: 'aborted' } }) } }),
  ],
  [
    'an unknown answer to commit that is taken for success',
    two,
    definitionsOver({
      participant: { isDone: (context, heard) => isAnswer(context, heard) && heard.result.type !== 'refused' },
    }),
  ],
  [
    'an unknown answer to prepare that is taken for a yes',
    two,
    definitionsOver({
      participant: {
        isPrepared: (context, heard) =>
          isAnswer(context, { ...heard, operation: 'prepare' }) && heard.result.type !== 'refused',
        voteYes: (context) => participantRules.voteAgain({ ...context, receipt: 'xid-1' }),
      },
    }),
  ],
  [
    'a commit that is presumed',
    two,
    definitionsOver({
      coordinator: { presume: (context, inquiry) => answer({ ...context, outcome: 'committed' }, inquiry) },
    }),
  ],
  [
    'a coordinator that forgets unacknowledged branches',
    two,
    definitionsOver({ coordinator: { allAcknowledged: () => true } }),
  ],
  [
    'a coordinator that does not wait for all votes',
    two,
    definitionsOver({ coordinator: { allAgreed: ({ branches }) => branches.some((it) => it.vote === 'yes') } }),
  ],
  [
    'an unknown one-phase commit that is taken for aborted',
    { ...two, branches: [{}, { last: true }] },
    definitionsOver({
      participant: {
        isRefused: (context, heard) =>
          isAnswer(context, heard) && heard.operation === 'commit-one-phase' && heard.result.type !== 'done',
      },
    }),
  ],
  [
    'an owner that overrules the register which fenced it',
    { ...two, place: 'register' },
    definitionsOver({
      coordinator: {
        isDecided: (context, heard) => coordinatorRules.isAnswer(context, heard) && heard.result.type !== 'unknown',
        adoptRuling: ({ intent }) => ({ context: { outcome: intent } }),
      },
    }),
  ],
  [
    'an acceptor that does not keep to its promise',
    { ...two, place: 'acceptors' },
    definitionsOver({ acceptor: { isLate: () => false } }),
  ],
  [
    'a leader that aborts whatever was accepted',
    { ...two, place: 'acceptors' },
    definitionsOver({
      coordinator: {
        choose: ({ leadership, ...context }) =>
          coordinatorRules.choose({
            ...context,
            leadership: {
              ...leadership,
              reports: leadership.reports.map((it) => ({ ...it, votes: [], accepted: null })),
            },
          }),
      },
    }),
  ],
  [
    'a coordinator for which one acceptor is enough',
    { ...two, place: 'acceptors' },
    definitionsOver({
      coordinator: {
        isChosen: ({ leadership }) => leadership.reports.length > 0,
        adoptVotes: (context) => ({
          context: { outcome: 'committed', branches: context.branches.map((it) => ({ ...it, vote: 'yes' })) },
        }),
      },
    }),
  ],
  ['a database that accepts a prepare after the rollback', { ...two, readsAbsence: true }, sound],
];

test.each(faults)('the schedules find %s', (_name, scenario, definitions) => {
  expect(firstViolation(scenario, definitions, 3_000)).toBeDefined();
});
