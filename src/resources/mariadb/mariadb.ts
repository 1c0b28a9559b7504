/**
 * A MariaDB database (10.5 or later) as a resource: XA transactions, and a small table of ours for what must be
 * remembered (memory.ts).
 *
 * A prepared branch keeps its connection until it is ended, because no other session can end it; `maxSessions` therefore
 * limits branches at work and in doubt together. Recovery finds the session of an earlier incarnation by the lock that
 * it holds in the branch's name, ends it, and then ends the branch.
 */

import type { ConnectionOptions } from 'mysql2/promise';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { ShortLivedMap } from '../../environment/short-lived-map.ts';
import { asResource, type EnlistedResource } from '../adapter.ts';
import { type Branch, globalIdOf } from '../branch.ts';
import { budget } from '../deadline.ts';
import { DuplicateBranchError, messageOf, ResourceSetupError } from '../errors.ts';
import { createLocator, type Place } from '../place.ts';
import { createPool } from '../pool.ts';
import type { Ending, TransactionalResource } from '../transactional.ts';
import { checkServer } from './check.ts';
import { type Control, connect, errorNumberOf, type MariaDbConnection, withControl } from './connection.ts';
import {
  commitBranch,
  endSession,
  forgetBranches,
  outcomeOfBranch,
  preparedBranches,
  rollbackBranch,
  writeAbsenceOf,
} from './endings.ts';
import { createMemory, hasMemory } from './memory.ts';
import { createSession, type MariaDbSession, type OwnSession } from './session.ts';

export type { MariaDbResult } from './connection.ts';
export type { MariaDbSession } from './session.ts';

export interface MariaDbOptions {
  /** Shown in messages. Default `mariadb`. */
  readonly name?: string;
  /** Connections for branches at work and prepared. Default 20. */
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

const cleanupTimeoutMs = 5_000;
const accessDenied = new Set([1044, 1142, 1227]);

/**
 * Makes a resource of a database. Connects on first use.
 *
 * @param connection a URL such as `mysql://user:password@host:3306/database`, or the options of a `mysql2` connection; or
 *   a function that says the URL, for a server that may move: it is asked for every new connection, and whenever one was
 *   lost or led to a server that takes no writes. When its answer changes, connections to the earlier place are used no
 *   more, and branches at work there vote no.
 */
export function mariadb(
  connection: Place | ConnectionOptions,
  options: MariaDbOptions = {},
): EnlistedResource<MariaDbSession> {
  const { clock } = options.environment ?? systemEnvironment();
  const name = options.name ?? 'mariadb';
  const fixed =
    typeof connection === 'string' ? { uri: connection } : typeof connection === 'function' ? undefined : connection;
  const locator =
    typeof connection === 'function'
      ? createLocator({ name, clock, protocols: ['mysql:', 'mariadb:'], find: connection })
      : undefined;
  const maxSessions = options.maxSessions ?? 20;
  const opened = new ShortLivedMap<string, OwnSession>();
  let isClosed = false;

  const pool = createPool<MariaDbConnection>({
    name,
    clock,
    maxSessions,
    reservedForControl: options.reservedForControl ?? 4,
    maxWaiting: options.maxWaiting ?? 1_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    async connect(timeoutMs) {
      const limit = budget(clock, timeoutMs);
      const url = await locator?.locate(timeoutMs);
      return connect({
        name,
        config: url === undefined ? (fixed ?? {}) : { uri: url },
        clock,
        timeoutMs: limit.remainingMs(),
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
    withControl(pool, clock, timeoutMs, work);
  const unknown = (error: unknown): { type: 'unknown'; reason: string } => ({
    type: 'unknown',
    reason: messageOf(error),
  });

  /** On the connection that prepared it; from any other one when that is gone. */
  const end = async (
    branch: Branch,
    verb: 'commit' | 'rollback',
    timeoutMs: number,
    byName: (control: Control) => Promise<Ending>,
  ): Promise<Ending> => {
    const startedMs = clock.nowMs();
    const session = opened.get(globalIdOf(branch));
    if (session?.isPrepared === true) {
      try {
        await session.end(verb, timeoutMs);
        if (verb === 'commit') return { type: 'done' };
      } catch (error) {
        if (clock.nowMs() - startedMs >= timeoutMs) return unknown(error);
      }
    } else if (verb === 'rollback' && session !== undefined) {
      await session.rollback();
      // A confirmed rollback of a session that only lives here: nothing can prepare it any more.
      if (!session.isLost) return { type: 'done' };
    }
    return control(Math.max(1, timeoutMs - (clock.nowMs() - startedMs)), byName).catch(unknown);
  };

  const core: TransactionalResource<MariaDbSession> = {
    async begin(branch, { timeoutMs }) {
      const globalId = globalIdOf(branch);
      const startedMs = clock.nowMs();
      assertNew(globalId);
      const loan = await pool.acquire('session', timeoutMs);
      if (opened.has(globalId)) {
        loan.release();
        assertNew(globalId);
      }
      const session = createSession({
        name,
        branch,
        clock,
        loan,
        timeoutMs: Math.max(0, timeoutMs - (clock.nowMs() - startedMs)),
        onEnd(how) {
          if (opened.get(globalId) === session) opened.delete(globalId);
          // So that its locks go soon; recovery does it again where this fails.
          if (how === 'lost') control(cleanupTimeoutMs, (it) => endSession(it, branch)).catch(() => undefined);
        },
      });
      opened.set(globalId, session);
      await session.start();
      return session;
    },
    commit: (branch, { timeoutMs }) => end(branch, 'commit', timeoutMs, (it) => commitBranch(it, branch)),
    rollback: (branch, { timeoutMs }) => end(branch, 'rollback', timeoutMs, (it) => rollbackBranch(it, branch)),
    prepared: (manager, { timeoutMs }) => control(timeoutMs, (it) => preparedBranches(it, manager)),
    outcomeOf: (branch, { timeoutMs }) => control(timeoutMs, (it) => outcomeOfBranch(it, branch)).catch(unknown),
    async writeAbsence(branch, { timeoutMs }) {
      const session = opened.get(globalIdOf(branch));
      if (session?.isPrepared === true) return { type: 'present', reason: 'it is prepared' };
      session?.cut('its absence is being written');
      return control(timeoutMs, (it) => writeAbsenceOf(it, branch)).catch(unknown);
    },
    forget: (manager, { olderThanMs, timeoutMs }) =>
      control(timeoutMs, (it) => forgetBranches(it, manager, olderThanMs)),
    setup: ({ timeoutMs }) =>
      control(timeoutMs, async (it) => {
        const { rows } = await it.send(hasMemory);
        if (Number(rows[0]?.present) > 0) return;
        try {
          await it.send(createMemory);
        } catch (error) {
          if (!accessDenied.has(errorNumberOf(error) ?? 0)) throw error;
          throw new ResourceSetupError(
            `'${name}' forbids to create what is needed (${messageOf(error)}); run as an administrator: ${createMemory}`,
            { cause: error },
          );
        }
      }),
    check: ({ timeoutMs }) => control(timeoutMs, (it) => checkServer(it, maxSessions)),
    async close() {
      isClosed = true;
      for (const session of opened.values()) await session.rollback();
      pool.close();
    },
  };
  const assertNew = (globalId: string): void => {
    if (!opened.has(globalId)) return;
    throw new DuplicateBranchError(
      `expected a new branch, got ${globalId}, which was begun at '${name}' and is not over`,
    );
  };
  return asResource(core, { clock });
}
