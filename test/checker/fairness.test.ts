/** What must happen at last, what need not, and where a run may end. */

import { describe, expect, test } from 'vitest';
import {
  type CheckResult,
  check,
  type Model,
  ModelError,
  renderResult,
  renderTrace,
  request,
  resourceModel,
} from '../../src/checker.ts';
import { asked, first, second, silence, speech } from './models/waiter.ts';
import { type Walk, walkModel } from './models/walker.ts';
import { work } from './models/worker.ts';

/** What is said of everything that must happen at last. */
const verdicts = ({ properties }: CheckResult): readonly unknown[] =>
  properties.flatMap(({ kind, verdict, because }) => (kind === 'eventually' ? [because ?? verdict] : []));
const stepsOf = ({ properties }: CheckResult): readonly string[] | undefined =>
  properties.find(({ kind }) => kind === 'eventually')?.trace?.steps.map(({ type }) => type);

describe('a state from which only unfair steps lead on', () => {
  const crashes = { times: 1, restarts: false };

  test('is an end: to allow a crash does not make come true what nothing leads to', () => {
    for (const options of [{}, { crashes }, { crashes: { times: 'unlimited' as const } }]) {
      const result = check(silence({ fair: ['deliver'], ...options }));
      expect([verdicts(result), stepsOf(result)]).toEqual([['violated'], []]);
    }
  });

  test('is an end also when a property states its own fairness', () => {
    const eventually = { done: { holds: () => false, fair: ['deliver'] as const } };
    expect(verdicts(check(silence({ eventually, crashes })))).toEqual(['violated']);
  });

  test('is an end when the application may ask, and need not', () => {
    const asking = [request(first, { type: 'stop' })];
    expect(verdicts(check(silence({ requests: asking })))).toEqual(['violated']);
    expect(verdicts(check(silence({ requests: asking, fair: ['request'] })))).toEqual(['holds']);
  });

  test('is every state where nothing is fair', () => {
    const result = check(speech({}));
    expect([verdicts(result), stepsOf(result)]).toEqual([['violated', 'violated'], []]);
  });

  test('is an end when all that may come is that an answer stays unknown', () => {
    const waiting = (options: Partial<Model<readonly string[]>>) => ({
      ...work({
        knowsIds: true,
        resources: { store: resourceModel({ start: { sum: 0, ids: [] }, perform: () => [] }) },
        sometimes: {},
        timers: {},
        network: { kind: 'duplicating' },
        eventually: { told: { holds: ({ history }) => history.length > 0 } },
        fair: ['timer', 'deliver', 'local', 'flush', 'execute', 'answer'],
        ...options,
      }),
    });
    expect(verdicts(check(waiting({ unknownAnswers: 1 })))).toEqual(['violated']);
    const deadline: Partial<Model<readonly string[]>> = {
      fair: ['timer', 'deliver', 'local', 'flush', 'execute', 'answer', 'unknown'],
    };
    expect(verdicts(check(waiting({ ...deadline, unknownAnswers: 'unlimited' })))).toEqual(['holds']);
    expect(verdicts(check(waiting({ ...deadline, unknownAnswers: 0 })))).toEqual(['withheld']);
  });

  test('is a deadlock, unless a run may end there', () => {
    const found = (options: Partial<Model>) =>
      check(silence({ eventually: {}, mayEnd: () => false, ...options })).properties.at(-1);
    expect(found({ crashes })).toMatchObject({ name: 'no deadlock', verdict: 'violated', trace: { steps: [] } });
    expect(found({ requests: [request(first, { type: 'stop' }, { times: 1 })] })).toMatchObject({
      verdict: 'violated',
      trace: { steps: [{ type: 'request' }] },
    });
  });
});

