import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/environment/clock.ts';
import { seededIds, systemIds } from '../../src/environment/ids.ts';
import { integerBelow, pick, seededRandomness, systemRandomness } from '../../src/environment/random.ts';

describe('seeded randomness', () => {
  test('gives the same numbers for the same seed and concern, and others otherwise', () => {
    const draw = (seed: number, concern: string) => {
      const random = seededRandomness(seed).stream(concern);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw(1, 'network')).toEqual(draw(1, 'network'));
    expect(draw(1, 'network')).not.toEqual(draw(2, 'network'));
    expect(draw(1, 'network')).not.toEqual(draw(1, 'disk'));
  });

  test('keeps the streams of different concerns apart', () => {
    const quiet = seededRandomness(7);
    const busy = seededRandomness(7);
    for (let draws = 0; draws < 10; draws += 1) busy.stream('network').next();
    expect(busy.stream('disk').next()).toBe(quiet.stream('disk').next());
  });

  test('begins anywhere, also in streams whose names are nearly the same', () => {
    const firsts = Array.from({ length: 200 }, (_, index) =>
      seededRandomness(1)
        .stream(`timeouts/n${index % 10}/${Math.floor(index / 10)}`)
        .next(),
    );
    for (let tenth = 0; tenth < 10; tenth += 1) {
      expect(firsts.filter((it) => Math.floor(it * 10) === tenth).length).toBeGreaterThan(5);
    }
    const steps = firsts.slice(1).map((it, index) => Math.abs(it - (firsts[index] ?? it)));
    expect(steps.filter((step) => step < 0.05).length).toBeLessThan(40);
  });

  test('is spread evenly over its range', () => {
    const random = seededRandomness(3).stream('x');
    const counts = new Array<number>(10).fill(0);
    for (let draws = 0; draws < 10_000; draws += 1) {
      const bucket = integerBelow(random, 10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
    expect(pick(random, [])).toBeUndefined();
  });

  test('makes ids that are reproducible, and well-formed like the system’s', () => {
    const ids = () => seededIds(seededRandomness(5).stream('ids'));
    const [a, b] = [ids(), ids()];
    const made = [a.next(), a.next()];
    expect([b.next(), b.next()]).toEqual(made);
    expect(new Set(made).size).toBe(2);
    for (const id of [...made, systemIds().next()]) expect(id).toMatch(/^[A-Za-z0-9_-]{21}$/);
  });
});

describe('the system’s randomness', () => {
  test('gives each number once, from 0 to below 1, however many are drawn', () => {
    const draws = 10_000;
    const random = systemRandomness().stream('timeouts');
    const numbers = Array.from({ length: draws }, () => random.next());
    for (const number of numbers) expect(number >= 0 && number < 1).toBe(true);
    // Of so many of 2^32, two are equal once in 86 times, and a dozen pairs never.
    expect(new Set(numbers).size).toBeGreaterThan(draws - 12);
  });
});

describe('the system clock', () => {
  test('runs what is enqueued in order, in a later turn, and goes on after one that throws', async () => {
    const clock = systemClock();
    const ran: string[] = [];
    const uncaught = new Promise<unknown>((resolve) => {
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    const last = new Promise<void>((resolve) => {
      clock.enqueue(() => ran.push('a'));
      clock.enqueue(() => {
        throw new Error('boom');
      });
      clock.enqueue(() => ran.push('b'));
      clock.enqueue(() => resolve());
    });
    expect(ran).toEqual([]);
    await expect(uncaught).resolves.toMatchObject({ message: 'boom' });
    await last;
    expect(ran).toEqual(['a', 'b']);
  });

  test('lets timeouts and the platform have their turns, whatever is enqueued without end', async () => {
    const clock = systemClock();
    let isOver = false;
    const again = (): void => {
      if (!isOver) clock.enqueue(again);
    };
    clock.enqueue(again);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 1));
    await readFile(new URL(import.meta.url));
    isOver = true;
  });

  test('settles the promises of one turn before the next', async () => {
    const clock = systemClock();
    const ran: string[] = [];
    await new Promise<void>((resolve) => {
      clock.enqueue(() => {
        void Promise.resolve().then(() => ran.push('promise'));
        clock.enqueue(() => {
          ran.push('next');
          resolve();
        });
      });
    });
    expect(ran).toEqual(['promise', 'next']);
  });

  test('runs a timeout once, and none that was cancelled', async () => {
    const clock = systemClock();
    const startedMs = clock.nowMs();
    const cancelled = clock.setTimeout(() => expect.unreachable(), 1);
    clock.clearTimeout(cancelled);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 5));
    expect(clock.nowMs() - startedMs).toBeGreaterThanOrEqual(4);
  });
});

test('the system’s clock waits for longer than a timer of the platform can', () => {
  vi.useFakeTimers();
  try {
    const clock = systemClock();
    const longMs = 2 ** 31 + 1_000;
    const ran: string[] = [];
    clock.setTimeout(() => ran.push('long'), longMs);
    const cancelled = clock.setTimeout(() => ran.push('cancelled'), longMs);
    vi.advanceTimersByTime(longMs - 1);
    expect(ran).toEqual([]);
    clock.clearTimeout(cancelled);
    vi.advanceTimersByTime(1);
    expect(ran).toEqual(['long']);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
