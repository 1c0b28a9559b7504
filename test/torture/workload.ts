/**
 * What clients do meanwhile. Each process of a client makes one call at a time, for the whole run. Most calls go to a few
 * keys that all contend for, and into the history: puts of values that nobody else writes, reads, and compare-and-set.
 * The others create keys of their own, once each, for the count at the end.
 */

import type { Clock } from '../../src/environment/clock.ts';
import { chance, integerBelow, type Random } from '../../src/environment/random.ts';
import type { HistoryRecorder, RecordedCall } from '../../src/history.ts';
import type { Client } from '../../src/services/store/client.ts';
import { NotHappenedError, PreconditionFailedError } from '../../src/services/store/errors.ts';
import { waitMs } from './faults.ts';
import { type Heard, noteVersion } from './losses.ts';

/** What is known of the keys that are written once. */
export interface Created {
  /** Acknowledged: key to version. */
  readonly acknowledged: Map<string, number>;
  /** Whose outcome nobody knows. */
  readonly unknown: Set<string>;
  /** That certainly did not happen. */
  readonly refused: Set<string>;
}

export interface WorkloadOptions {
  readonly client: Client;
  readonly process: string;
  readonly recorder: HistoryRecorder;
  readonly created: Created;
  readonly heard: Heard;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: readonly string[];
  /** Makes names and values that nobody else uses. */
  readonly unique: () => string;
}

export const createdKeys = (): Created => ({ acknowledged: new Map(), unknown: new Set(), refused: new Set() });

/** What stands before the padding is the value; a history need not hold the rest. */
export const valueIn = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).split(' ', 1)[0] ?? '';
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const deadlineMs = 4_000;
/** Now and then a value is long, so that logs are compacted and snapshots sent. */
const longValueBytes = 24 * 1_024;

/** Calls until `isOver`. @throws for an answer that no store may give */
export async function work(options: WorkloadOptions, isOver: () => boolean): Promise<void> {
  const { client, process, recorder, created, heard, clock, random, keys, unique } = options;

  const acknowledged = (value: string, version: number): void => {
    heard.acknowledged.push(version);
    noteVersion(heard, value, version);
  };
  const create = async (): Promise<void> => {
    const key = `once-${unique()}`;
    try {
      const { version } = await client.put(key, bytes(key), { condition: { type: 'absent' }, deadlineMs });
      created.acknowledged.set(key, version);
      acknowledged(key, version);
    } catch (error) {
      // Nobody else writes this key, so that it is there can only mean that the request was applied twice.
      if (error instanceof PreconditionFailedError) throw error;
      (error instanceof NotHappenedError ? created.refused : created.unknown).add(key);
    }
  };
  const conclude = (call: RecordedCall, error: unknown): void => {
    const note = error instanceof Error ? error.name : String(error);
    if (error instanceof NotHappenedError) call.fail(note);
    else call.info(note);
  };
  const read = async (key: string): Promise<{ value: string | null; version: number | undefined } | undefined> => {
    const call = recorder.invoke(process, { f: 'get', key });
    try {
      const found = await client.get(key, { deadlineMs });
      const value = found === undefined ? null : valueIn(found.value);
      if (found !== undefined && value !== null) noteVersion(heard, value, found.version);
      call.ok(value);
      return { value, version: found?.version };
    } catch (error) {
      call.fail(error instanceof Error ? error.name : String(error));
      return undefined;
    }
  };
  const padded = (value: string): Uint8Array =>
    bytes(chance(random, 0.2) ? `${value} ${'.'.repeat(longValueBytes)}` : value);
  const put = async (key: string): Promise<void> => {
    const value = unique();
    const call = recorder.invoke(process, { f: 'put', key, value });
    try {
      const { version } = await client.put(key, padded(value), { deadlineMs });
      acknowledged(value, version);
      call.ok();
    } catch (error) {
      conclude(call, error);
    }
  };
  const compareAndSet = async (key: string): Promise<void> => {
    const found = await read(key);
    if (found === undefined) return;
    const value = unique();
    // Values are unique, so one version stands for one value, and to compare either is the same.
    const call = recorder.invoke(process, { f: 'cas', key, value: [found.value, value] });
    try {
      const swap = await client.compareAndSet(key, found.version, padded(value), { deadlineMs });
      if (swap.swapped) acknowledged(value, swap.version);
      call.ok(swap.swapped);
    } catch (error) {
      conclude(call, error);
    }
  };

  while (!isOver() && !recorder.isFull) {
    const key = keys[integerBelow(random, keys.length)] ?? '';
    const choice = random.next();
    if (choice < 0.25) await create();
    else if (choice < 0.5) await put(key);
    else if (choice < 0.75) await read(key);
    else await compareAndSet(key);
    // A history of some thousand calls a second is judged in seconds; more of them would show nothing else.
    await waitMs(clock, integerBelow(random, 8));
  }
}
