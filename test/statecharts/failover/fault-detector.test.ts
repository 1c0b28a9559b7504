import { describe, expect, test } from 'vitest';
import {
  DetectorConfigError,
  type FaultDetectorContext,
  faultDetector,
  suspicionMs,
} from '../../../statecharts/failover.ts';
import { ack, begin, born, knowing, second, self, sent, standing, suspecting, third, told, watched } from './parts.ts';

type State = ReturnType<typeof standing>;

/** Fires the only armed timer of that delay at `atMs`. */
function fire(state: State, delay: string, atMs: number) {
  const timer = faultDetector.timers(state).find((it) => it.delay === delay);
  if (timer === undefined) throw new Error(`no timer '${delay}' is armed`);
  const step = faultDetector.fire(state, timer.id, atMs, true);
  return { ...step, rules: step.transitions.flatMap(({ rule }) => rule ?? []) };
}
const contextOf = (step: { readonly state: { readonly snapshot: { readonly context: unknown } } }) =>
  step.state.snapshot.context;
const armed = (state: State): string[] => faultDetector.timers(state).map(({ delay }) => delay);
const delayOf = (state: State, delay: string): number => {
  const timer = faultDetector.timers(state).find((it) => it.delay === delay);
  return timer === undefined ? Number.NaN : faultDetector.rangeOf(timer, state).minMs;
};

describe('pings', () => {
  test('a life begins with a durable number, and the first ping leaves at once', () => {
    const { effects, state } = born();
    expect(effects).toEqual([{ type: 'persist', record: { type: 'life', number: 2 }, checkpoint: true }]);
    expect(armed(state).sort()).toEqual(['nextPing', 'silence']);
    expect([delayOf(state, 'nextPing'), delayOf(state, 'silence')]).toEqual([0, 250]);
    const first = fire(state, 'nextPing', 10_100);
    expect(first.effects).toEqual([sent(watched, { type: 'ping', watch: 2, sequence: 1, relayedFor: null })]);
    expect(contextOf(first)).toMatchObject({ startedMs: 10_000, sequence: 1, nextPingMs: 10_200, pingInMs: 100 });
  });

  test('ping s is due s intervals after the start, however late the one before it left (Chen et al. §3)', () => {
    const late = fire(standing({ trusted: 'fresh' }), 'nextPing', 10_830);
    expect(late.effects).toEqual([sent(watched, { type: 'ping', watch: 2, sequence: 8, relayedFor: null })]);
    expect(contextOf(late)).toMatchObject({ sequence: 8, nextPingMs: 10_900, pingInMs: 70 });
  });

  test('a ping for another detector is sent in its place, and said to be (SWIM §3.1)', () => {
    const { effects, rules } = faultDetector.step(standing({ trusted: 'fresh' }), {
      type: 'ping-req',
      watch: 9,
      sequence: 4,
      from: second,
    });
    expect(effects).toEqual([
      sent(watched, { type: 'ping', watch: 9, sequence: 4, relayedFor: 'n2' }),
      sent(second, { type: 'relayed', watch: 9, sequence: 4 }),
    ]);
    expect(rules).toEqual(['SWIM §3.1: ping for another']);
  });

  test('the answer to it is handed on, and says nothing to the detector itself', () => {
    const state = standing({ trusted: 'fresh' });
    const { effects, snapshot } = faultDetector.step(state, ack(7, 10_750, { watch: 2, relayedFor: 'n2' }));
    expect(effects).toEqual([sent(second, { type: 'indirect-ack', watch: 2, sequence: 7, life: 3 })]);
    expect(snapshot.context).toEqual(state.snapshot.context);
    expect(faultDetector.step(state, ack(7, 10_750, { relayedFor: 'n9' })).effects).toEqual([]);
  });
});

