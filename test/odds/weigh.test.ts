import { describe, expect, test } from 'vitest';
import { defineModel } from '../../src/checker.ts';
import { type Bounds, OddsLimitError, ProcessError, type TimedView, type Weights, weigh } from '../../src/odds.ts';
import { twoPhaseCommitModel } from '../../src/proof/two-phase-commit/model.ts';
import { addressOf, nodeOf } from '../../statecharts/actor.ts';
import { askingModel, askingOf } from './asking.ts';

const expectExactly = ({ lower, upper }: Bounds, value: number): void => {
  expect(lower).toBeCloseTo(value, 10);
  expect(upper).toBeCloseTo(value, 10);
};

const asked = (weights: Weights) => {
  const weighed = weigh(askingModel, { timers: { patience: 3 }, ...weights });
  const isAnswered = ({ history }: { readonly history: readonly string[] }): boolean => history.includes('answered');
  const isOver = ({ history }: { readonly history: readonly string[] }): boolean => history.length > 0;
  return { ...weighed, isAnswered, isOver };
};

describe('a model of the checker with weights', () => {
  test('loses messages as probably as was said', () => {
    const { isAnswered, isOver, ...system } = asked({ loss: 0.1 });
    const fails = 1 - 0.9 * 0.9;
    expectExactly(system.probability(isAnswered, { over: 'least' }), 1 - fails ** 3);
    const asks = 1 + fails + fails ** 2;
    expectExactly(system.expected('messages', isOver, { over: 'greatest' }), asks + asks * 0.9);
  });

  test('loses nothing as long as was said', () => {
    const { isAnswered, ...system } = asked({ loss: 0.1, losslessTicks: 3 });
    expectExactly(system.probability(isAnswered, { over: 'least' }), 1);
    const { isAnswered: isOk, ...later } = asked({ loss: 0.1, losslessTicks: 1 });
    // The first question, which is asked at once, arrives; its answer may be lost, and whatever is asked and answered then.
    expectExactly(later.probability(isOk, { over: 'least' }), 1 - 0.1 * 0.19 * 0.19);
  });

  test('gives other bounds for other weights', () => {
    const { isAnswered, ...system } = asked({ loss: 0.11 });
    expect(system.probability(isAnswered, { over: 'greatest' }).upper).toBeLessThan(1 - (1 - 0.9 * 0.9) ** 3);
  });

  test('takes as long as was said, also where that is left to chance', () => {
    const delay = [
      { ticks: 1, probability: 0.75 },
      { ticks: 2, probability: 0.25 },
    ];
    const { isAnswered, isOver, ...system } = asked({ delay, timers: { patience: 10 } });
    expectExactly(system.expected('ticks', isOver, { over: 'least' }), 2.5);
    expectExactly(system.probability(isAnswered, { over: 'least' }), 1);
  });

  test('counts an answer that comes too late for one that was not given', () => {
    const { isAnswered, ...system } = asked({ delay: 2, timers: { patience: 1 } });
    expectExactly(system.probability(isAnswered, { over: 'greatest' }), 0);
  });

  test('leaves what is due at once on a node in any order', () => {
    const { isOver, ...system } = asked({ timers: { patience: 2 } });
    // The answer comes in the very tick in which patience ends: it may be heard before that, or after asking once more.
    expectExactly(system.expected('messages', isOver, { over: 'least' }), 2);
    expectExactly(system.expected('messages', isOver, { over: 'greatest' }), 3);
  });

  test('leaves what is due at once on several nodes in any order, too', () => {
    const [asker] = askingModel.actors;
    if (asker === undefined) throw new Error('expected the actor that asks');
    const model = defineModel<readonly string[]>({
      name: 'two that ask nobody',
      actors: ['a', 'c'].map((node) => ({ ...asker, address: addressOf(node, 'asker') })),
      history: {
        start: [],
        observe: (history, happening) =>
          happening.type === 'delivered' ? [...history, nodeOf(happening.actor)] : history,
      },
    });
    const weighed = weigh(model, { timers: { patience: 1 } });
    for (const first of ['a', 'c']) {
      const isFirst = ({ history }: { readonly history: readonly string[] }): boolean => history[0] === first;
      expectExactly(weighed.probability(isFirst, { over: 'least' }), 0);
      expectExactly(weighed.probability(isFirst, { over: 'greatest' }), 1);
    }
  });

  test('does at once what actors of one node say to each other, and what that does to their timers', () => {
    const weighed = weigh(askingOf('a'), { timers: { patience: 3 } });
    const isOver = ({ history }: { readonly history: readonly string[] }): boolean => history.length > 0;
    expectExactly(weighed.probability(isOver, { over: 'least' }), 1);
    expectExactly(weighed.expected('ticks', isOver, { over: 'greatest' }), 0);
    // Nothing waits any more.
    expect(weighed.stateCount).toBe(2);
  });

  test('crashes nodes and starts them again as probably as was said', () => {
    const crashes = { nodes: ['b'], perTick: 0.1, restartPerTick: 1 };
    const { isAnswered, ...system } = asked({ crashes });
    expectExactly(system.probability(isAnswered, { over: 'least' }), 1 - 0.1 * (0.9 * 0.1) ** 2);
    const { isAnswered: isEver, ...dead } = asked({ crashes: { nodes: ['b'], perTick: 0.1 } });
    expectExactly(dead.probability(isEver, { over: 'greatest' }), 0.9);
  });

  test('crashes nodes, and starts them again, also while nothing else happens', () => {
    const crashes = { nodes: ['b'], perTick: 0.1, restartPerTick: 1 };
    const { isAnswered, ...system } = asked({ crashes, timers: { patience: 10 } });
    // The chance that it is up eight ticks after it has started again, which is before the next question is asked.
    let up = 1;
    for (let tick = 0; tick < 8; tick += 1) up = 1 - 0.1 * up;
    expectExactly(system.probability(isAnswered, { over: 'least' }), 1 - 0.1 * (up * 0.1) ** 2);
  });

  test('knows when a node crashes, whether it follows that or not', () => {
    const [, b] = askingModel.actors;
    if (b === undefined) throw new Error('expected the actor that answers');
    const ticksUntilDown = (maxCrashes?: number): Bounds => {
      const crashes = { nodes: ['b'], perTick: 0.1, ...(maxCrashes === undefined ? {} : { maxCrashes }) };
      const weights = { crashes, loss: 1, timers: { patience: 100 } };
      const weighed = weigh(askingModel, weights, { atMostBeyond: { ticks: 0 } });
      return weighed.expected('ticks', (view) => view.of(b).life === 'down', { over: 'greatest' });
    };
    expectExactly(ticksUntilDown(), 10);
    expectExactly(ticksUntilDown(0), 10);
  });

  test('tells for how long a node is down from when it crashed', () => {
    const [, b] = askingModel.actors;
    if (b === undefined) throw new Error('expected the actor that answers');
    const lasting = { down: { holds: (view: TimedView) => view.of(b).life === 'down', ticks: 2 } };
    const weights = { crashes: { nodes: ['b'], perTick: 0.5 }, loss: 1, timers: { patience: 4 }, horizonTicks: 4 };
    const weighed = weigh(askingModel, weights, { lasting });
    // It must crash in one of the first two ticks.
    expectExactly(
      weighed.probability((view) => view.hasLasted('down'), { over: 'least' }),
      0.75,
    );
  });

  test('widens its bounds by what it does not follow', () => {
    const { isAnswered, isOver, ...system } = asked({ loss: 0.1, maxLosses: 1 });
    const { lower, upper } = system.probability(isAnswered, { over: 'least' });
    const truth = 1 - (1 - 0.9 * 0.9) ** 3;
    // Answered at once, or after one loss.
    expect(lower).toBeCloseTo(0.81 + 0.19 * 0.81, 10);
    expect(upper).toBeGreaterThan(truth);
    expect(system.expected('messages', isOver, { over: 'greatest' }).upper).toBe(Number.POSITIVE_INFINITY);
  });

  test('bounds what is expected beyond a cut by what is said of it', () => {
    const { isOver, ...system } = asked({ loss: 0.1, maxLosses: 1 });
    const isCut = system.expected('messages', isOver, { over: 'greatest' });
    expect(isCut.upper).toBe(Number.POSITIVE_INFINITY);
    const weights = { timers: { patience: 3 }, loss: 0.1, maxLosses: 1 };
    // At most three questions, and three answers.
    const told = weigh(askingModel, weights, { atMostBeyond: { messages: 6 } });
    const { lower, upper } = told.expected('messages', isOver, { over: 'greatest' });
    const fails = 1 - 0.9 * 0.9;
    const truth = (1 + fails + fails ** 2) * 1.9;
    expect(lower).toBeLessThan(truth);
    expect(upper).toBeGreaterThan(truth);
    expect(upper).toBeLessThan(truth + 6 * fails ** 2);
  });

  test('tells how probable something is in the runs that fulfil a condition', () => {
    const { isAnswered, ...system } = asked({ loss: 0.1, crashes: { nodes: ['b'], perTick: 0.1 } });
    const isOver = ({ history }: { readonly history: readonly string[] }): boolean => history.length > 0;
    const over = { over: 'least' } as const;
    const answered = system.probability(isAnswered, over).lower;
    expectExactly(system.conditional(isAnswered, isOver, over) ?? { lower: 0, upper: 0 }, answered);
    expect(system.conditional(isAnswered, () => false, over)).toBeUndefined();
  });

  test('widens what it tells under a condition by what it does not follow', () => {
    const { isAnswered, isOver, ...system } = asked({ loss: 0.1, maxLosses: 1 });
    const bounds = system.conditional(isAnswered, isOver, { over: 'least' });
    expect(bounds?.lower).toBeCloseTo(0.81 + 0.19 * 0.81, 10);
    expect(bounds?.upper).toBeGreaterThan(1 - 0.19 ** 3);
  });

  test('tells for how long something lasts without a break', () => {
    const isWaiting = (view: { readonly history: readonly string[] }): boolean => view.history.length === 0;
    const lasting = (ticks: number) => ({ waiting: { holds: isWaiting, ticks } });
    const weights = { timers: { patience: 3 }, loss: 0.1 };
    const waits = (ticks: number): Bounds =>
      weigh(askingModel, weights, { lasting: lasting(ticks) }).probability((view) => view.hasLasted('waiting'), {
        over: 'least',
      });
    const fails = 1 - 0.9 * 0.9;
    expectExactly(waits(2), 1);
    expectExactly(waits(3), fails);
    expectExactly(waits(5), fails);
    expectExactly(waits(6), fails ** 2);
    expectExactly(waits(10), 0);
  });

  test('draws timers from the ranges of the charts where they are not named', () => {
    const { isAnswered } = asked({});
    // The chart's own patience is 1 ms: four ticks of a quarter.
    const drawn = weigh(askingModel, { tickMs: 0.25, drawnAt: [{ fraction: 0.5, probability: 1 }], delay: 2 });
    const isLate = weigh(askingModel, { tickMs: 0.25, drawnAt: [{ fraction: 0.5, probability: 1 }], delay: 7 });
    expectExactly(drawn.probability(isAnswered, { over: 'greatest' }), 1);
    expectExactly(isLate.probability(isAnswered, { over: 'greatest' }), 0);
  });

  test('commits two branches exactly as probably as both vote yes, where nothing is lost', () => {
    const isEnded = (view: { resource(name: string): unknown }, as: readonly string[]): boolean =>
      ['r1', 'r2'].every((name) => as.includes(String(view.resource(name))));
    const weights = {
      timers: {
        voteTimeout: 20,
        idleTimeout: 100,
        transactionTimeout: 'never',
        voteRetryInterval: 5,
        inquiryInterval: 5,
      },
      waysOf: () => [0.9, 0.1],
    } as const;
    const timers = {
      ...weights.timers,
      peerInquiryDelay: 5,
      retention: 'never',
      linger: 'never',
      reminderInterval: 5,
      decisionRetryInterval: 5,
      leadPause: 'never',
    } as const;
    const system = weigh(
      twoPhaseCommitModel({ participants: 2, refusals: true }),
      { ...weights, timers },
      {
        until: (view) => isEnded(view, ['committed', 'aborted']),
      },
    );
    expectExactly(
      system.probability((view) => isEnded(view, ['committed']), { over: 'least' }),
      0.81,
    );
    expectExactly(
      system.probability((view) => isEnded(view, ['committed']), { over: 'greatest' }),
      0.81,
    );
  });

  test.each<[string, Weights]>([
    ['a loss above 1', { loss: 1.2 }],
    ['a delay that takes no time', { delay: 0 }],
    ['delays that do not add up to 1', { delay: [{ ticks: 1, probability: 0.5 }] }],
    ['a timer that no weight is given for', { timers: {} }],
    ['a fraction above 1', { timers: {}, drawnAt: [{ fraction: 1.5, probability: 1 }] }],
    ['crashes below 0', { crashes: { perTick: -0.1 } }],
  ])('refuses %s', (_name, weights) => {
    expect(() => asked(weights)).toThrow(ProcessError);
  });

  test('gives no number when there are too many states', () => {
    expect(() => weigh(askingModel, { timers: { patience: 3 } }, { maxStates: 3 })).toThrow(OddsLimitError);
  });
});
