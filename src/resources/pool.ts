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
  return new ConnectionPool<Connection>(options);
}

class ConnectionPool<Connection> implements Pool<Connection> {
  readonly #options: PoolOptions<Connection>;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #maxWaiting: number;
  readonly #idleTimeoutMs: number;
  /** The one that served last is at the end, and serves first. */
  readonly #idle: Idle<Connection>[] = [];
  readonly #lent = new Set<Connection>();
  readonly #waiting: Record<Purpose, Waiting<Connection>[]> = { control: [], session: [] };
  #connecting = 0;
  #isClosed = false;
  /** One timeout for all idle connections; it looks at the oldest. */
  #sweep: TimeoutHandle | undefined;
  readonly #limits: { readonly control: number; readonly session: number };

  constructor(options: PoolOptions<Connection>) {
    this.#options = options;
    const { name, clock, maxSessions, reservedForControl, maxWaiting, idleTimeoutMs } = options;
    this.#name = name;
    this.#clock = clock;
    this.#maxWaiting = maxWaiting;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#limits = { control: maxSessions + reservedForControl, session: maxSessions } as const;
  }

  acquire(purpose: Purpose, timeoutMs: number): Promise<Loan<Connection>> {
    if (this.#isClosed) return Promise.reject(closedError(this.#name));
    const queue = this.#waiting[purpose];
    // A caller that waits for the other purpose waits for room that there is not for this one either, or needs less.
    if (queue.length === 0 && this.#hasRoom(purpose)) {
      const connection = this.#takeIdle();
      if (connection !== undefined) return Promise.resolve(this.#lend(connection));
    }
    if (queue.length >= this.#maxWaiting) {
      return Promise.reject(
        new ResourceBusyError(
          `expected fewer than ${this.#maxWaiting} callers waiting for a connection to '${this.#name}'; begin fewer transactions at once, or raise maxSessions`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const timeout = this.#clock.setTimeout(() => {
        queue.splice(queue.indexOf(waiter), 1);
        reject(
          new ResourceBusyError(
            `no connection to '${this.#name}' became free within ${timeoutMs} ms: all ${this.#limits[purpose]} are taken; begin fewer transactions at once, or raise maxSessions`,
          ),
        );
      }, timeoutMs);
      const waiter: Waiting<Connection> = { untilMs: this.#clock.nowMs() + timeoutMs, timeout, resolve, reject };
      queue.push(waiter);
      this.#serve();
    });
  }

  get counts(): { readonly open: number; readonly idle: number; readonly waiting: number } {
    return {
      open: this.#idle.length + this.#lent.size + this.#connecting,
      idle: this.#idle.length,
      waiting: this.#waiting.control.length + this.#waiting.session.length,
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#sweep !== undefined) this.#clock.clearTimeout(this.#sweep);
    for (const purpose of purposes) {
      for (const waiter of this.#waiting[purpose].splice(0)) {
        this.#clock.clearTimeout(waiter.timeout);
        waiter.reject(closedError(this.#name));
      }
    }
    for (const { connection } of this.#idle.splice(0)) this.#options.destroy(connection);
    for (const connection of [...this.#lent]) this.#giveBack(connection, 'discard');
  }

  #hasRoom(purpose: Purpose): boolean {
    return this.#lent.size + this.#connecting < this.#limits[purpose];
  }

  #takeIdle(): Connection | undefined {
    for (let next = this.#idle.pop(); next !== undefined; next = this.#idle.pop()) {
      if (this.#options.isUsable(next.connection)) return next.connection;
      this.#options.destroy(next.connection);
    }
    return undefined;
  }

  #sweepAfter(ms: number): void {
    this.#sweep = this.#clock.setTimeout(() => {
      this.#sweep = undefined;
      const nowMs = this.#clock.nowMs();
      while (this.#idle[0] !== undefined && nowMs - this.#idle[0].sinceMs >= this.#idleTimeoutMs) {
        const oldest = this.#idle.shift();
        if (oldest !== undefined) this.#options.destroy(oldest.connection);
      }
      if (this.#idle[0] !== undefined)
        this.#sweepAfter(Math.max(1, this.#idle[0].sinceMs + this.#idleTimeoutMs - nowMs));
    }, ms);
  }

  #giveBack(connection: Connection, how: 'discard' | undefined): void {
    if (!this.#lent.delete(connection)) return;
    if (this.#isClosed || how === 'discard' || !this.#options.isUsable(connection)) {
      this.#options.destroy(connection);
    } else {
      this.#idle.push({ connection, sinceMs: this.#clock.nowMs() });
      if (this.#sweep === undefined) this.#sweepAfter(this.#idleTimeoutMs);
    }
    this.#serve();
  }

  #lend(connection: Connection): Loan<Connection> {
    this.#lent.add(connection);
    return { connection, release: (how) => this.#giveBack(connection, how) };
  }

  /** Connects for a waiter that has left the queue: its own deadline counts on. */
  #connectFor(waiter: Waiting<Connection>): void {
    this.#connecting += 1;
    let isLate = false;
    const remainingMs = Math.max(1, waiter.untilMs - this.#clock.nowMs());
    const timeout = this.#clock.setTimeout(() => {
      isLate = true;
      waiter.reject(
        new ResourceDeadlineError(`'${this.#name}' accepted no connection within ${Math.ceil(remainingMs)} ms`),
      );
    }, remainingMs);
    this.#options.connect(remainingMs).then(
      (connection) => {
        this.#connecting -= 1;
        this.#clock.clearTimeout(timeout);
        const loan = this.#lend(connection);
        if (isLate || this.#isClosed) loan.release(this.#isClosed ? 'discard' : undefined);
        if (this.#isClosed) waiter.reject(closedError(this.#name));
        else waiter.resolve(loan);
      },
      (error: unknown) => {
        this.#connecting -= 1;
        this.#clock.clearTimeout(timeout);
        waiter.reject(error);
        this.#serve();
      },
    );
  }

  #serve(): void {
    for (const purpose of purposes) {
      while (this.#waiting[purpose].length > 0 && this.#hasRoom(purpose)) {
        const waiter = this.#waiting[purpose].shift();
        if (waiter === undefined) break;
        this.#clock.clearTimeout(waiter.timeout);
        const connection = this.#takeIdle();
        if (connection === undefined) this.#connectFor(waiter);
        else waiter.resolve(this.#lend(connection));
      }
    }
  }
}

const closedError = (name: string): ResourceClosedError =>
  new ResourceClosedError(`resource '${name}' is closed: expected no more work for it`);
