/** Where answers go that a node gives to itself: gathered, and taken together when they are flushed. */

import type { Clock } from '../../../environment/clock.ts';
import type { Sink } from './desk.ts';
import type { Response } from './wire.ts';

/** @param receive takes the answers of one turn */
export const createOwnSink = (
  clock: Clock,
  receive: (responses: readonly Response[]) => void,
): Sink & { responses: Response[] } => ({
  isOwn: true,
  responses: [],
  hasRoom: true,
  whenRoom: (run) => clock.enqueue(run),
  push(response) {
    this.responses.push(response);
  },
  flush() {
    const due = this.responses;
    this.responses = [];
    receive(due);
  },
});