describe('what limits the exploration, and not the system', () => {
  test('is a budget of timers: where it is spent, nothing ends', () => {
    const result = check(speech({ timers: { pause: 0 }, fair: ['timer', 'deliver'] }));
    expect(result).toMatchObject({ ok: false, complete: true });
    expect(verdicts(result)).toEqual(['withheld', 'withheld']);
    expect(renderResult(result)).toMatch(
      /inconclusive eventually: the first is done \(a run without it ends, or goes round, only because a budget is spent\)/,
    );
    expect(renderResult(result)).toContain("A run that leaves open 'the first is done', 0 steps:");
    expect(verdicts(check(speech({ timers: { pause: 1 }, fair: ['timer', 'deliver'] })))).toEqual(['holds', 'holds']);
  });

  test('is the time that passes', () => {
    const clock = { tickMs: 1, ticks: 2 };
    expect(verdicts(check(silence({ clock, fair: ['tick'] })))).toEqual(['withheld']);
    expect(verdicts(check(silence({ clock })))).toEqual(['violated']);
  });

  test('is the boundary, and a limit of states', () => {
    const walk: Walk = { ...cross, goals: [3], requests: [{ fair: 'weak' }, { fair: 'weak' }] };
    expect(verdicts(check(walkModel(walk)))).toEqual(['holds']);
    expect(verdicts(check(walkModel({ ...walk, beyond: 2 })))).toEqual(['cut']);
    expect(verdicts(check(walkModel(walk), { maxStates: 1 }))).toEqual(['cut']);
  });

  test('is no budget of requests, crashes or losses: those say what the application and the world do', () => {
    const once = check(
      silence({
        requests: [request(second, { type: 'stop' }, { times: 1 })],
        actors: [first, second],
        fair: ['request'],
      }),
    );
    expect([verdicts(once), stepsOf(once)]).toEqual([['violated'], ['request']]);
    expect(
      verdicts(check(speech({ network: { kind: 'duplicating', losses: 2 }, fair: ['timer', 'deliver'] }))),
    ).toEqual(['holds', 'holds']);
  });
});

/** From 0 to 1, 2 and 3, and back and forth between 1 and 2. */
const cross: Walk = {
  places: 4,
  begins: [0],
  ways: [
    { from: 0, by: 'request', number: 0, to: 1 },
    { from: 1, by: 'request', number: 0, to: 2 },
    { from: 2, by: 'request', number: 0, to: 1 },
    { from: 1, by: 'request', number: 1, to: 3 },
    { from: 2, by: 'request', number: 1, to: 3 },
  ],
  requests: [{}, {}],
  timers: [],
  goals: [3],
};

describe('fairness', () => {
  test('of a lossy network must be strong: a message may be possible again and again, and never for ever', () => {
    const lossy = { network: { kind: 'duplicating', losses: 'unlimited' } } as const;
    const weak = check(speech({ ...lossy, fair: ['timer', 'deliver'] }));
    expect(verdicts(weak)).toEqual(['violated', 'violated']);
    const [trace] = weak.properties.flatMap(({ kind, trace: run }) => (kind === 'eventually' && run ? [run] : []));
    expect(new Set(trace?.steps.slice(trace.loopFrom).map(({ type }) => type))).toEqual(new Set(['timer', 'lose']));
    expect(verdicts(check(speech({ ...lossy, fair: ['timer', { steps: 'deliver', strength: 'strong' }] })))).toEqual([
      'holds',
      'holds',
    ]);
  });

  test('may be that of some actors alone', () => {
    const fair = ['timer', { steps: 'deliver', actors: [second] }] as const;
    expect(verdicts(check(speech({ fair })))).toEqual(['violated', 'holds']);
  });

  test('may be that of some messages, delays or requests alone', () => {
    expect(verdicts(check(speech({ fair: ['timer', { steps: 'deliver', named: ['word'] }] })))).toEqual([
      'holds',
      'holds',
    ]);
    expect(verdicts(check(speech({ fair: ['timer', { steps: 'deliver', named: ['other'] }] })))).toEqual([
      'violated',
      'violated',
    ]);
    expect(verdicts(check(speech({ fair: ['deliver', { steps: 'timer', named: ['pause'] }] })))).toEqual([
      'holds',
      'holds',
    ]);
  });

  test('may be that of one request', () => {
    const model = asked([request(first, { type: 'stop' }), request(second, { type: 'stop' }, { fair: 'weak' })]);
    expect(verdicts(check(model))).toEqual(['violated', 'holds']);
  });

  test('of an actor asks for less than that of each of its actions', () => {
    expect(verdicts(check(walkModel({ ...cross, requests: [{}, { fair: 'weak' }], goesOn: 'weak' })))).toEqual([
      'holds',
    ]);
    expect(verdicts(check(walkModel({ ...cross, goesOn: 'strong' })))).toEqual(['violated']);
  });

  test('must be strong where what is wanted is not always possible', () => {
    const sometimes = cross.ways.filter(({ from, to }) => from !== 2 || to !== 3);
    const walk = (fair: 'weak' | 'strong'): Walk => ({
      ...cross,
      ways: sometimes,
      requests: [{ fair: 'weak' }, { fair }],
    });
    expect(verdicts(check(walkModel(walk('weak'))))).toEqual(['violated']);
    expect(verdicts(check(walkModel(walk('strong'))))).toEqual(['holds']);
  });

  test('does not keep a run from going round where a strongly fair step is never possible', () => {
    const roundabout: Walk = {
      places: 5,
      begins: [1],
      ways: [
        { from: 1, by: 'request', number: 0, to: 2 },
        { from: 2, by: 'request', number: 0, to: 1 },
        { from: 1, by: 'request', number: 2, to: 3 },
        { from: 3, by: 'request', number: 0, to: 1 },
        { from: 3, by: 'request', number: 1, to: 4 },
      ],
      requests: [{ fair: 'weak' }, { fair: 'strong' }, {}],
      timers: [],
      goals: [4],
    };
    expect(verdicts(check(walkModel(roundabout)))).toEqual(['violated']);
  });

  test.each(['crash', 'lose', 'duplicate'] as const)(
    "of '%s' is refused: things would hold because something fails",
    (steps) => {
      expect(() => check(silence({ fair: [{ steps }] }))).toThrow(ModelError);
    },
  );

  test('that names what is not there is refused', () => {
    expect(() => check(silence({ fair: [{ steps: 'deliver', actors: [second] }] }))).toThrow(/which the model lacks/);
    expect(() => check(silence({ fair: [{ steps: 'flush', named: ['word'] }] }))).toThrow(/have no names/);
  });
});