describe('a node that answers', () => {
  test('is trusted for as long as the estimator says from each answer on', () => {
    const { state, snapshot, rules } = faultDetector.step(standing({ trusted: 'fresh' }), ack(7, 10_720));
    expect(rules).toEqual(['Chen et al. §3: fresh again']);
    expect(snapshot.context).toMatchObject({ answered: 7, heardMs: 10_720, freshUntilMs: 10_970, freshForMs: 250 });
    expect(delayOf(state, 'silence')).toBe(250);
  });

  test.each([
    ['to a ping that was answered', ack(6, 10_720)],
    ['to a ping that never left', ack(8, 10_720)],
    ['to an earlier watch', ack(7, 10_720, { watch: 1 })],
    ['of an earlier life of the node', ack(7, 10_720, { life: 2 })],
  ])('an answer %s is none', (_what, answer) => {
    const state = standing({ trusted: 'fresh' });
    const { effects, snapshot } = faultDetector.step(state, answer);
    expect([effects, snapshot.context]).toEqual([[], state.snapshot.context]);
  });

  test('that it has started again is told, and how long its first answer took is no sample', () => {
    const phi = knowing().estimate;
    const { effects, snapshot } = faultDetector.step(standing({ trusted: 'fresh' }), ack(7, 10_720, { life: 4 }));
    expect(effects).toEqual([told('trusted', 10_720, { type: 'restarted' }, { life: 4, heardMs: 10_720 })]);
    expect(snapshot.context).toMatchObject({ life: 4, estimate: { ...phi, lastMs: 10_720 } });
  });

  test('others who ask hear that it is not suspected', () => {
    const { effects } = faultDetector.step(standing({ trusted: 'fresh' }), {
      type: 'suspicion',
      watch: 5,
      round: 2,
      from: third,
    });
    expect(effects).toEqual([sent(third, { type: 'opinion', watch: 5, round: 2, suspects: false })]);
  });
});

describe('silence', () => {
  const probing = (change: Partial<FaultDetectorContext> = {}) =>
    standing({ trusted: 'probing' }, { probed: 7, asked: ['n2', 'n3'], relayed: [], dueMs: 10_951, ...change });

  test('is probed through others before it is a suspicion (SWIM §3.1)', () => {
    const { effects, rules, state } = fire(standing({ trusted: 'fresh' }), 'silence', 10_851);
    expect(effects).toEqual([
      sent(third, { type: 'ping-req', watch: 2, sequence: 7 }),
      sent(second, { type: 'ping-req', watch: 2, sequence: 7 }),
    ]);
    expect(rules).toEqual(['SWIM §3.1: ping-req']);
    expect(state.snapshot.hasTag('trusted')).toBe(true);
    expect(state.snapshot.context).toMatchObject({ probed: 7, asked: ['n2', 'n3'], relayed: [], dueMs: 10_951 });
    expect(delayOf(state, 'probeTimeout')).toBe(100);
  });

  test('before the first ping has left has nothing that others could help with', () => {
    const { effects, state } = fire(born().state, 'silence', 250);
    expect(effects).toEqual([]);
    expect(state.snapshot.matches({ judging: { trusted: 'probing' } })).toBe(true);
  });

  test('asks no more others than the settings say, and each time others', () => {
    const settings = { ...knowing().settings, relays: 1 };
    const asks = (sequence: number) =>
      fire(standing({ trusted: 'fresh' }, { settings, sequence }), 'silence', 10_851).effects;
    expect(asks(7)).toEqual([sent(third, { type: 'ping-req', watch: 2, sequence: 7 })]);
    expect(asks(8)).toEqual([sent(second, { type: 'ping-req', watch: 2, sequence: 8 })]);
  });

  test.each([
    ['directly', ack(7, 10_900)],
    [
      'through another one',
      { type: 'indirect-ack', watch: 2, sequence: 7, life: 3, from: second, atMs: 10_900 } as const,
    ],
  ])('ends as it answers %s', (_how, answer) => {
    const { snapshot, effects } = faultDetector.step(probing(), answer);
    expect(snapshot.matches({ judging: { trusted: 'fresh' } })).toBe(true);
    expect(snapshot.context).toMatchObject({ answered: 7, heardMs: 10_900, freshUntilMs: 11_150 });
    expect(effects).toEqual([]);
  });

  test('that nobody can break is a suspicion, which others are told of and asked about', () => {
    const { effects, rules, state } = fire(probing({ relayed: ['n2', 'n3'] }), 'probeTimeout', 10_951);
    expect(effects).toEqual([
      sent(second, { type: 'suspicion', watch: 2, round: 1 }),
      sent(third, { type: 'suspicion', watch: 2, round: 1 }),
      told('suspected', 10_951, { type: 'silent', sinceMs: 10_851, asked: 2, relayed: 2 }),
    ]);
    expect(rules).toEqual(['SWIM §4.2: suspicion']);
    expect(state.snapshot.context).toMatchObject({ suspecting: ['n1'], suspectedMs: 10_951, dueMs: 11_551, health: 0 });
    expect(delayOf(state, 'suspicionTimeout')).toBe(600);
  });

  test('in which helpers do not even say that they were asked speaks of the detector itself (Lifeguard §IV-A)', () => {
    const noted = faultDetector.step(probing(), { type: 'relayed', watch: 2, sequence: 7, from: second });
    expect(noted.snapshot.context.relayed).toEqual(['n2']);
    const { state } = fire(noted.state, 'probeTimeout', 10_951);
    expect(state.snapshot.context.health).toBe(1);
    expect(delayOf(standing({ trusted: 'probing' }, { health: 3 }), 'probeTimeout')).toBe(400);
    expect(faultDetector.step(probing({ health: 3 }), ack(7, 10_900)).snapshot.context.health).toBe(2);
  });

  test.each([
    ['of another probe', { sequence: 6 }],
    ['of another watch', { watch: 1 }],
    ['of a node that was not asked', { from: self }],
  ])('receipts %s do not count', (_which, change) => {
    const receipt = { type: 'relayed', watch: 2, sequence: 7, from: second, ...change } as const;
    expect(faultDetector.step(probing(), receipt).snapshot.context.relayed).toEqual([]);
  });
});

