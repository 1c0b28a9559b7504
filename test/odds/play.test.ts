import { describe, expect, test } from 'vitest';
import {
  confidenceInterval,
  OddsLimitError,
  type PlayOptions,
  ProcessError,
  play,
  type TimedView,
  type Weights,
  weigh,
} from '../../src/odds.ts';
import { askingModel, askingOf } from './asking.ts';
import { asks, lampModel, self, type Told } from './lamp.ts';

type History = readonly string[];
type View = TimedView<readonly ('answered' | 'gaveUp')[]>;

const isOver = ({ history }: View): boolean => history.length > 0;
const isAnswered = ({ history }: { readonly history: History }): boolean => history.includes('answered');
const patient: Weights = { timers: { patience: 3 } };

const played = (weights: Weights, options: Partial<PlayOptions<View['history']>> = {}) =>
  play(
    askingModel,
    { ...patient, ...weights },
    {
      seed: 1,
      until: isOver,
      events: { answered: isAnswered, over: isOver },
      ...options,
    },
  );

/** How often something was seen in runs of the first seeds, as an interval that errs once in a thousand times. */
const seen = (event: string, weights: Weights, runs = 1_000) => {
  let count = 0;
  for (let seed = 1; seed <= runs; seed += 1) if (played(weights, { seed }).seenAtTicks.has(event)) count += 1;
  return confidenceInterval(count, runs, 0.999);
};

describe('a model that is played', () => {
  test('takes as long and says as much as its bounds tell, where nothing is left to chance', () => {
    const run = played({ delay: 2, timers: { patience: 10 } });
    expect(run).toEqual({
      seenAtTicks: new Map([
        ['answered', 4],
        ['over', 4],
      ]),
      messages: 2,
      flushes: 0,
      ticks: 4,
      isOver: true,
    });
  });

  test('loses messages as probably as was said', () => {
    const fails = 1 - 0.7 * 0.7;
    const { lower, upper } = seen('answered', { loss: 0.3 });
    expect(lower).toBeLessThan(1 - fails ** 3);
    expect(upper).toBeGreaterThan(1 - fails ** 3);
    const wrong = 1 - (1 - 0.6 * 0.6) ** 3;
    expect(lower).toBeGreaterThan(wrong);
  });

  test('crashes nodes and starts them again as probably as was said', () => {
    for (const crashes of [
      { nodes: ['b'], perTick: 0.3 },
      { nodes: ['b'], perTick: 0.3, restartPerTick: 0.5 },
    ]) {
      const weights = { ...patient, crashes };
      const bounds = weigh(askingModel, weights, { until: isOver }).probability(isAnswered, { over: 'least' });
      const { lower, upper } = seen('answered', { crashes });
      expect(lower).toBeLessThan(bounds.upper);
      expect(upper).toBeGreaterThan(bounds.lower);
    }
  });

  test('draws delays from what was said of them', () => {
    const delay = [
      { ticks: 1, probability: 0.75 },
      { ticks: 2, probability: 0.25 },
    ];
    const ticks = Array.from({ length: 50 }, (_, seed) => played({ delay, timers: { patience: 9 } }, { seed }).ticks);
    expect([...new Set(ticks)].sort()).toEqual([2, 3, 4]);
  });

  test('tells for how long something lasts, and forgets what was broken off', () => {
    const lasting = {
      long: { holds: (view: View) => !isOver(view), ticks: 4 },
      short: { holds: (view: View) => !isOver(view), ticks: 5 },
    };
    const events = {
      long: (view: View) => view.hasLasted('long'),
      short: (view: View) => view.hasLasted('short'),
    };
    const run = played({ delay: 2, timers: { patience: 10 } }, { lasting, events });
    expect([...run.seenAtTicks.keys()]).toEqual(['long']);
  });

  test('is the same for the same seed, and another for another one', () => {
    const weights = { loss: 0.5 };
    const runs = Array.from({ length: 20 }, (_, seed) => played(weights, { seed }));
    expect(runs).toEqual(Array.from({ length: 20 }, (_, seed) => played(weights, { seed })));
    expect(new Set(runs.map(({ messages }) => messages)).size).toBeGreaterThan(1);
  });

  test('does what actors of one node say to each other without a message', () => {
    const run = play(askingOf('a'), patient, { seed: 1, until: isOver, events: {} });
    expect(run).toEqual({ seenAtTicks: new Map(), messages: 0, flushes: 0, ticks: 0, isOver: true });
  });

  test('ends where nothing happens any more, and says that it was not over', () => {
    const run = played({ loss: 1, timers: { patience: 'never' } });
    expect(run.isOver).toBe(false);
    expect(run.seenAtTicks.size).toBe(0);
  });

  test('ends at the horizon', () => {
    const run = played({ loss: 1, horizonTicks: 4 });
    expect(run.isOver).toBe(false);
    expect(run.ticks).toBe(3);
  });

  test.each<[string, Weights]>([
    ['a loss above 1', { loss: 1.2 }],
    ['a timer that no weight is given for', { timers: {} }],
    ['crashes below 0', { crashes: { perTick: -0.1 } }],
    ['a delay that takes no time', { delay: 0 }],
  ])('refuses %s', (_name, weights) => {
    expect(() => played(weights)).toThrow(ProcessError);
  });

  test('gives up a run that does not end', () => {
    expect(() => played({}, { until: () => false, maxSteps: 2 })).toThrow(OddsLimitError);
  });
});