describe('several ways to begin', () => {
  const apart: Walk = { ...cross, begins: [0, 3], ways: [], goals: [3], requests: [{}] };

  test('are all explored, and a counterexample tells which it was', () => {
    const result = check(walkModel(apart));
    expect(result).toMatchObject({ states: 2, generated: 2, depth: 1 });
    const trace = result.properties.at(-1)?.trace;
    expect(trace).toMatchObject({ begins: 'p0', steps: [] });
    expect(renderTrace(trace ?? { steps: [], details: [], start: [] })).toContain('it begins: p0');
  });

  test('are kept by actors that crash and start again', () => {
    // Running, down, and running with no crash left, for each.
    expect(check({ ...walkModel(apart), crashes: { times: 1 } }).states).toBe(6);
  });

  test('may differ in resources and in the history', () => {
    const start: readonly string[] = [];
    const seen = new Set<string>();
    check({
      ...work({ knowsIds: true }),
      starts: {
        'an empty store': { history: start },
        'a full one': { resources: { store: { sum: 1, ids: ['add'] } }, history: ['finished'] },
      },
      always: {
        noted: (state) => seen.add(JSON.stringify([state.history, state.resource('store')])) !== undefined,
      },
    });
    expect([...seen]).toContain('[["finished"],{"sum":1,"ids":["add"]}]');
    expect([...seen]).toContain('[[],{"sum":0,"ids":[""]}]');
  });

  test('of what the model lacks are refused', () => {
    expect(() => check(silence({ starts: { other: { actors: [second] } } }))).toThrow(/no actor of model/);
    expect(() => check(silence({ starts: { other: { resources: { store: 1 } } } }))).toThrow(/no resource/);
    expect(() => check(silence({ starts: { other: { history: 1 } } }))).toThrow(/keeps none/);
    expect(() => check(silence({ starts: {} }))).toThrow(/a way to begin/);
  });
});

describe('a request whose content depends on the state', () => {
  test('is a step for each that may be asked, and none where nothing may', () => {
    const words = (state: Parameters<NonNullable<Model['boundary']>>[0]) =>
      state.of(second).snapshot?.value === 'done' ? [] : [1, 2].map((word) => ({ type: 'take' as const, word }));
    const result = check({ ...asked([request(first, words), request(second, { type: 'stop' })]), deliveries: 'all' });
    expect(result).toMatchObject({ states: 4 });
    const taken = check(asked([request(first, words, { fair: 'weak' })]));
    expect(verdicts(taken)).toEqual(['holds', 'violated']);
  });

  test('is refused when its actor does not take it', () => {
    const word: number = JSON.parse('"no number"');
    expect(() => check(asked([request(first, () => [{ type: 'take' as const, word }])]))).toThrow(/take/);
  });
});
