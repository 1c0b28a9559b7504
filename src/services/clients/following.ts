/**
 * A client that goes where the primary is, whatever its driver. What is under way as the primary changes ends at once with
 * a named error: it never waits for a server that will not answer, and is never sent again behind the application's back.
 */

import type { Observable, Subscription } from 'rxjs';
import { isLater, type Topology } from '../../../statecharts/failover/topology.ts';
import { type Clock, systemClock } from '../../environment/clock.ts';
import { NoPrimaryError, OutcomeUnknownError } from './errors.ts';

/** A server, as a driver connects to it. */
export type Place = NonNullable<Topology['primary']>;

/** A driver's client of one primary. */
export interface Opened<Client> {
  readonly client: Client;
  /** Resolves when the client can no longer be used; never, where it connects again by itself. */
  readonly lost: Promise<unknown>;
  /** Ends it at once, with all that is under way. */
  close(): void;
}

export interface FollowingOptions {
  readonly topology: Observable<Topology>;
  /** How long to wait for a primary, in milliseconds. Default 10,000. */
  readonly waitMs?: number;
  readonly clock?: Clock;
}

/** A client that follows the primary. */
export interface FollowingClient<Client> {
  /**
   * Does some work with a client of the present primary. Keep the client no longer than the work lasts.
   *
   * @throws NoPrimaryError when there is none in time, and the work did not begin; OutcomeUnknownError when the primary
   * changed or was lost meanwhile; and what `work` throws
   */
  run<Result>(work: (client: Client) => Promise<Result>): Promise<Result>;
  /** Where work goes now. */
  primary(): Place | undefined;
  /** Ends what is under way. Idempotent. */
  close(): void;
}

/** A client of one primary in one epoch. */
interface Tenure<Client> {
  readonly place: Place;
  readonly opened: Opened<Client>;
  /** Rejects when the tenure is over. */
  readonly over: Promise<never>;
  readonly end: (why: string) => void;
  isOver: boolean;
}

const retryMs = 100;

/**
 * Follows the primary.
 *
 * @param open connects to a primary; when it throws, it is tried again
 * @param refuse why work must not go to a primary of this topology, as an error to throw
 */
export function followPrimary<Client>(
  options: FollowingOptions,
  open: (place: Place) => Promise<Opened<Client>>,
  refuse: (topology: Topology) => Error | undefined = () => undefined,
): FollowingClient<Client> {
  return new Following(options, open, refuse);
}

class Following<Client> implements FollowingClient<Client> {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #open: (place: Place) => Promise<Opened<Client>>;
  readonly #refuse: (topology: Topology) => Error | undefined;
  readonly #subscription: Subscription;
  readonly #waiting = new Set<() => void>();
  #known: Topology | undefined;
  #tenure: Tenure<Client> | undefined;
  #isClosed = false;

  constructor(
    { topology, waitMs = 10_000, clock = systemClock() }: FollowingOptions,
    open: (place: Place) => Promise<Opened<Client>>,
    refuse: (topology: Topology) => Error | undefined,
  ) {
    this.#clock = clock;
    this.#waitMs = waitMs;
    this.#open = open;
    this.#refuse = refuse;
    this.#subscription = topology.subscribe((next) => this.#hear(next));
  }

  primary(): Place | undefined {
    return this.#tenure?.place;
  }

  async run<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const tenure = await this.#reached();
    try {
      return await Promise.race([work(tenure.opened.client), tenure.over]);
    } catch (cause) {
      // What a driver throws as its connection breaks says no more than that.
      if (tenure.isOver) await tenure.over;
      throw cause;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription.unsubscribe();
    this.#end('the client was closed');
    this.#wake();
  }

  #hear(next: Topology): void {
    if (!isLater(this.#known, next)) return;
    const before = this.#known;
    this.#known = next;
    if (before !== undefined && isSameTenure(before, next)) return;
    this.#end('the primary is another one, or of another epoch');
    if (next.primary !== null) void this.#begin(next.primary, next);
    this.#wake();
  }

  async #begin(place: Place, since: Topology): Promise<void> {
    const isWanted = (): boolean =>
      !this.#isClosed && this.#known !== undefined && isSameTenure(this.#known, since) && this.#tenure === undefined;
    if (!isWanted() || this.#refuse(since) !== undefined) return;
    const again = (): void => {
      if (isWanted()) this.#clock.setTimeout(() => void this.#begin(place, since), retryMs);
    };
    try {
      const opened = await this.#open(place);
      if (!isWanted()) return opened.close();
      this.#tenure = tenureOf(place, opened);
      const { end } = this.#tenure;
      void opened.lost.then(() => {
        if (this.#tenure?.opened !== opened) return;
        this.#tenure = undefined;
        end('the connection was lost');
        again();
      });
      this.#wake();
    } catch {
      again();
    }
  }

  #end(why: string): void {
    const tenure = this.#tenure;
    this.#tenure = undefined;
    tenure?.end(why);
    tenure?.opened.close();
  }

  async #reached(): Promise<Tenure<Client>> {
    const deadlineMs = this.#clock.nowMs() + this.#waitMs;
    for (;;) {
      if (this.#isClosed) throw new NoPrimaryError('the client is closed');
      const refusal = this.#known === undefined ? undefined : this.#refuse(this.#known);
      if (refusal !== undefined) throw refusal;
      if (this.#tenure !== undefined) return this.#tenure;
      const leftMs = deadlineMs - this.#clock.nowMs();
      if (leftMs <= 0) {
        throw new NoPrimaryError(`there was no primary to be reached within ${this.#waitMs} ms; try again later`);
      }
      await this.#woken(leftMs);
    }
  }

  #woken(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        this.#clock.clearTimeout(timeout);
        resolve();
      };
      const timeout = this.#clock.setTimeout(wake, withinMs);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function tenureOf<Client>(place: Place, opened: Opened<Client>): Tenure<Client> {
  let end = (_why: string): void => {};
  const over = new Promise<never>((_resolve, reject) => {
    end = (why) => {
      tenure.isOver = true;
      const { server, host, port } = place;
      reject(
        new OutcomeUnknownError(
          `what was under way at ${server} (${host}:${port}) may have happened or not: ${why}; find out before you repeat it`,
        ),
      );
    };
  });
  // Where nothing was under way, nothing is to be told.
  over.catch(() => {});
  const tenure: Tenure<Client> = { place, opened, over, end: (why) => end(why), isOver: false };
  return tenure;
}

const isSameTenure = (a: Topology, b: Topology): boolean =>
  a.primary?.server === b.primary?.server &&
  a.primary?.host === b.primary?.host &&
  a.primary?.port === b.primary?.port &&
  a.mark?.epoch === b.mark?.epoch &&
  a.mode === b.mode;
