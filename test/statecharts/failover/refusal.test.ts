/** What a detector makes of it that nothing listens where it pings. */

import { expect, test } from 'vitest';
import { faultDetectorContext } from '../../../statecharts/failover/detector/context.ts';
import { faultDetector } from '../../../statecharts/failover.ts';

const detector = 'm1/fault-detector/g.a';
const probe = 'm1/failover.probe/g.a';
const context = {
  ...faultDetectorContext(
    detector,
    'g.a',
    { detectors: ['m1', 'm2', 'm3'], estimator: { kind: 'fixed', timeoutMs: 400 }, target: probe },
    1,
  ),
  sequence: 3,
  answered: 2,
};
const trusting = faultDetector.at({ pinging: 'pausing', judging: { trusted: 'fresh' } }, context);
const down = {
  type: 'down' as const,
  watch: 1,
  sequence: 3,
  relayedFor: null,
  from: probe as typeof probe,
  atMs: 1_000,
};

test('it suspects at once, leaves no time to refute, and asks the others', () => {
  const { effects, snapshot, rules } = faultDetector.step(trusting, down);
  expect(snapshot.hasTag('suspected')).toBe(true);
  expect(snapshot.context).toMatchObject({
    suspectedMs: 1_000,
    dueMs: 1_000,
    refutableForMs: 0,
    suspecting: ['m1'],
  });
  expect(rules).toEqual(['what is refused is no silence']);
  expect(effects).toEqual([
    { type: 'send', to: 'm2/fault-detector/g.a', message: { type: 'suspicion', watch: 1, round: 1 } },
    { type: 'send', to: 'm3/fault-detector/g.a', message: { type: 'suspicion', watch: 1, round: 1 } },
    {
      type: 'deliver',
      output: {
        type: 'changed',
        watched: 'g.a',
        by: detector,
        opinion: 'suspected',
        atMs: 1_000,
        life: 0,
        heardMs: null,
        why: { type: 'refused', sequence: 3 },
      },
    },
  ]);
});

test('it alone decides nothing: another detector must have been refused, too', () => {
  const refused = faultDetector.step(trusting, down);
  const waited = faultDetector.step(refused.state, { timer: 'suspicionTimeout', atMs: 1_000 });
  expect(waited.snapshot.hasTag('suspected')).toBe(true);
  const opinion = { type: 'opinion' as const, watch: 1, round: 1, suspects: true };
  const agreed = faultDetector.step(waited.state, { ...opinion, from: 'm2/fault-detector/g.a', atMs: 1_030 });
  expect(agreed.snapshot.hasTag('confirmed')).toBe(true);
});

test('an answer that comes before the others agree refutes it', () => {
  const refused = faultDetector.step(trusting, down);
  const ack = { type: 'ack' as const, watch: 1, sequence: 3, life: 1, relayedFor: null, from: down.from, atMs: 1_010 };
  expect(faultDetector.step(refused.state, ack).snapshot.hasTag('trusted')).toBe(true);
});

test.each([
  ['an earlier ping than one that was answered', { sequence: 2 }],
  ['another watch', { watch: 2 }],
  ['a ping in the place of another detector', { relayedFor: 'm2' }],
])('nothing is made of a refusal of %s', (_what, differing) => {
  const { effects, snapshot } = faultDetector.step(trusting, { ...down, ...differing });
  expect(effects).toEqual([]);
  expect(snapshot.hasTag('trusted')).toBe(true);
});

test('it pings what it was told to', () => {
  const { effects } = faultDetector.step(trusting, { timer: 'nextPing' });
  expect(effects).toMatchObject([{ type: 'send', to: probe, message: { type: 'ping' } }]);
});
