/** What a proxy tells of itself: to a log, and to tests. */

import type { RouteOutput } from '../../../statecharts/failover.ts';
import type { Clock } from '../../environment/clock.ts';

/** Something that operators want to know. */
export interface ProxyNotice {
  readonly level: 'info' | 'warn' | 'error';
  readonly code: /** Clients go to another server, or to the same one as primary of another epoch. */
    | 'ROUTED'
    | 'ROUTELESS'
    /** Connections were ended because the way that they went has. */
    | 'CUT'
    /** A server did not take connections. */
    | 'SERVER_UNREACHABLE'
    /** The proxy's own connection to the primary ended, and with it those of clients. */
    | 'CONTROL_LOST'
    /** A round did not confirm; replies go on being held. */
    | 'UNCONFIRMED'
    /** Clients were cut as their replies stayed unconfirmed: they do not know the outcome. */
    | 'OUTCOME_UNKNOWN'
    | 'REFUSED'
    /** No news of the group for too long: what is known may be history. */
    | 'UNHEARD'
    | 'HEARD'
    /** News of the group were malformed, or their source failed. */
    | 'NEWS'
    /** The route failed, and with it the proxy. */
    | 'FAILED';
  readonly message: string;
}

/** The same code is told again after this time, in milliseconds. */
const repeatMs = 5_000;

/** Tells notices. */
export interface Teller {
  tell(this: void, notice: ProxyNotice): void;
  /** Of those that recur: each kind is told at most once in 5 seconds. */
  tellNowAndThen(this: void, notice: ProxyNotice): void;
}

export function createTeller(clock: Clock, tell: Teller['tell']): Teller {
  const toldAtMs = new Map<string, number>();
  return {
    tell,
    tellNowAndThen(notice) {
      const nowMs = clock.nowMs();
      if (nowMs - (toldAtMs.get(notice.code) ?? -Infinity) < repeatMs) return;
      toldAtMs.set(notice.code, nowMs);
      tell(notice);
    },
  };
}

/** What is told of what the route says. */
export function noticeOf(output: Exclude<RouteOutput, { type: 'known' | 'routed' }>): ProxyNotice {
  switch (output.type) {
    case 'routeless':
      return { level: 'warn', code: 'ROUTELESS', message: 'there is no primary; clients wait' };
    case 'unheard': {
      const message = `no news of the group for ${output.forMs} ms; what is known may be history`;
      return { level: 'warn', code: 'UNHEARD', message };
    }
    case 'heard':
      return { level: 'info', code: 'HEARD', message: 'there is news of the group again' };
  }
}