describe('a stall of the detector', () => {
  const away = { freshUntilMs: 20_250, untimed: 7, stalls: 1, stalledUntilMs: 20_000, health: 1 };

  test('is no silence: what a timer finds too late is discarded and counted', () => {
    const { state, rules, effects } = fire(standing({ trusted: 'fresh' }), 'silence', 20_000);
    expect(rules).toEqual(['a stall is no silence']);
    expect(effects).toEqual([]);
    expect(state.snapshot.matches({ judging: { trusted: 'fresh' } })).toBe(true);
    expect(state.snapshot.context).toMatchObject({ ...away, stalledMs: 20_000 - 10_851 });
    expect(delayOf(state, 'silence')).toBe(250);
  });

  test('that a ping finds begins the waiting anew, and the pings in between are left out', () => {
    const found = fire(standing({ trusted: 'fresh' }), 'nextPing', 20_000);
    expect(found.effects).toEqual([
      sent(self, { type: 'stalled' }),
      sent(watched, { type: 'ping', watch: 2, sequence: 100, relayedFor: null }),
    ]);
    expect(contextOf(found)).toMatchObject({ ...away, stalledMs: 20_000 - 10_800, nextPingMs: 20_100 });
    const told = faultDetector.step(found.state, { type: 'stalled', from: self, atMs: 20_000 });
    expect(told.timers.map(({ timer, armed: isArmed }) => [timer.delay, isArmed])).toEqual([
      ['silence', false],
      ['silence', true],
    ]);
  });

  test('is counted once, whichever timers find it', () => {
    const { state } = fire(standing({ trusted: 'fresh' }), 'silence', 20_000);
    expect(contextOf(fire(state, 'nextPing', 20_000))).toMatchObject({ stalls: 1, health: 1 });
  });

  test('during a probe makes the probe void', () => {
    const state = standing({ trusted: 'probing' }, { asked: ['n2'], dueMs: 10_951 });
    const { state: after, effects } = fire(state, 'probeTimeout', 20_000);
    expect(after.snapshot.matches({ judging: { trusted: 'fresh' } })).toBe(true);
    expect(effects).toEqual([]);
  });

  test('during a suspicion leaves as much time to refute it as before', () => {
    const { state, effects } = fire(suspecting(), 'suspicionTimeout', 20_000);
    expect(state.snapshot.matches({ judging: { suspected: { standing: 'refutable' } } })).toBe(true);
    expect(state.snapshot.context.dueMs).toBe(20_600);
    expect(effects).toEqual([]);
  });

  test('is no sample: an answer to a ping from before it says that the node lives, and not how long it takes', () => {
    const phi = { kind: 'phi', threshold: 8, windowSize: 10, minDeviationMs: 5, firstIntervalMs: 100 } as const;
    const estimate = { ...phi, lastMs: 10_601, isArrival: true, intervalsMs: [100], deviations: 5 };
    const before = standing({ trusted: 'fresh' }, { estimate, untimed: 7 });
    expect(faultDetector.step(before, ack(7, 10_720)).snapshot.context).toMatchObject({
      answered: 7,
      estimate: { intervalsMs: [100], isArrival: false, lastMs: 10_720 },
    });
    const after = standing({ trusted: 'fresh' }, { estimate, untimed: 6 });
    expect(faultDetector.step(after, ack(7, 10_720)).snapshot.context.estimate).toMatchObject({
      intervalsMs: [100, 119],
    });
  });
});

