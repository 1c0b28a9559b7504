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
  readonly purpose: Purpose;
  readonly untilMs: number;
  readonly timeout: TimeoutHandle;
  resolve(loan: Loan<Connection>): void;
  reject(error: unknown): void;
}

interface Idle<Connection> {
  readonly connection: Connection;
  readonly timeout: TimeoutHandle;
}

/** Makes a pool; it connects when asked for the first time. */
export function createPool<Connection>(options: PoolOptions<Connection>): Pool<Connection> {
  const { name, clock, maxSessions, reservedForControl, maxWaiting } = options;
  const idle: Idle<Connection>[] = [];
  const lent = new Set<Connection>();
  let waiting: Waiting<Connection>[] = [];
  let connecting = 0;
  let isClosed = false;

  const open = (): number => idle.length + lent.size + connecting;
  const limitFor = (purpose: Purpose): number =>
    purpose === 'control' ? maxSessions + reservedForControl : maxSessions;

  const takeIdle = (): Connection | undefined => {
    for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
      clock.clearTimeout(next.timeout);
      if (options.isUsable(next.connection)) return next.connection;
      options.destroy(next.connection);
    }
    return undefined;
  };

  const giveBack = (connection: Connection, how: 'discard' | undefined): void => {
    if (!lent.delete(connection)) return;
    if (isClosed || how === 'discard' || !options.isUsable(connection)) {
      options.destroy(connection);
    } else {
      const timeout = clock.setTimeout(() => {
        const index = idle.findIndex((it) => it.connection === connection);
        if (index < 0) return;
        idle.splice(index, 1);
        options.destroy(connection);
      }, options.idleTimeoutMs);
      idle.push({ connection, timeout });
    }
    serve();
  };

  const lend = (connection: Connection): Loan<Connection> => {
    lent.add(connection);
    return { connection, release: (how) => giveBack(connection, how) };
  };

  const settle = (waiter: Waiting<Connection>): void => {
    clock.clearTimeout(waiter.timeout);
    waiting = waiting.filter((it) => it !== waiter);
  };

  /** Connects for a waiter that has left the queue: its own deadline counts on. */
  const connectFor = (waiter: Waiting<Connection>): void => {
    settle(waiter);
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
    for (const purpose of ['control', 'session'] as const) {
      for (let waiter = firstOf(purpose); waiter !== undefined; waiter = firstOf(purpose)) {
        const loans = lent.size + connecting;
        if (loans >= limitFor(purpose)) break;
        const connection = takeIdle();
        if (connection !== undefined) {
          settle(waiter);
          waiter.resolve(lend(connection));
        } else {
          connectFor(waiter);
        }
      }
    }
  };
  const firstOf = (purpose: Purpose): Waiting<Connection> | undefined => waiting.find((it) => it.purpose === purpose);

  return {
    acquire(purpose, timeoutMs) {
      if (isClosed) return Promise.reject(closedError(name));
      if (waiting.filter((it) => it.purpose === purpose).length >= maxWaiting) {
        return Promise.reject(
          new ResourceBusyError(
            `expected fewer than ${maxWaiting} callers waiting for a connection to '${name}'; begin fewer transactions at once, or raise maxSessions`,
          ),
        );
      }
      return new Promise((resolve, reject) => {
        const timeout = clock.setTimeout(() => {
          waiting = waiting.filter((it) => it !== waiter);
          reject(
            new ResourceBusyError(
              `no connection to '${name}' became free within ${timeoutMs} ms: all ${limitFor(purpose)} are taken; begin fewer transactions at once, or raise maxSessions`,
            ),
          );
        }, timeoutMs);
        const waiter: Waiting<Connection> = { purpose, untilMs: clock.nowMs() + timeoutMs, timeout, resolve, reject };
        waiting.push(waiter);
        serve();
      });
    },
    get counts() {
      return { open: open(), idle: idle.length, waiting: waiting.length };
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      for (const waiter of [...waiting]) {
        settle(waiter);
        waiter.reject(closedError(name));
      }
      for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
        clock.clearTimeout(next.timeout);
        options.destroy(next.connection);
      }
      for (const connection of [...lent]) giveBack(connection, 'discard');
    },
  };
}

const closedError = (name: string): ResourceClosedError =>
  new ResourceClosedError(`resource '${name}' is closed: expected no more work for it`);
