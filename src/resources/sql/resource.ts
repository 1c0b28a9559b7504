/**
 * An SQL database as a transactional resource, in a dialect: its pool, the branches that were begun here, and their ends
 * by their sessions or by their names.
 */

import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { ShortLivedMap } from '../../environment/short-lived-map.ts';
import { asResource, type EnlistedResource } from '../adapter.ts';
import { type Branch, globalIdOf } from '../branch.ts';
import { budget, within } from '../deadline.ts';
import { DuplicateBranchError, messageOf, ResourceSetupError } from '../errors.ts';
import { createLocator } from '../place.ts';
import { createPool } from '../pool.ts';
import type { BranchSession, Ending, EndOptions, TransactionalResource } from '../transactional.ts';
import type { Control, SqlConnection } from './connection.ts';
import { withControl } from './control.ts';
import type { Created, Dialect, NamedBranch } from './dialect.ts';
import { commitBranch, rollbackBranch, unreachable } from './endings.ts';

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

/** A branch that was begun here, and whose session may still be at work. */
interface Open<Connection, Session extends BranchSession> {
  readonly connection: Connection;
  readonly created: Created<Session>;
}

const cleanupTimeoutMs = 5_000;
/** Reasons that are kept of branches whose transactions were ended by statements; the database remembers longer. */
const maxBroken = 1_000;

/**
 * Makes a resource. It connects on first use.
 *
 * @param place where the server is, if that is asked anew for every connection
 */
