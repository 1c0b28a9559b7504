/**
 * A bounded pool of connections, with waiting that is bounded too. Ending a prepared branch must never wait for
 * connections of branches that themselves wait for what it locks; therefore some connections are kept for control.
 */

import type { Clock, TimeoutHandle } from '../environment/clock.ts';
import { ResourceBusyError, ResourceClosedError, ResourceDeadlineError } from './errors.ts';

/** `session`: runs an application's statements; `control`: ends, lists and asks. Control goes first. */
export type Purpose = 'session' | 'control';

export interface PoolOptions<Connection> {
  /** For messages: the name of the resource. */
  readonly name: string;
  readonly clock: Clock;
  /** Connections for sessions. Control may use them too, when they are free. */
  readonly maxSessions: number;
  /** Connections on top of these that only control uses. */
  readonly reservedForControl: number;
  /** How many may wait for a connection at once, of each purpose. */
  readonly maxWaiting: number;
  /** An idle connection is closed after so many milliseconds. */
  readonly idleTimeoutMs: number;
  connect(timeoutMs: number): Promise<Connection>;
  /** Whether a connection can serve again. */
  isUsable(connection: Connection): boolean;
  /** Cuts a connection off at once. */
  destroy(connection: Connection): void;
}

/** A connection on loan. */
export interface Loan<Connection> {
  readonly connection: Connection;
  /** Gives it back; with `discard` it is cut off instead of being used again. Idempotent. */
  release(how?: 'discard'): void;
}

export interface Pool<Connection> {
  /**
   * Waits for a connection.
   *
   * @throws ResourceBusyError when none becomes free in time, or too many wait already; ResourceClosedError;
   *   ResourceDeadlineError when connecting takes too long; whatever `connect` throws
   */
  acquire(purpose: Purpose, timeoutMs: number): Promise<Loan<Connection>>;
  /** Connections that exist or are being made, and callers that wait. */
  readonly counts: { readonly open: number; readonly idle: number; readonly waiting: number };
  /** Cuts off every connection. Idempotent. */
  close(): void;
}

interface Waiting<Connection> {
  readonly untilMs: number;
  readonly timeout: TimeoutHandle;
  resolve(loan: Loan<Connection>): void;
  reject(error: unknown): void;
}

interface Idle<Connection> {
  readonly connection: Connection;
  readonly sinceMs: number;
}

const purposes = ['control', 'session'] as const;