describe('a resource of a model that is played', () => {
  const never = () => 'never' as const;
  const saw =
    (text: string) =>
    ({ history }: TimedView<Told>): boolean =>
      history.includes(text);
  const looked = (weights: Weights, text: string, seed = 1): boolean =>
    play(lampModel, { horizonTicks: 20, ...weights }, { seed, events: { saw: saw(text) } }).seenAtTicks.has('saw');

  test('changes by itself as soon as was said, and is asked over the state in which it was asked', () => {
    const changes = (_resource: string, { name }: { readonly name: string }) => (name === 'breaks' ? 3 : 2);
    // Broken from 3 to 5, from 8 to 10, and so on; what is asked at 7 is carried out at 9.
    expect(looked({ changes, operations: 2, requests: [asks(7)] }, 'lit, broken')).toBe(true);
    expect(looked({ changes: never, operations: 2, requests: [asks(7)] }, 'lit, lit')).toBe(true);
  });

  test('changes as probably as was said', () => {
    const changes = (_resource: string, { name }: { readonly name: string }) =>
      name === 'breaks'
        ? [
            { ticks: 3, probability: 0.25 },
            { ticks: 9, probability: 0.75 },
          ]
        : ('never' as const);
    let count = 0;
    for (let seed = 1; seed <= 1_000; seed += 1) {
      if (looked({ changes, requests: [asks(5)] }, 'broken, broken', seed)) count += 1;
    }
    const { lower, upper } = confidenceInterval(count, 1_000, 0.999);
    expect(lower).toBeLessThan(0.25);
    expect(upper).toBeGreaterThan(0.25);
  });

  test('answers no node that has crashed meanwhile, at the instant that was said', () => {
    const scheduled = (afterTicks: number) => ({ scheduled: [{ node: 'a', afterTicks }] });
    const asked = { changes: never, operations: 5, requests: [asks(1)] };
    expect(looked({ ...asked, crashes: scheduled(2) }, 'lit, lit')).toBe(false);
    expect(looked({ ...asked, crashes: scheduled(7) }, 'lit, lit')).toBe(true);
  });

  test('is asked once more because of what was told', () => {
    const run = play(
      lampModel,
      {
        changes: never,
        requests: [asks(1)],
        horizonTicks: 5.5,
        reactions: (actor, output) =>
          actor === self && output.type === 'seen' ? [{ actor: self, request: { type: 'look' } }] : [],
      },
      { seed: 1, events: { thrice: ({ history }) => history.length === 3 } },
    );
    expect(run.seenAtTicks.get('thrice')).toBe(4);
  });

  test('is refused without its weights', () => {
    expect(() => looked({}, 'lit, lit')).toThrow(ProcessError);
  });
});
