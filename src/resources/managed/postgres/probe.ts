/** Whether a PostgreSQL server is alive: on a session that stays, so that to ask costs one round trip. */

import type { Clock } from '../../../environment/clock.ts';
import { budget } from '../../deadline.ts';
import { ResourceDeadlineError } from '../../errors.ts';
import type { ProbeResult } from '../server.ts';
import { codeOf, openSession, type Session, type SessionParts } from './session.ts';

export interface Probe {
  ask(timeoutMs: number): Promise<ProbeResult>;
  close(): void;
}

/** Nothing listens at the port, or at the socket. */
const nothingListens = new Set(['ECONNREFUSED', 'ENOENT']);
/** It starts, ends, or recovers from a crash of its own: no answer to count on. */
const takesNoSessions = '57P03';

export function createProbe(parts: Omit<SessionParts, 'limit' | 'isReplication'>, clock: Clock): Probe {
  let session: Session | undefined;
  let isClosed = false;
  const drop = (): void => {
    session?.end();
    session = undefined;
  };
  return {
    async ask(timeoutMs) {
      const limit = budget(clock, timeoutMs);
      for (;;) {
        const isNew = session === undefined;
        try {
          session ??= await openSession({ ...parts, limit, isReplication: false });
          await session.within(limit).rows('select 1');
          // What was asked for before it was closed ends like what is asked for later.
          if (isClosed) drop();
          return isClosed ? 'silent' : 'answers';
        } catch (error) {
          drop();
          const code = codeOf(error);
          if (isClosed || error instanceof ResourceDeadlineError) return 'silent';
          if (code !== undefined && nothingListens.has(code)) return 'refused';
          if (!isNew) continue;
          // A login that is refused is an answer, and so is that there are too many sessions.
          return code !== undefined && /^(?:28|3D|53)...$/.test(code) && code !== takesNoSessions
            ? 'answers'
            : 'silent';
        }
      }
    },
    close() {
      isClosed = true;
      drop();
    },
  };
}
