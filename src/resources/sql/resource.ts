/**
 * An SQL database as a transactional resource, in a dialect: its pool, the branches that were begun here, and their ends
 * by their sessions or by their names.
 */

import type { Clock } from '../../environment/clock.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { messageOf } from '../../environment/message.ts';
import { asResource, type EnlistedResource } from '../adapter.ts';
import type { Branch } from '../branch.ts';
import { budget } from '../deadline.ts';
import { ResourceSetupError } from '../errors.ts';
import { allModes } from '../mode.ts';
import { createMovingLocator, type MovingPlace } from '../moving-place.ts';
import { createLocator, type Locator } from '../place.ts';
import { createPool, type Pool } from '../pool.ts';
import type {
  Absence,
  BeginOptions,
  BranchOutcome,
  BranchSession,
  CheckReport,
  Ending,
  EndOptions,
  PreparedBranch,
  TransactionalResource,
} from '../transactional.ts';
import type { Control, SqlConnection } from './connection.ts';
import { withControl } from './control.ts';
import type { Dialect } from './dialect.ts';
import { commitBranch, rollbackBranch, unreachable, writeAbsence } from './endings.ts';
import { OpenedBranches } from './opened.ts';

/** What all SQL resources can be told. */
export interface SqlOptions {
  /** Shown in messages. Default: the product's name. */
  readonly name?: string;
  /** Connections for branches at work and, where they stay with their connections, prepared. Default 20. */
  readonly maxSessions?: number;
  /** Connections on top, for ending branches, listing and asking only. Default 4. */
  readonly reservedForControl?: number;
  /** Callers that may wait for a connection. Default 1,000. */
  readonly maxWaiting?: number;
  /** An idle connection is closed after so many milliseconds. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Default: the system's. */
  readonly environment?: Environment;
}

/** Where a server is that may move: who says it when asked, or as it moves. */
export type MovablePlace = (() => unknown) | MovingPlace;

/**
 * Makes a resource. It connects on first use.
 *
 * @param place where the server is, if that is asked anew for every connection
 */
export function createSqlResource<Connection extends SqlConnection, Session extends BranchSession>(
  name: string,
  place: MovablePlace | undefined,
  options: SqlOptions,
  dialect: Dialect<Connection, Session>,
): EnlistedResource<Session> {
  const { clock } = options.environment ?? systemEnvironment();
  return asResource(new SqlResource(name, clock, place, options, dialect), { clock });
}

interface Timeout {
  readonly timeoutMs: number;
}

