import { expect, test } from 'vitest';
import { createDiskFaults } from '../../src/journal/disk-faults.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { createRamDisk } from './ram-disk.ts';

/** A disk of one file that may become faulty, and what its writes came to. */
function faulty() {
  const clock = createVirtualClock();
  const ram = createRamDisk(clock);
  const faults = createDiskFaults(clock);
  const disk = faults.on(ram);
  disk.createSync('log', new Uint8Array(), 16);
  const results: string[] = [];
  const note = (error?: Error): void =>
    void results.push(`${error === undefined ? 'done' : error.message} at ${clock.nowMs()}`);
  return {
    clock,
    ram,
    faults,
    results,
    write: (byte: number) => disk.write('log', 0, Uint8Array.of(byte), note),
    create: () => disk.create('more', new Uint8Array(), 16, note),
  };
}

test('a slow disk answers later, and has written by then', () => {
  const { clock, ram, faults, results, write } = faulty();
  faults.set({ delayMs: 200 });
  write(7);
  clock.advance(199);
  expect(results).toEqual([]);
  clock.advance(ram.writeMs + 1);
  expect(results).toHaveLength(1);
  expect(results[0]).toMatch(/^done at 2\d\d$/);
  expect(ram.files.get('log')?.[0]).toBe(7);
});

test('a full disk takes no write and no new file, until it has room again', () => {
  const { clock, ram, faults, results, write, create } = faulty();
  faults.set({ isFull: true });
  write(7);
  create();
  expect(results).toEqual([]);
  clock.advance(0);
  expect(results).toEqual([expect.stringContaining('expected room'), expect.stringContaining('expected room')]);
  expect(ram.files.has('more')).toBe(false);
  faults.set({});
  write(8);
  clock.advance(ram.writeMs);
  expect(ram.files.get('log')?.[0]).toBe(8);
});
