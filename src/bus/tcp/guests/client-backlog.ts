/**
 * What waits for clients that do not read. One of them costs little; many together are kept within one budget: while more
 * than half of it is used, those that have taken nothing for a while lose their connections.
 */

import type { Clock, TimeoutHandle } from '../../../environment/clock.ts';
import { SlowClientError } from '../../errors.ts';
import type { TcpLimits, TcpTiming } from '../options.ts';
import type { Session } from '../session.ts';

export interface ClientBacklog {
  add(session: Session): void;
  delete(session: Session): void;
  /** Bytes that wait for all clients. */
  readonly bytes: number;
  stop(): void;
}

interface Watched {
  takenBytes: number;
  idleIntervals: number;
}

export function createClientBacklog(clock: Clock, limits: TcpLimits, timing: TcpTiming): ClientBacklog {
  const clients = new Map<Session, Watched>();
  const intervalMs = timing.pingIntervalMs;
  let timeout: TimeoutHandle | undefined;
  let isStopped = false;

  const bytes = (): number => {
    let sum = 0;
    for (const session of clients.keys()) sum += session.backlogBytes;
    return sum;
  };
  const look = (): void => {
    timeout = undefined;
    const isTight = bytes() > limits.clientBacklogBytes / 2;
    for (const [session, watched] of clients) {
      const hasTaken = session.backlogBytes === 0 || session.takenBytes > watched.takenBytes;
      watched.takenBytes = session.takenBytes;
      watched.idleIntervals = hasTaken ? 0 : watched.idleIntervals + 1;
      // Intervals are counted instead of time: after a pause of this process a client still gets its chance.
      if (!isTight || watched.idleIntervals * intervalMs < timing.silenceTimeoutMs) continue;
      session.cut(
        new SlowClientError(
          `expected ${session.remote} to read its answers, but it took none of ${session.backlogBytes} bytes within ${timing.silenceTimeoutMs} ms, and others wait; read faster, or ask for less at once`,
        ),
      );
    }
    watch();
  };
  const watch = (): void => {
    if (timeout === undefined && !isStopped && clients.size > 0) timeout = clock.setTimeout(look, intervalMs);
  };
  return {
    add(session) {
      clients.set(session, { takenBytes: 0, idleIntervals: 0 });
      watch();
    },
    delete: (session) => void clients.delete(session),
    get bytes() {
      return bytes();
    },
    stop() {
      isStopped = true;
      if (timeout !== undefined) clock.clearTimeout(timeout);
    },
  };
}