class SqlResource<Connection extends SqlConnection, Session extends BranchSession>
  implements TransactionalResource<Session>
{
  readonly modes = allModes;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #dialect: Dialect<Connection, Session>;
  readonly #maxSessions: number;
  readonly #locator: Locator | undefined;
  readonly #pool: Pool<Connection>;
  readonly #opened: OpenedBranches<Connection, Session>;
  #isClosed = false;

  constructor(
    name: string,
    clock: Clock,
    place: MovablePlace | undefined,
    options: SqlOptions,
    dialect: Dialect<Connection, Session>,
  ) {
    this.#name = name;
    this.#clock = clock;
    this.#dialect = dialect;
    this.#maxSessions = options.maxSessions ?? 20;
    this.#locator = locatorOf(name, clock, dialect.protocols, place);
    this.#pool = this.#createPool(options);
    this.#opened = new OpenedBranches({
      name,
      clock,
      dialect,
      control: (timeoutMs, work) => this.#control(timeoutMs, work),
    });
  }

  async begin(branch: Branch, { timeoutMs, ...mode }: BeginOptions): Promise<Session> {
    const startedMs = this.#clock.nowMs();
    this.#opened.assertNew(branch);
    const loan = await this.#pool.acquire('session', timeoutMs);
    try {
      this.#opened.assertNew(branch);
    } catch (error) {
      loan.release();
      throw error;
    }
    const remainingMs = Math.max(0, timeoutMs - (this.#clock.nowMs() - startedMs));
    return this.#opened.open(branch, loan, { ...mode, timeoutMs: remainingMs });
  }

  async commit(branch: Branch, { receipt, timeoutMs }: EndOptions): Promise<Ending> {
    const limit = budget(this.#clock, timeoutMs);
    const own = this.#opened.ownOf(branch);
    if (own?.isPrepared === true) {
      try {
        await own.endPrepared('commit', timeoutMs);
        return { type: 'done' };
      } catch (error) {
        if (limit.remainingMs() === 0) return unreachable(error);
      }
    }
    const work = (it: Control) => commitBranch(this.#dialect, it, this.#opened.named(branch, receipt));
    return this.#control(Math.max(1, limit.remainingMs()), work).catch(unreachable);
  }

  async rollback(branch: Branch, { receipt, timeoutMs }: EndOptions): Promise<Ending> {
    const limit = budget(this.#clock, timeoutMs);
    const own = this.#opened.ownOf(branch);
    if (own?.isPrepared === true) {
      try {
        await own.endPrepared('rollback', timeoutMs);
      } catch (error) {
        if (limit.remainingMs() === 0) return unreachable(error);
      }
    } else if (own !== undefined && !own.isLost) {
      await own.rollback();
      // A confirmed rollback of a session that only lives here: nothing can prepare it any more.
      if (!own.isLost && receipt === undefined) return { type: 'done' };
    }
    const work = (it: Control) => rollbackBranch(this.#dialect, it, this.#opened.named(branch, receipt));
    const ending = await this.#control(Math.max(1, limit.remainingMs()), work).catch(unreachable);
    if (ending.type === 'unknown') return ending;
    this.#opened.forget(branch);
    // What is gone now was not all of it.
    const reason = this.#opened.brokenReasonOf(branch);
    return reason === undefined ? ending : { type: 'refused', reason };
  }

  prepared(manager: string, { timeoutMs }: Timeout): Promise<readonly PreparedBranch[]> {
    return this.#control(timeoutMs, (it) => this.#dialect.prepared(it, manager));
  }

  outcomeOf(branch: Branch, { receipt, timeoutMs }: EndOptions): Promise<BranchOutcome> {
    return this.#control(timeoutMs, (it) => this.#dialect.outcomeOf(it, branch, receipt)).catch(unreachable);
  }

  async writeAbsence(branch: Branch, { timeoutMs }: Timeout): Promise<Absence> {
    const own = this.#opened.ownOf(branch);
    if (own?.isPrepared === true) return { type: 'present', reason: 'it is prepared' };
    own?.cut('its absence is being written');
    const work = (it: Control) => writeAbsence(this.#dialect, it, this.#opened.named(branch));
    const absence = await this.#control(timeoutMs, work).catch(unreachable);
    if (absence.type !== 'absent' && absence.type !== 'committed') return absence;
    this.#opened.forget(branch);
    return this.#opened.brokenReasonOf(branch) === undefined ? absence : { type: 'committed' };
  }

  forget(manager: string, { olderThanMs, timeoutMs }: Timeout & { readonly olderThanMs: number }): Promise<number> {
    return this.#control(timeoutMs, (it) => this.#dialect.forget(it, manager, olderThanMs));
  }

  setup({ timeoutMs }: Timeout): Promise<void> {
    const { meanings, setupScript } = this.#dialect;
    return this.#control(timeoutMs, async (it) => {
      try {
        await this.#dialect.setup(it);
      } catch (error) {
        if (!meanings.isForbidden(error)) throw error;
        throw new ResourceSetupError(
          `'${this.#name}' forbids to create what is needed (${messageOf(error)}); run as an administrator: ${setupScript}`,
          { cause: error },
        );
      }
    });
  }

  check({ timeoutMs }: Timeout): Promise<CheckReport> {
    return this.#control(timeoutMs, (it) => this.#dialect.check(it, this.#maxSessions));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opened.close();
    this.#pool.close();
    this.#locator?.close();
  }

  #createPool(options: SqlOptions): Pool<Connection> {
    const [name, clock, dialect, locator] = [this.#name, this.#clock, this.#dialect, this.#locator];
    return createPool<Connection>({
      name,
      clock,
      maxSessions: this.#maxSessions,
      reservedForControl: options.reservedForControl ?? 4,
      maxWaiting: options.maxWaiting ?? 1_000,
      idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
      async connect(timeoutMs) {
        const limit = budget(clock, timeoutMs);
        const url = await locator?.locate(timeoutMs);
        return dialect.connect({
          timeoutMs: limit.remainingMs(),
          url,
          isCurrent: () => url === undefined || locator?.isCurrent(url) === true,
        });
      },
      isUsable: (it) => it.isUsable(),
      destroy: (it) => {
        it.destroy();
        if (!this.#isClosed) locator?.recheck();
      },
    });
  }

  #control<T>(timeoutMs: number, work: (control: Control) => Promise<T>): Promise<T> {
    return withControl({ pool: this.#pool, clock: this.#clock, meanings: this.#dialect.meanings }, timeoutMs, work);
  }
}

function locatorOf(
  name: string,
  clock: Clock,
  protocols: readonly string[],
  place: MovablePlace | undefined,
): Locator | undefined {
  if (place === undefined) return undefined;
  if (typeof place === 'object') return createMovingLocator(name, clock, place);
  return createLocator({ name, clock, protocols, find: place });
}
