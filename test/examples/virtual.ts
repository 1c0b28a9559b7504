/** Runs an example on virtual time, and says what it printed. */

import type { Environment } from '../../src/environment/environment.ts';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { createVirtualClock, type VirtualClock } from '../../src/simulator/virtual-clock.ts';

export interface VirtualEnvironment extends Environment {
  readonly clock: VirtualClock;
}

export function virtualEnvironment(seed = 1): VirtualEnvironment {
  const randomness = seededRandomness(seed);
  return { clock: createVirtualClock(), randomness, ids: seededIds(randomness.stream('ids')) };
}

/**
 * Runs `example` until it is over.
 *
 * @returns what it printed
 * @throws Error when it is not over within `limitMs` of virtual time; whatever it throws
 */
export async function played(
  example: (environment: Environment, print: (line: string) => void) => Promise<void>,
  { clock, ...environment }: VirtualEnvironment,
  limitMs = 60_000,
): Promise<readonly string[]> {
  const lines: string[] = [];
  let isOver = false;
  const run = example({ clock, ...environment }, (line) => lines.push(line)).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    // Promises are chained a few deep; each link takes a turn of the microtask queue.
    for (let link = 0; link < 16 && !isOver; link += 1) await Promise.resolve();
    if (isOver) break;
    if (clock.nowMs() > limitMs || !clock.runNext()) {
      throw new Error(`not over at ${clock.nowMs()} ms of virtual time; it printed:\n${lines.join('\n')}`);
    }
  }
  await run;
  return lines;
}