/** Makes a pool; it connects when asked for the first time. */
export function createPool<Connection>(options: PoolOptions<Connection>): Pool<Connection> {
  const { name, clock, maxSessions, reservedForControl, maxWaiting, idleTimeoutMs } = options;
  /** The one that served last is at the end, and serves first. */
  const idle: Idle<Connection>[] = [];
  const lent = new Set<Connection>();
  const waiting: Record<Purpose, Waiting<Connection>[]> = { control: [], session: [] };
  let connecting = 0;
  let isClosed = false;
  /** One timeout for all idle connections; it looks at the oldest. */
  let sweep: TimeoutHandle | undefined;

  const limits = { control: maxSessions + reservedForControl, session: maxSessions } as const;
  const hasRoom = (purpose: Purpose): boolean => lent.size + connecting < limits[purpose];

  const takeIdle = (): Connection | undefined => {
    for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
      if (options.isUsable(next.connection)) return next.connection;
      options.destroy(next.connection);
    }
    return undefined;
  };
  const sweepAfter = (ms: number): void => {
    sweep = clock.setTimeout(() => {
      sweep = undefined;
      const nowMs = clock.nowMs();
      while (idle[0] !== undefined && nowMs - idle[0].sinceMs >= idleTimeoutMs) {
        const oldest = idle.shift();
        if (oldest !== undefined) options.destroy(oldest.connection);
      }
      if (idle[0] !== undefined) sweepAfter(Math.max(1, idle[0].sinceMs + idleTimeoutMs - nowMs));
    }, ms);
  };

  const giveBack = (connection: Connection, how: 'discard' | undefined): void => {
    if (!lent.delete(connection)) return;
    if (isClosed || how === 'discard' || !options.isUsable(connection)) {
      options.destroy(connection);
    } else {
      idle.push({ connection, sinceMs: clock.nowMs() });
      if (sweep === undefined) sweepAfter(idleTimeoutMs);
    }
    serve();
  };

  const lend = (connection: Connection): Loan<Connection> => {
    lent.add(connection);
    return { connection, release: (how) => giveBack(connection, how) };
  };

  /** Connects for a waiter that has left the queue: its own deadline counts on. */
  const connectFor = (waiter: Waiting<Connection>): void => {
    connecting += 1;
    let isLate = false;
    const remainingMs = Math.max(1, waiter.untilMs - clock.nowMs());
    const timeout = clock.setTimeout(() => {
      isLate = true;
      waiter.reject(new ResourceDeadlineError(`'${name}' accepted no connection within ${Math.ceil(remainingMs)} ms`));
    }, remainingMs);
    options.connect(remainingMs).then(
      (connection) => {
        connecting -= 1;
        clock.clearTimeout(timeout);
        const loan = lend(connection);
        if (isLate || isClosed) loan.release(isClosed ? 'discard' : undefined);
        if (isClosed) waiter.reject(closedError(name));
        else waiter.resolve(loan);
      },
      (error: unknown) => {
        connecting -= 1;
        clock.clearTimeout(timeout);
        waiter.reject(error);
        serve();
      },
    );
  };

  const serve = (): void => {
    for (const purpose of purposes) {
      while (waiting[purpose].length > 0 && hasRoom(purpose)) {
        const waiter = waiting[purpose].shift();
        if (waiter === undefined) break;
        clock.clearTimeout(waiter.timeout);
        const connection = takeIdle();
        if (connection === undefined) connectFor(waiter);
        else waiter.resolve(lend(connection));
      }
    }
  };

  return {
    acquire(purpose, timeoutMs) {
      if (isClosed) return Promise.reject(closedError(name));
      const queue = waiting[purpose];
      // Whoever waits for the other purpose waits for room that there is not for this one either, or needs less.
      if (queue.length === 0 && hasRoom(purpose)) {
        const connection = takeIdle();
        if (connection !== undefined) return Promise.resolve(lend(connection));
      }
      if (queue.length >= maxWaiting) {
        return Promise.reject(
          new ResourceBusyError(
            `expected fewer than ${maxWaiting} callers waiting for a connection to '${name}'; begin fewer transactions at once, or raise maxSessions`,
          ),
        );
      }
      return new Promise((resolve, reject) => {
        const timeout = clock.setTimeout(() => {
          queue.splice(queue.indexOf(waiter), 1);
          reject(
            new ResourceBusyError(
              `no connection to '${name}' became free within ${timeoutMs} ms: all ${limits[purpose]} are taken; begin fewer transactions at once, or raise maxSessions`,
            ),
          );
        }, timeoutMs);
        const waiter: Waiting<Connection> = { untilMs: clock.nowMs() + timeoutMs, timeout, resolve, reject };
        queue.push(waiter);
        serve();
      });
    },
    get counts() {
      return {
        open: idle.length + lent.size + connecting,
        idle: idle.length,
        waiting: waiting.control.length + waiting.session.length,
      };
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      if (sweep !== undefined) clock.clearTimeout(sweep);
      for (const purpose of purposes) {
        for (const waiter of waiting[purpose].splice(0)) {
          clock.clearTimeout(waiter.timeout);
          waiter.reject(closedError(name));
        }
      }
      for (const { connection } of idle.splice(0)) options.destroy(connection);
      for (const connection of [...lent]) giveBack(connection, 'discard');
    },
  };
}

const closedError = (name: string): ResourceClosedError =>
  new ResourceClosedError(`resource '${name}' is closed: expected no more work for it`);
