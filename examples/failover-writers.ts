/**
 * Clients that write without a pause, and remember what was acknowledged. Each appends numbers to a list of its own; so what is
 * missing there in the end was lost. Most give up on a silent server after a while, as clients should; the patient one waits,
 * as one does that has no timeout.
 */

import { Redis, type RedisOptions } from 'ioredis';
import { systemEnvironment } from '../src/index.ts';
import { pause } from './failover-trio.ts';

const { clock } = systemEnvironment();

/** An acknowledged write. */
export interface Acknowledged {
  readonly number: number;
  readonly sentAtMs: number;
  readonly atMs: number;
}

export interface Writer {
  /** The list that it writes to. */
  readonly key: string;
  readonly acknowledged: readonly Acknowledged[];
  stop(): Promise<void>;
}

/** How long a client waits for an answer before it connects anew, in milliseconds; and between attempts. */
const timeoutMs = 400;
const retryMs = 5;

/** So many writes of one client are under way together. */
const depth = 8;

export function startWriter(key: string, options: RedisOptions, isPatient: boolean): Writer {
  const acknowledged: Acknowledged[] = [];
  let isStopped = false;
  let number = 0;
  let redis: Redis | undefined;
  const live = async (): Promise<void> => {
    while (!isStopped) {
      const settings = {
        ...options,
        replyMapping: 'legacy' as const,
        lazyConnect: true,
        enableReadyCheck: false,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        retryStrategy: () => null,
        connectTimeout: timeoutMs,
        ...(isPatient ? {} : { commandTimeout: timeoutMs }),
      };
      const connection = new Redis(settings);
      redis = connection;
      connection.on('error', () => undefined);
      const write = async (): Promise<void> => {
        for (;;) {
          if (isStopped) return;
          number += 1;
          const mine = number;
          const sentAtMs = clock.nowMs();
          await connection.rpush(key, mine);
          acknowledged.push({ number: mine, sentAtMs, atMs: clock.nowMs() });
        }
      };
      try {
        await connection.connect();
        await Promise.all(Array.from({ length: depth }, write));
      } catch {
        // What became of its last writes is not known; they count as not acknowledged.
      }
      connection.disconnect();
      await pause(retryMs);
    }
  };
  const life = live();
  return {
    key,
    acknowledged,
    async stop() {
      isStopped = true;
      redis?.disconnect();
      await life;
    },
  };
}

/** The acknowledged writes that a server does not hold. */
export async function lostOf({ key, acknowledged }: Writer, redis: Redis): Promise<number> {
  const held = new Set((await redis.lrange(key, 0, -1)).map(Number));
  return acknowledged.filter(({ number }) => !held.has(number)).length;
}
