import { expect, test } from 'vitest';
import { createTurns } from '../../src/compare/live/turns.ts';
import type { OperationEnd } from '../../src/simulator/scenario.ts';
import { createVirtualClock } from '../../src/simulator.ts';

test('turns go to the latest that waits, one at a time, and to none whose time is over', async () => {
  const clock = createVirtualClock();
  const turns = createTurns(clock);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string, untilMs: number): Promise<OperationEnd> =>
    turns.take(() => {
      begun.push(name);
      return new Promise((resolve) => void ends.set(name, () => resolve({ type: 'ok', value: name })));
    }, untilMs);

  const [first, second, third, late] = [take('first', 10), take('second', 100), take('third', 100), take('late', 20)];
  await clock.advance(30);
  expect(await late).toEqual({ type: 'failed', reason: expect.any(String) });
  expect(begun).toEqual(['first']);

  ends.get('first')?.();
  await expect(first).resolves.toMatchObject({ value: 'first' });
  await clock.advance(1);
  expect(begun).toEqual(['first', 'third']);
  ends.get('third')?.();
  await third;
  await clock.advance(1);
  ends.get('second')?.();
  await expect(second).resolves.toMatchObject({ value: 'second' });
  expect(begun).toEqual(['first', 'third', 'second']);
});