describe('a suspicion', () => {
  const opinion = (suspects: boolean, change: object = {}) =>
    ({ type: 'opinion', watch: 2, round: 1, suspects, from: second, atMs: 11_050, ...change }) as const;

  test('is shared by those who ask', () => {
    const asked = { type: 'suspicion', watch: 5, round: 2, from: third } as const;
    const answer = [sent(third, { type: 'opinion', watch: 5, round: 2, suspects: true })];
    expect(faultDetector.step(suspecting(), asked).effects).toEqual(answer);
    expect(faultDetector.step(standing('confirmed'), asked).effects).toEqual(answer);
  });

  test('asks the others again and again', () => {
    expect(fire(suspecting(), 'askAgain', 11_100).effects).toEqual([
      sent(second, { type: 'suspicion', watch: 2, round: 1 }),
      sent(third, { type: 'suspicion', watch: 2, round: 1 }),
    ]);
  });

  test('has less time to be refuted as others share it, by the logarithm of their number (Lifeguard §IV-B)', () => {
    const { settings } = knowing();
    const quorum = [{ members: ['n1', 'n2', 'n3', 'n5', 'n6', 'n7', 'n8'], size: 4 }];
    const times = [0, 1, 2, 3, 4].map((confirmations) => suspicionMs({ settings, quorum }, confirmations));
    expect(times).toEqual([600, 350, expect.closeTo(600 - 500 * (Math.log(3) / Math.log(4)), 9), 100, 100]);
  });

  test('that another one shares may be refuted for the shorter time from when it began', () => {
    const { state, rules } = faultDetector.step(suspecting(), opinion(true));
    expect(rules).toEqual(['Lifeguard §IV-B: confirmations shorten a suspicion']);
    expect(state.snapshot.context).toMatchObject({ suspecting: ['n1', 'n2'], dueMs: 11_100, refutableForMs: 50 });
    expect(delayOf(state, 'suspicionTimeout')).toBe(50);
    expect(state.snapshot.hasTag('suspected')).toBe(true);
  });

  test.each([
    ['to an earlier question', { round: 0 }],
    ['to an earlier watch', { watch: 1 }],
  ])('answers %s do not count', (_which, change) => {
    const { snapshot } = faultDetector.step(suspecting(), opinion(true, change));
    expect(snapshot.context.suspecting).toEqual(['n1']);
  });

  test('of one detector confirms nothing, however long it lasts', () => {
    const { state, effects } = fire(suspecting(), 'suspicionTimeout', 11_600);
    expect(effects).toEqual([]);
    expect(state.snapshot.hasTag('suspected')).toBe(true);
    const again = faultDetector.step(state, opinion(false));
    expect(again.snapshot.hasTag('suspected')).toBe(true);
  });

  test('that a quorum shares and nobody has refuted in time is confirmed', () => {
    const confirmed = [told('confirmed', 11_600, { type: 'quorum', of: ['n1', 'n2'] })];
    const atLast = fire(suspecting({ suspecting: ['n1', 'n2'] }), 'suspicionTimeout', 11_600);
    expect(atLast.effects).toEqual(confirmed);
    expect(atLast.rules).toEqual(['a quorum confirms']);
    const late = faultDetector.step(suspecting({}, 'unrefuted'), opinion(true, { atMs: 11_600 }));
    expect(late.effects).toEqual(confirmed);
    expect(late.snapshot.context.confirmedAt).toBe(7);
  });

  test('that another one takes back no longer counts', () => {
    const { snapshot } = faultDetector.step(suspecting({ suspecting: ['n1', 'n2'] }), opinion(false));
    expect(snapshot.context.suspecting).toEqual(['n1']);
  });

  test.each([
    ['itself', ack(7, 11_050), 'answers'],
    [
      'through another one',
      { type: 'indirect-ack', watch: 2, sequence: 7, life: 3, from: third, atMs: 11_050 } as const,
      'answers',
    ],
    ['in a later life', ack(7, 11_050, { life: 4 }), 'restarted'],
  ])('is refuted as the node answers %s', (_how, answer, type) => {
    const { effects, snapshot } = faultDetector.step(suspecting(), answer);
    expect(effects).toEqual([told('trusted', 11_050, { type }, { heardMs: 11_050, life: answer.life })]);
    expect(snapshot.matches({ judging: { trusted: 'fresh' } })).toBe(true);
  });

  test('is not refuted by an answer that comes after its own freshness point (Chen et al. §3)', () => {
    const estimate = { kind: 'nfd-e', intervalMs: 100, slackMs: 50, windowSize: 32, last: 6, sinceMs: 0 } as const;
    const state = suspecting({ estimate: { ...estimate, offsetsMs: Array.from({ length: 32 }, () => 10_001) } });
    expect(faultDetector.step(state, ack(7, 11_050)).snapshot.hasTag('suspected')).toBe(true);
    expect(faultDetector.step(state, ack(7, 10_750)).snapshot.hasTag('trusted')).toBe(true);
  });
});

