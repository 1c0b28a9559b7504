import { expect, test } from 'vitest';
import { occasionally } from '../../src/environment/occasionally.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

test('each kind is admitted once in its time, and then with what was held back', () => {
  const clock = createVirtualClock();
  const admit = occasionally(clock, 1_000);
  expect(admit('a')).toEqual({});
  expect(admit('b')).toEqual({});
  expect(admit('a')).toBeUndefined();
  clock.advance(999);
  expect(admit('a')).toBeUndefined();
  clock.advance(1);
  expect(admit('a')).toEqual({ heldBack: 2 });
  clock.advance(1_000);
  expect(admit('a')).toEqual({});
});

test('of very many kinds the one that was told longest ago is forgotten', () => {
  const admit = occasionally(createVirtualClock());
  admit('first');
  admit('second');
  for (let kind = 0; kind < 999; kind += 1) admit(`${kind}`);
  expect(admit('second')).toBeUndefined();
  expect(admit('first')).toEqual({});
});
