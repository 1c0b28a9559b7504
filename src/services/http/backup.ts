/**
 * `GET /backup`: the state of the store while it runs, as a file of `quorate restore`. It holds all that was acknowledged
 * before it was asked for, goes out in parts, at the pace at which they are taken, and is whole when its end has come.
 */

import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type Clock, pause, type TimeoutHandle } from '../../environment/clock.ts';
import type { BackupHead } from '../backup/format.ts';
import { backupOf } from '../backup/writing.ts';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import { HttpRequestError } from './problems.ts';

export interface BackupRouteParts {
  readonly store: ReplicatedStore;
  readonly kv: KeyValueStore;
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** The cluster, the node and how it is replicated. */
  readonly origin: Pick<BackupHead, 'cluster' | 'node' | 'protocol'>;
}

/** A reader that takes nothing for so long is dropped, in milliseconds. */
const idleMs = 30_000;
const askAgainMs = 20;

/** Adds it to `app`. */
export function addBackupRoute(app: FastifyInstance, { store, kv, clock, deadlineMs, origin }: BackupRouteParts): void {
  app.get('/backup', { exposeHeadRoute: false }, async (_request, reply) => {
    await catchUp(kv, clock, deadlineMs);
    const copy = store.copy();
    if (copy === undefined) {
      throw new HttpRequestError(
        503,
        'BACKUP_BUSY',
        'expected the state to be free to be copied, but it is being written down, or another backup is made of it',
        'try again in some seconds, or ask another node',
      );
    }
    let idle: TimeoutHandle = 0;
    const taken = (): void => {
      clock.clearTimeout(idle);
      idle = clock.setTimeout(() => stream.destroy(), idleMs);
    };
    const head = { ...origin, index: copy.index, revision: copy.revision };
    const stream = Readable.from(backupOf({ copy, head, clock, taken }));
    taken();
    stream.once('close', () => {
      clock.clearTimeout(idle);
      copy.release();
    });
    return reply.type('application/octet-stream').header('cache-control', 'no-store').send(stream);
  });
}

/** Waits until this node has applied all that is acknowledged by now. */
async function catchUp(kv: KeyValueStore, clock: Clock, deadlineMs: number): Promise<void> {
  const first = { limit: 1, withValues: false, deadlineMs } as const;
  const { revision } = await kv.range({}, first);
  const untilMs = clock.nowMs() + deadlineMs;
  for (;;) {
    const here = await kv.range({}, { ...first, consistency: 'stale' });
    if (here.revision >= revision) return;
    if (clock.nowMs() > untilMs) {
      throw new HttpRequestError(
        503,
        'NOT_CAUGHT_UP',
        `expected this node to have applied revision ${revision}, got ${here.revision}`,
        'ask another node, or this one again later',
      );
    }
    await pause(clock, askAgainMs);
  }
}
