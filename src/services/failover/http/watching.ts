/** The topology of a group as server-sent events: what is known now, what follows, and a comment each second in between. */

import type { FastifyReply } from 'fastify';
import type { Observable } from 'rxjs';
import type { Topology } from '../../../../statecharts/failover.ts';
import type { Clock, TimeoutHandle } from '../../../environment/clock.ts';
import { HttpRequestError } from '../../http/problems.ts';
import { commentEvent, eventOf } from '../topology/events.ts';

export interface Watchers {
  /** Tells a client from now on. @throws HttpRequestError when there are too many */
  add(reply: FastifyReply): void;
  readonly count: number;
  /** Ends all. */
  close(): void;
}

/** Clients that are told at once. */
const watchersLimit = 1_000;
/** A client with so much unsent does not read: it is let go, and comes back when it can. */
const unsentLimitBytes = 1_024 * 1_024;
const commentMs = 1_000;

export function createWatchers(topology: Observable<Topology>, clock: Clock): Watchers {
  const ends = new Set<() => void>();
  return {
    add(reply) {
      if (ends.size >= watchersLimit) {
        throw new HttpRequestError(
          503,
          'WATCHERS_LIMIT',
          `${watchersLimit} clients watch already`,
          'ask another manager',
        );
      }
      reply.hijack();
      const { raw } = reply;
      const say = (text: string): void => {
        if (raw.writableLength > unsentLimitBytes) raw.destroy();
        else raw.write(text);
      };
      let comment: TimeoutHandle;
      const commentLater = (): void => {
        comment = clock.setTimeout(() => {
          say(commentEvent);
          commentLater();
        }, commentMs);
      };
      raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'close' });
      const told = topology.subscribe((next) => say(eventOf(JSON.stringify(next))));
      commentLater();
      const end = (): void => {
        if (!ends.delete(end)) return;
        told.unsubscribe();
        clock.clearTimeout(comment);
        raw.end();
      };
      ends.add(end);
      raw.on('close', end);
      raw.on('error', end);
    },
    get count() {
      return ends.size;
    },
    close() {
      for (const end of ends) end();
    },
  };
}
