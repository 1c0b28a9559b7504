/**
 * A soak of the replicated store: puts at a steady rate over a large state, while the nodes take snapshots, compact their
 * logs and reclaim their journals. What is looked for are stalls: of a node's event loop, and of commits.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../src/environment/clock.ts';
import type { Client } from '../src/services/store/client.ts';
import { QuorateError } from '../statecharts/actor.ts';
import type { NodeUsage } from './log-protocol.ts';
import { printTable } from './table.ts';

export interface SoakOptions {
  readonly clock: Clock;
  readonly client: Client;
  readonly keys: number;
  readonly valueBytes: number;
  readonly minutes: number;
  readonly putsPerSecond: number;
  /** What each node used since the last time. */
  usages(): Promise<readonly NodeUsage[]>;
}

const deadlineMs = 20_000;
/** How often the driver looks what is to be sent: the shortest pause that it can tell. */
const tickMs = 1;
const keyOf = (number: number): string => `key-${number}`;
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Bytes of values that are under way while the store is filled, and puts at most. */
const loadingBytes = 2 ** 20;
const mostLoading = 1_024;

/** Stores all keys once, as fast as it goes. What fails is put again: the store may be slower than it is asked to be. */
export async function load({ client, keys, valueBytes, clock }: SoakOptions): Promise<void> {
  const value = new Uint8Array(valueBytes).fill(7);
  const startedMs = clock.nowMs();
  let next = 0;
  let repeated = 0;
  const put = async (key: string): Promise<void> => {
    for (;;) {
      try {
        await client.put(key, value, { deadlineMs });
        return;
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        repeated += 1;
      }
    }
  };
  const worker = async (): Promise<void> => {
    while (next < keys) {
      next += 1;
      await put(keyOf(next));
    }
  };
  const workers = Math.min(mostLoading, Math.ceil(loadingBytes / valueBytes));
  await Promise.all(Array.from({ length: workers }, worker));
  const seconds = Math.round((clock.nowMs() - startedMs) / 1_000);
  console.log(`${keys} keys were stored in ${seconds} s, ${repeated} puts of them repeated`);
}

interface Minute {
  readonly puts: number;
  /** How many failed, by the code of their error. */
  readonly failures: ReadonlyMap<string, number>;
  /** Of the driver itself: no pause that it tells is shorter than that of its own. */
  readonly longestOwnDelayMs: number;
  readonly longestPauseMs: number;
  readonly longestPutMs: number;
}

/** Puts at a steady rate for a minute. A pause is the time between two answers, or since the last one. */
function drive(options: SoakOptions, durationMs: number): Promise<Minute> {
  const { client, clock, keys, valueBytes, putsPerSecond } = options;
  const value = new Uint8Array(valueBytes).fill(7);
  const ownDelay = monitorEventLoopDelay({ resolution: 1 });
  ownDelay.enable();
  return new Promise((resolve) => {
    const startedMs = clock.nowMs();
    let sent = 0;
    let answered = 0;
    const failures = new Map<string, number>();
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
          (error: unknown) => {
            const code = error instanceof QuorateError ? error.code : String(error);
            failures.set(code, (failures.get(code) ?? 0) + 1);
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
      if (elapsedMs < durationMs || answered < sent) {
        clock.setTimeout(tick, tickMs);
        return;
      }
      ownDelay.disable();
      resolve({ puts: sent, failures, longestOwnDelayMs: ownDelay.max / 1e6, longestPauseMs, longestPutMs });
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
    const { puts, failures, longestOwnDelayMs, longestPauseMs, longestPutMs } = await drive(options, 60_000);
    const nodes = await options.usages();
    const most = (of: (usage: NodeUsage) => number): number => Math.max(...nodes.map(of));
    const sum = (of: (usage: NodeUsage) => number): number => nodes.reduce((total, it) => total + of(it), 0);
    const row = [
      String(minute),
      Math.round(puts / 60),
      [...failures].map(([code, count]) => `${count} ${code}`).join(', ') || '0',
      Math.round(longestPauseMs),
      Math.round(longestPutMs),
      Math.round(most((it) => it.longestLoopDelayMs)),
      Math.round(most((it) => it.longestCollectionMs)),
      Math.round(longestOwnDelayMs),
      (sum((it) => it.waitedForProcessorMs) / 1_000).toFixed(1),
      sum((it) => it.roleChanges),
      nodes.map((it) => mebibytes(it.residentBytes)).join(', '),
      nodes.map((it) => mebibytes(it.diskBytes)).join(', '),
      sum((it) => it.snapshots),
      most((it) => it.snapshotGrowth).toFixed(2),
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
      'longest collection ms',
      "driver's own delay ms",
      'waited for a processor s',
      'changes of role',
      'resident MiB',
      'disk MiB',
      'snapshots begun',
      'memory in one, x before',
    ],
    rows,
  );
}
