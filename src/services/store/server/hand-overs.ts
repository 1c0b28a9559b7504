/**
 * Lets another node lead, at the node that leads: because a client asks for it, or because this node stops. Each request
 * is answered when the log has said how it ended; what is asked again meanwhile waits with the first.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import type { LogEvent, ReplicatedLog } from '../log/replicated-log.ts';
import type { Desk, Waiting } from '../requests/desk.ts';
import type { Body } from '../requests/wire.ts';

/** A request to let another node lead, or about who leads. */
export type LeadershipBody = Extract<Body, { type: 'leader' | 'handOver' }>;
type Asked = Waiting<Extract<Body, { type: 'handOver' }>>;
/** How the log says that it ended. */
export type HandOverEnd = Extract<LogEvent, { type: 'handedOver' | 'notHandedOver' }>;

export interface HandOvers {
  /** Each comes here once this node knows that a majority follows it. */
  take(item: Waiting<LeadershipBody>): void;
  /** Lets some other node lead; `done` is called in a later turn, however it ended, unless the server ends before. */
  resign(done: () => void): void;
  event(event: HandOverEnd): void;
}

/** What the log was asked, and has not answered. */
interface Attempt {
  readonly to: string | undefined;
  readonly waiters: ((end: HandOverEnd) => void)[];
}

/** Requests for one attempt, which wait for its end. */
const waitersLimit = 100;

/** Makes the desk of one server. `nextId` numbers requests of the log. */
export function createHandOvers(clock: Clock, log: ReplicatedLog, desk: Desk, nextId: () => number): HandOvers {
  const attempts = new Map<number, Attempt>();

  /** @throws QuorateError when the node takes no request */
  const begin = (to: string | undefined, onEnd: (end: HandOverEnd) => void): void => {
    const id = nextId();
    attempts.set(id, { to, waiters: [onEnd] });
    try {
      log.handOver(id, to);
    } catch (error) {
      attempts.delete(id);
      throw error;
    }
  };
  const answer = (item: Asked, end: HandOverEnd): void => {
    const to = targetOf(item);
    if (end.type === 'notHandedOver') {
      const { reason, leader } = end;
      if (reason === 'leads-already') desk.answer(item, { id: item.id, status: 'done', value: to ?? leader });
      else if (reason === 'not-leader' || reason === 'not-ready') desk.refuse(item, reason, leader);
      else desk.refuse(item, 'not-handed-over', leader, reason);
      return;
    }
    const { leader } = end;
    if (to === undefined || to === leader) desk.answer(item, { id: item.id, status: 'done', value: leader });
    else desk.refuse(item, 'not-handed-over', leader, 'another-leads');
  };

  const handOver = (item: Asked): void => {
    const to = targetOf(item);
    const underWay = [...attempts.values()].find((it) => it.to === to);
    const onEnd = (end: HandOverEnd): void => answer(item, end);
    if (underWay !== undefined) {
      if (underWay.waiters.length >= waitersLimit) desk.refuse(item, 'overloaded');
      else underWay.waiters.push(onEnd);
      return;
    }
    try {
      begin(to, onEnd);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      desk.refuse(item, 'overloaded', undefined, error.message);
    }
  };

  return {
    take(item) {
      const { id, body, expiresAtMs } = item;
      const isDone = body.type === 'leader' || ('from' in body && body.from !== log.leader);
      if (!log.isLeader) desk.refuse(item, 'not-leader', log.leader);
      else if (isDone) desk.answer(item, { id, status: 'done', value: log.leader });
      // Nothing begins of which the asker hears no more.
      else if (expiresAtMs !== undefined && clock.nowMs() >= expiresAtMs) desk.refuse(item, 'unavailable');
      else handOver({ ...item, body });
    },
    resign(done) {
      if (!log.isLeader) {
        clock.enqueue(done);
        return;
      }
      try {
        begin(undefined, done);
      } catch (error) {
        // A node that takes no requests leads no longer than it lives.
        if (!(error instanceof QuorateError)) throw error;
        clock.enqueue(done);
      }
    },
    event(end) {
      const attempt = attempts.get(end.id);
      attempts.delete(end.id);
      for (const onEnd of attempt?.waiters ?? []) onEnd(end);
    },
  };
}

const targetOf = ({ body }: Asked): string | undefined => ('to' in body ? body.to : undefined);