describe('a node that was taken for dead', () => {
  const dead = (change: Partial<FaultDetectorContext> = {}) =>
    standing('confirmed', { sequence: 9, answered: 6, confirmedAt: 8, ...change });

  test('has recovered when it answers a ping that left afterwards', () => {
    const { effects, rules, snapshot } = faultDetector.step(dead(), ack(9, 12_000, { life: 4 }));
    expect(effects).toEqual([told('recovered', 12_000, { type: 'restarted' }, { life: 4, heardMs: 12_000 })]);
    expect(rules).toEqual(['only what answers a later ping has recovered']);
    expect(snapshot.context.settling).toBe(1);
  });

  test.each([
    ['an answer that was on its way', ack(8, 12_000)],
    ['an answer of an earlier life', ack(9, 12_000, { life: 2 })],
    [
      'an answer through another one',
      { type: 'indirect-ack', watch: 2, sequence: 9, life: 3, from: second, atMs: 12_000 } as const,
    ],
  ])('is not brought back by %s', (_what, answer) => {
    expect(faultDetector.step(dead(), answer).snapshot.hasTag('confirmed')).toBe(true);
  });

  test('is trusted when it has answered often enough', () => {
    const recovered = (settling: number) => standing({ recovered: 'fresh' }, { settling });
    expect(faultDetector.step(recovered(1), ack(7, 12_000)).snapshot.hasTag('recovered')).toBe(true);
    const { effects, snapshot } = faultDetector.step(recovered(2), ack(7, 12_000));
    expect(effects).toEqual([told('trusted', 12_000, { type: 'answers' }, { heardMs: 12_000 })]);
    expect(snapshot.hasTag('trusted')).toBe(true);
  });

  test('and falls silent again is probed and suspected again', () => {
    const { state } = fire(standing({ recovered: 'fresh' }), 'silence', 10_851);
    expect(state.snapshot.matches({ judging: { recovered: 'probing' } })).toBe(true);
    expect(fire(state, 'probeTimeout', 10_951).state.snapshot.hasTag('suspected')).toBe(true);
  });
});

test.each([
  ['without itself among the detectors', { ...begin, detectors: ['n2', 'n3'] }],
  ['with the watched node among them', { ...begin, detectors: ['n1', 'n4'] }],
  ['with one named twice', { ...begin, detectors: ['n1', 'n2', 'n2'] }],
  ['with settings that make no sense', { ...begin, settings: { suspicionMinMs: 5_000 } }],
  ['with an unknown number of relays', { ...begin, settings: { relays: 17 } }],
  [
    'with an estimator that counts on other pings',
    { ...begin, estimator: { kind: 'nfd-e', intervalMs: 50, slackMs: 50, windowSize: 3 } as const },
  ],
])('a detector %s is refused', (_how, input) => {
  expect(() => born(input)).toThrow(DetectorConfigError);
});
