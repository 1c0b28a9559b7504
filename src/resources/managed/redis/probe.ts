/** Whether a server of Redis is alive, and of use to its clients. */

import { ResourceLoginError } from '../../errors.ts';
import type { ProbeResult } from '../server.ts';
import { isRefused, type Lane } from './connection.ts';

/**
 * Answers to PING that say: as good as dead to clients. One that is busy with a script has said nothing for seconds before it
 * says so; one that cannot save its data refuses all writes.
 */
const uselessness = /^(?:BUSY|MISCONF)\b/;

/** Asks with PING. Another error than these says that the server is alive: it is loading, follows none, or wants a login. */
export async function probeWith(lane: Lane, timeoutMs: number): Promise<ProbeResult> {
  try {
    const [reply] = await lane.send([['PING']], timeoutMs);
    return reply !== undefined && 'error' in reply && uselessness.test(reply.error.message) ? 'silent' : 'answers';
  } catch (error) {
    if (error instanceof ResourceLoginError) return 'answers';
    return isRefused(error) ? 'refused' : 'silent';
  }
}
