import { expect, test } from 'vitest';
import { createPerformer } from '../../src/host/performer.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('a performer refuses a deadline of %d ms', (deadlineMs) => {
  const perform = createPerformer(createVirtualClock(), {}, () => {});
  const asked = { type: 'perform', id: 'op', resource: 'store', operation: { type: 'read' }, deadlineMs } as const;
  expect(() => perform(asked, () => {})).toThrow(RangeError);
});
