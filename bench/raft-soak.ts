/**
 * A soak of the replicated store: puts at a steady rate over a large state, while the nodes take snapshots, compact their
 * logs and reclaim their journals. What is looked for are stalls: of a node's event loop, and of commits.
 */

import type { Clock } from '../src/environment/clock.ts';
import type { Client } from '../src/services/store/client.ts';
import type { NodeUsage } from './raft-protocol.ts';
import { printTable } from './table.ts';

export interface SoakOptions {
  readonly clock: Clock;
  readonly client: Client;
  readonly keys: number;
  readonly minutes: number;
  readonly putsPerSecond: number;
  /** What each node used since the last time. */
  usages(): Promise<readonly NodeUsage[]>;
}

const value = new Uint8Array(100).fill(7);
const deadlineMs = 20_000;
const keyOf = (number: number): string => `key-${number}`;
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Stores all keys once, as fast as it goes. */
export async function load({ client, keys, clock }: SoakOptions): Promise<void> {
  const startedMs = clock.nowMs();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < keys) {
      next += 1;
      await client.put(keyOf(next), value, { deadlineMs });
    }
  };
  await Promise.all(Array.from({ length: 1_024 }, worker));
  console.log(`${keys} keys were stored in ${Math.round((clock.nowMs() - startedMs) / 1_000)} s`);
}

interface Minute {
  readonly puts: number;
  readonly failures: number;
  readonly longestPauseMs: number;
  readonly longestPutMs: number;
}

/** Puts at a steady rate for a minute. A pause is the time between two answers, or since the last one. */
function drive({ client, clock, keys, putsPerSecond }: SoakOptions, durationMs: number): Promise<Minute> {
  return new Promise((resolve) => {
    const startedMs = clock.nowMs();
    let sent = 0;
    let answered = 0;
    let failures = 0;
    let lastMs = startedMs;
    let longestPauseMs = 0;
    let longestPutMs = 0;
    const note = (): void => {
      const nowMs = clock.nowMs();
      longestPauseMs = Math.max(longestPauseMs, nowMs - lastMs);
      lastMs = nowMs;
    };
    const put = (): void => {
      const sentMs = clock.nowMs();
      // A step that has no divisor in common with the number of keys visits all of them, here and there.
      const key = keyOf(1 + ((sent * 7_919) % keys));
      sent += 1;
      client
        .put(key, value, { deadlineMs })
        .then(
          () => note(),
          () => {
            failures += 1;
          },
        )
        .finally(() => {
          answered += 1;
          longestPutMs = Math.max(longestPutMs, clock.nowMs() - sentMs);
        });
    };
    const tick = (): void => {
      const elapsedMs = clock.nowMs() - startedMs;
      while (sent < (Math.min(elapsedMs, durationMs) * putsPerSecond) / 1_000) put();
      if (elapsedMs < durationMs || answered < sent) clock.setTimeout(tick, 5);
      else resolve({ puts: sent, failures, longestPauseMs, longestPutMs });
    };
    tick();
  });
}

/** Loads the store, then drives it and prints a line a minute; the last one tells the worst of each. */
export async function soak(options: SoakOptions): Promise<void> {
  await load(options);
  await options.usages();
  const rows: (string | number)[][] = [];
  for (let minute = 1; minute <= options.minutes; minute += 1) {
    const { puts, failures, longestPauseMs, longestPutMs } = await drive(options, 60_000);
    const nodes = await options.usages();
    const row = [
      String(minute),
      Math.round(puts / 60),
      failures,
      Math.round(longestPauseMs),
      Math.round(longestPutMs),
      Math.round(Math.max(...nodes.map((it) => it.longestLoopDelayMs))),
      nodes.reduce((sum, it) => sum + it.roleChanges, 0),
      nodes.map((it) => mebibytes(it.residentBytes)).join(', '),
      nodes.map((it) => mebibytes(it.diskBytes)).join(', '),
      nodes.reduce((sum, it) => sum + it.snapshots, 0),
    ];
    rows.push(row);
    console.log(`minute ${row.slice(0, 4).join(' | ')} ms pause | loop ${row[5]} ms`);
  }
  printTable(
    [
      'minute',
      'puts/s',
      'failed',
      'longest pause ms',
      'longest put ms',
      'longest loop delay ms',
      'changes of role',
      'resident MiB',
      'disk MiB',
      'snapshots taken',
    ],
    rows,
  );
}
