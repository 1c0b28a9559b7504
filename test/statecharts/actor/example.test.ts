import { expect, test } from 'vitest';
import { faultDetector } from '../../../examples/fault-detector.ts';

const context = { peer: 'n2/example.fault-detector/n1', suspicions: 0 } as const;

test('a silent peer is suspected when its heartbeat times out', () => {
  const trusting = faultDetector.at({ listening: 'trusting' }, context);
  const step = faultDetector.step(trusting, { timer: 'heartbeatTimeout' });
  expect(step.snapshot.hasTag('suspecting')).toBe(true);
  expect(step.snapshot.context.suspicions).toBe(1);
  expect(step.effects).toEqual([{ type: 'deliver', output: { type: 'suspected', peer: context.peer } }]);
  expect(faultDetector.timers(step.state).map((timer) => timer.delay)).toEqual(['heartbeatInterval']);
});

test('a heartbeat restarts the timeout of a trusted peer', () => {
  const trusting = faultDetector.at({ listening: 'trusting' }, context);
  const step = faultDetector.step(trusting, { type: 'heartbeat' });
  expect(step.timers.map(({ timer, armed }) => [timer.delay, armed])).toEqual([
    ['heartbeatTimeout', false],
    ['heartbeatTimeout', true],
  ]);
  expect(step.effects).toEqual([]);
});

test('a suspected peer is trusted again at its next heartbeat', () => {
  const suspecting = faultDetector.at({ listening: 'suspecting' }, context);
  const step = faultDetector.step(suspecting, { type: 'heartbeat' });
  expect(step.snapshot.hasTag('trusting')).toBe(true);
  expect(step.effects).toEqual([{ type: 'deliver', output: { type: 'trusted', peer: context.peer } }]);
});

test('beating sends a heartbeat and arms the next, and leaves the heartbeats of the peer alone', () => {
  const trusting = faultDetector.at({ listening: 'trusting' }, context);
  const step = faultDetector.step(trusting, { timer: 'heartbeatInterval' });
  expect(step.effects).toEqual([{ type: 'send', to: context.peer, message: { type: 'heartbeat' } }]);
  expect(step.timers.map(({ timer, armed }) => [timer.delay, armed])).toEqual([
    ['heartbeatInterval', false],
    ['heartbeatInterval', true],
  ]);
  expect(faultDetector.timers(step.state)).toHaveLength(2);
});
