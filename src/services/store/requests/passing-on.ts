/** How a node that does not lead passes requests on to the one that does, once each. */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import { OverloadedError } from '../errors.ts';
import { responseOf } from './outcomes.ts';
import type { Router } from './router.ts';
import type { BusSink } from './sinks.ts';
import type { Request } from './wire.ts';

/** A passed-on request ends earlier than its asker's patience, so that the asker hears how. */
const forwardMarginMs = 100;

/** Asks for `request` in the place of its asker, whose answer goes into `sink`. */
export function passOn(clock: Clock, router: Router, { id, body, waitMs }: Request, sink: BusSink): void {
  const respond = (error: QuorateError | undefined, value?: unknown): void => {
    // A question that was answered for a slow reader has not changed anything: it may be told so instead of being kept.
    const isTooMuch = error === undefined && body.type === 'query' && !sink.hasRoom;
    const told = isTooMuch ? new OverloadedError('more answers wait for this client than it reads') : error;
    sink.push(responseOf(id, told, value));
    sink.flushSoon();
  };
  const patienceMs = Math.max(waitMs - forwardMarginMs, waitMs / 2);
  try {
    router.submit({ prepare: () => body, deadlineAtMs: clock.nowMs() + patienceMs, done: respond });
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    respond(new OverloadedError(error.message));
  }
}
