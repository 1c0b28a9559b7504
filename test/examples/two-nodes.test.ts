import { expect, test } from 'vitest';
import { watchEachOther } from '../../examples/two-nodes.ts';
import { played, virtualEnvironment } from './virtual.ts';

test('a node suspects the other one when it stops, and trusts it again when it is back', async () => {
  const environment = virtualEnvironment();
  expect(await played(watchEachOther, environment)).toEqual([
    'n1 suspects n2/example.fault-detector/n1',
    'n1 trusts n2/example.fault-detector/n1 again',
  ]);
  expect(environment.clock.nowMs()).toBeLessThan(1_000);
});
