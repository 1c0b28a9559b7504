import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

describe('the virtual clock', () => {
  test('runs callbacks at their times, in the order of times and then of asking', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), (delays) => {
        const clock = createVirtualClock();
        const ran: [number, number][] = [];
        delays.forEach((ms, index) => {
          clock.setTimeout(() => {
            expect(clock.nowMs()).toBe(ms);
            ran.push([ms, index]);
          }, ms);
        });
        clock.advance(100);
        expect(clock.nowMs()).toBe(100);
        expect(ran).toEqual(
          delays.map((ms, index) => [ms, index] as [number, number]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
        );
      }),
    );
  });

  test('lets time pass while the rest of a span is waited for, however little of it is left', () => {
    const clock = createVirtualClock();
    clock.advance(16_691.063_469_385_8);
    const sinceMs = clock.nowMs();
    const elapsed = (): boolean => clock.nowMs() - sinceMs >= 1e-12;
    const waitForRest = (): void => {
      if (!elapsed()) clock.setTimeout(waitForRest, 1e-12);
    };
    waitForRest();
    clock.runNext();
    expect(elapsed()).toBe(true);
    expect(clock.nextAtMs()).toBeUndefined();
  });

  test('stops in between, at exactly the time asked for', () => {
    const clock = createVirtualClock();
    const ran: string[] = [];
    clock.setTimeout(() => ran.push('late'), 20);
    clock.setTimeout(() => clock.setTimeout(() => ran.push('nested'), 5), 5);
    clock.advance(10);
    expect(ran).toEqual(['nested']);
    clock.advance(10);
    expect(ran).toEqual(['nested', 'late']);
  });

  test('forgets what was cancelled, and ignores a second cancellation', () => {
    const clock = createVirtualClock();
    const handle = clock.setTimeout(() => expect.unreachable(), 5);
    clock.clearTimeout(handle);
    clock.clearTimeout(handle);
    expect(clock.nextAtMs()).toBeUndefined();
    clock.advance(10);
  });

  test('runs what was enqueued before any time passes, but never within the call', () => {
    const clock = createVirtualClock();
    const ran: string[] = [];
    clock.setTimeout(() => ran.push('timer'), 1);
    clock.enqueue(() => ran.push('queued'));
    expect(ran).toEqual([]);
    clock.runNext();
    expect(clock.nowMs()).toBe(0);
    expect(ran).toEqual(['queued']);
  });

  test('gives up waiting for a condition at its limit, or when nothing is left to happen', () => {
    const clock = createVirtualClock();
    expect(() => clock.runUntil(() => false, 100)).toThrow(/nothing is pending/);
    const again = (): void => void clock.setTimeout(again, 10);
    again();
    expect(() => clock.runUntil(() => false, 100)).toThrow(/within 100 virtual ms/);
  });

  test('refuses a delay that is none', () => {
    expect(() => createVirtualClock().setTimeout(() => {}, Number.NaN)).toThrow(RangeError);
    expect(() => createVirtualClock().setTimeout(() => {}, -1)).toThrow(RangeError);
  });
});