export function createSqlResource<Connection extends SqlConnection, Session extends BranchSession>(
  name: string,
  place: (() => unknown) | undefined,
  options: SqlOptions,
  dialect: Dialect<Connection, Session>,
): EnlistedResource<Session> {
  const { clock } = options.environment ?? systemEnvironment();
  const { meanings } = dialect;
  const locator =
    place === undefined ? undefined : createLocator({ name, clock, protocols: dialect.protocols, find: place });
  const maxSessions = options.maxSessions ?? 20;
  const opened = new ShortLivedMap<string, Open<Connection, Session>>();
  const broken = new Map<string, string>();
  let isClosed = false;

  const pool = createPool<Connection>({
    name,
    clock,
    maxSessions,
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
    destroy(it) {
      it.destroy();
      if (!isClosed) locator?.recheck();
    },
  });
  const control = <T>(timeoutMs: number, work: (control: Control) => Promise<T>): Promise<T> =>
    withControl({ pool, clock, meanings }, timeoutMs, work);
  const named = (branch: Branch, receipt?: string): NamedBranch<Connection> => ({
    branch,
    receipt,
    connection: opened.get(globalIdOf(branch))?.connection,
  });
  const assertNew = (globalId: string): void => {
    if (!opened.has(globalId)) return;
    throw new DuplicateBranchError(
      `expected a new branch, got ${globalId}, which was begun at '${name}' and is not over`,
    );
  };
  const closed = (globalId: string, open: Open<Connection, Session>): void => {
    if (opened.get(globalId) === open) opened.delete(globalId);
  };
  /** Ends the server's session of a connection that was cut off. Recovery does it again. */
  const endLost = async (globalId: string, open: Open<Connection, Session>, branch: Branch): Promise<void> => {
    try {
      if (await control(cleanupTimeoutMs, (it) => dialect.endLost(it, { ...named(branch) }))) closed(globalId, open);
    } catch {
      // The server is out of reach; the entry stays, and whoever rolls the branch back tries again.
    }
  };
  /** What a statement has made of the branch outlives this process. */
  const noteBroken = (branch: Branch, reason: string): void => {
    for (const oldest of broken.keys()) {
      if (broken.size < maxBroken) break;
      broken.delete(oldest);
    }
    broken.set(globalIdOf(branch), reason);
    control(cleanupTimeoutMs, (it) => dialect.writeBroken(it, branch)).catch(() => undefined);
  };

  const begin = async (branch: Branch, timeoutMs: number): Promise<Session> => {
    const globalId = globalIdOf(branch);
    const startedMs = clock.nowMs();
    assertNew(globalId);
    const loan = await pool.acquire('session', timeoutMs);
    if (opened.has(globalId)) {
      loan.release();
      assertNew(globalId);
    }
    const created = dialect.createSession({
      name,
      branch,
      clock,
      loan,
      timeoutMs: Math.max(0, timeoutMs - (clock.nowMs() - startedMs)),
      onEnd(how) {
        if (opened.get(globalId) !== open) return;
        if (how === 'over') opened.delete(globalId);
        else void endLost(globalId, open, branch);
      },
      onBroken: (reason) => noteBroken(branch, reason),
    });
    const open: Open<Connection, Session> = { connection: loan.connection, created };
    opened.set(globalId, open);
    await created.start?.();
    return created.session;
  };
  const commit = async (branch: Branch, { receipt, timeoutMs }: EndOptions): Promise<Ending> => {
    const limit = budget(clock, timeoutMs);
    const own = opened.get(globalIdOf(branch))?.created.own;
    if (own?.isPrepared === true) {
      try {
        await own.endPrepared('commit', timeoutMs);
        return { type: 'done' };
      } catch (error) {
        if (limit.remainingMs() === 0) return unreachable(error);
      }
    }
    const work = (it: Control) => commitBranch(dialect, it, named(branch, receipt));
    return control(Math.max(1, limit.remainingMs()), work).catch(unreachable);
  };
  const rollback = async (branch: Branch, { receipt, timeoutMs }: EndOptions): Promise<Ending> => {
    const limit = budget(clock, timeoutMs);
    const globalId = globalIdOf(branch);
    const own = opened.get(globalId)?.created.own;
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
    const work = (it: Control) => rollbackBranch(dialect, it, named(branch, receipt));
    const ending = await control(Math.max(1, limit.remainingMs()), work).catch(unreachable);
    if (ending.type !== 'unknown') opened.delete(globalId);
    // What is gone now was not all of it.
    const reason = broken.get(globalId);
    return reason === undefined || ending.type === 'unknown' ? ending : { type: 'refused', reason };
  };

  const resource: TransactionalResource<Session> = {
    begin: (branch, { timeoutMs }) => begin(branch, timeoutMs),
    commit,
    rollback,
    prepared: (manager, { timeoutMs }) => control(timeoutMs, (it) => dialect.prepared(it, manager)),
    outcomeOf: (branch, { receipt, timeoutMs }) =>
      control(timeoutMs, (it) => dialect.outcomeOf(it, branch, receipt)).catch(unreachable),
    async writeAbsence(branch, { timeoutMs }) {
      const globalId = globalIdOf(branch);
      const own = opened.get(globalId)?.created.own;
      if (own?.isPrepared === true) return { type: 'present', reason: 'it is prepared' };
      own?.cut('its absence is being written');
      const absence = await control(timeoutMs, (it) => dialect.writeAbsence(it, named(branch))).catch(unreachable);
      if (absence.type !== 'absent' && absence.type !== 'committed') return absence;
      opened.delete(globalId);
      return broken.has(globalId) ? { type: 'committed' } : absence;
    },
    forget: (manager, { olderThanMs, timeoutMs }) =>
      control(timeoutMs, (it) => dialect.forget(it, manager, olderThanMs)),
    setup: ({ timeoutMs }) =>
      control(timeoutMs, async (it) => {
        try {
          await dialect.setup(it);
        } catch (error) {
          if (!meanings.isForbidden(error)) throw error;
          throw new ResourceSetupError(
            `'${name}' forbids to create what is needed (${messageOf(error)}); run as an administrator: ${dialect.setupScript}`,
            { cause: error },
          );
        }
      }),
    check: ({ timeoutMs }) => control(timeoutMs, (it) => dialect.check(it, maxSessions)),
    async close() {
      isClosed = true;
      for (const { created } of opened.values()) {
        await within(clock, created.own.rollback(), cleanupTimeoutMs, 'a rollback').catch(() => undefined);
      }
      pool.close();
    },
  };
  return asResource(resource, { clock });
}
