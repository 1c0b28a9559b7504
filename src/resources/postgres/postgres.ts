/**
 * A PostgreSQL database (14 or later) as a resource: PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED, and a
 * small table of ours for what must be remembered (memory.ts). Connect directly: a pooler that shares sessions among
 * transactions cannot carry prepared ones.
 *
 * Every session carries a label as its `application_name`: manager, incarnation, and a hash of the branch's name; by it
 * recovery ends what an earlier incarnation left running.
 */

import type { ClientConfig } from 'pg';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { ShortLivedMap } from '../../environment/short-lived-map.ts';
import { asResource, type EnlistedResource } from '../adapter.ts';
import { type Branch, globalIdOf } from '../branch.ts';
import { budget, within } from '../deadline.ts';
import { DuplicateBranchError, messageOf, ResourceSetupError } from '../errors.ts';
import { createLocator, type Place } from '../place.ts';
import { createPool } from '../pool.ts';
import type { Ending, TransactionalResource } from '../transactional.ts';
import { checkServer } from './check.ts';
import { type Backend, connect, type PostgresConnection } from './connection.ts';
import { type Control, withControl } from './control.ts';
import {
  commitBranch,
  forgetBranches,
  outcomeOfBranch,
  preparedBranches,
  rollbackBranch,
  type Sessions,
  unreachable,
  writeAbsenceOf,
} from './endings.ts';
import { sqlStateOf } from './errors.ts';
import { createMemory, createMemoryScript, hasMemory } from './memory.ts';
import { createStatementNames } from './names.ts';
import { createSession, type PostgresSession } from './session.ts';

export type { PostgresResult, PostgresSession } from './session.ts';

export interface PostgresOptions {
  /** Shown in messages. Default `postgres`. */
  readonly name?: string;
  /** Connections for branches at work. Default 20. */
  readonly maxSessions?: number;
  /** Connections on top, for ending branches, listing and asking only. Default 4. */
  readonly reservedForControl?: number;
  /** Callers that may wait for a connection. Default 1,000. */
  readonly maxWaiting?: number;
  /** An idle connection is closed after so many milliseconds. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Of branches; the server's default when absent. */
  readonly isolationLevel?: 'read committed' | 'repeatable read' | 'serializable';
  /**
   * Whether statements with parameters that come again are kept by the servers under names, as most drivers do: parsed
   * once for each connection, and after some runs planned once, without regard to the values. Default true.
   *
   * What it costs: a statement that returns rows, and whose columns an ALTER TABLE changes, fails once with "cached plan
   * must not change result type" (0A000); its transaction aborts, and the next one has it parsed anew. A plan that does
   * not know the values may be worse where they are distributed unevenly (`plan_cache_mode` of the role or database helps).
   */
  readonly prepareStatements?: boolean;
  /** Default: the system's. */
  readonly environment?: Environment;
}

/** A branch that was begun here, and whose session may still be at work. */
interface Open {
  readonly backend: Backend;
  readonly session: PostgresSession & { readonly cut: (reason: string) => void };
  isLost: boolean;
}

/** How long the attempt to end the server process of a lost session may take. */
const terminationTimeoutMs = 5_000;

/**
 * Makes a resource of a database. Connects on first use.
 *
 * @param connection a URL such as `postgres://user:password@host:5432/database`, or the configuration of a `pg` client;
 *   or a function that says the URL, for a server that may move: it is asked for every new connection, and whenever one
 *   was lost or led to a standby. When its answer changes, connections to the earlier place are used no more, and
 *   branches at work there vote no.
 */
export function postgres(
  connection: Place | ClientConfig,
  options: PostgresOptions = {},
): EnlistedResource<PostgresSession> {
  const { clock, ids } = options.environment ?? systemEnvironment();
  const name = options.name ?? 'postgres';
  const incarnation = ids.next();
  const fixed =
    typeof connection === 'string'
      ? { connectionString: connection }
      : typeof connection === 'function'
        ? undefined
        : connection;
  const locator =
    typeof connection === 'function'
      ? createLocator({ name, clock, protocols: ['postgres:', 'postgresql:'], find: connection })
      : undefined;
  const names = options.prepareStatements === false ? undefined : createStatementNames();
  const maxSessions = options.maxSessions ?? 20;
  const opened = new ShortLivedMap<string, Open>();
  let isClosed = false;

  const pool = createPool<PostgresConnection>({
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
        config: {
          ...(url === undefined ? fixed : { connectionString: url }),
          application_name: `quorate/${incarnation}`,
        },
        clock,
        timeoutMs: limit.remainingMs(),
        names,
        isCurrent: () => url === undefined || locator?.isCurrent(url) === true,
      });
    },
    isUsable: (it) => it.isUsable(),
    destroy(it) {
      it.destroy();
      if (!isClosed) locator?.recheck();
    },
  });
  const labelOf = ({ manager, branch }: Branch): string => `quorate/${manager}/${incarnation}/${hash(branch)}`;
  const sessionsOf = (branch: Branch): Sessions => ({
    labelPrefix: `quorate/${branch.manager}/`,
    labelSuffix: `/${hash(branch.branch)}`,
    ownLabel: labelOf(branch),
    own: opened.get(globalIdOf(branch))?.backend,
  });
  const control = <T>(timeoutMs: number, work: (control: Control) => Promise<T>): Promise<T> =>
    withControl(pool, clock, timeoutMs, work);

  /** Ends the server process of a session that was cut off, so that its locks go soon. Recovery does it again. */
  const terminate = async (globalId: string, open: Open): Promise<void> => {
    const { pid, startedAt } = open.backend;
    try {
      const { rows } = await control(terminationTimeoutMs, (it) =>
        it.send(
          'select pg_terminate_backend(pid, $3) as gone from pg_stat_activity where pid = $1 and extract(epoch from backend_start)::text = $2',
          [pid, startedAt, terminationTimeoutMs / 2],
        ),
      );
      if (rows.every((row) => row.gone === true) && opened.get(globalId) === open) opened.delete(globalId);
    } catch {
      // The server is out of reach; the entry stays, and whoever rolls the branch back tries again.
    }
  };

  const resource: TransactionalResource<PostgresSession> = {
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
        label: labelOf(branch),
        isolationLevel: options.isolationLevel,
        onEnd(end) {
          if (opened.get(globalId) !== open) return;
          if (end === 'over') {
            opened.delete(globalId);
          } else {
            open.isLost = true;
            void terminate(globalId, open);
          }
        },
      });
      const open: Open = { backend: loan.connection.backend, session, isLost: false };
      opened.set(globalId, open);
      return session;
    },
    commit: (branch, { receipt, timeoutMs }) =>
      control(timeoutMs, (it) => commitBranch(it, branch, receipt)).catch(unreachable),
    async rollback(branch, { receipt, timeoutMs }): Promise<Ending> {
      const globalId = globalIdOf(branch);
      const open = opened.get(globalId);
      if (open !== undefined && !open.isLost) {
        await open.session.rollback();
        // A confirmed ROLLBACK of a session that only lives here: nothing can prepare it any more.
        if (!open.isLost && !opened.has(globalId) && receipt === undefined) return { type: 'done' };
      }
      const ending = await control(timeoutMs, (it) => rollbackBranch(it, branch, receipt, sessionsOf(branch))).catch(
        unreachable,
      );
      if (ending.type !== 'unknown') opened.delete(globalId);
      return ending;
    },
    prepared: (manager, { timeoutMs }) => control(timeoutMs, (it) => preparedBranches(it, manager)),
    outcomeOf: (branch, { receipt, timeoutMs }) =>
      control(timeoutMs, (it) => outcomeOfBranch(it, branch, receipt)).catch(unreachable),
    async writeAbsence(branch, { timeoutMs }) {
      const globalId = globalIdOf(branch);
      opened.get(globalId)?.session.cut('its absence is being written');
      const absence = await control(timeoutMs, (it) => writeAbsenceOf(it, branch, sessionsOf(branch))).catch(
        unreachable,
      );
      if (absence.type === 'absent' || absence.type === 'committed') opened.delete(globalId);
      return absence;
    },
    forget: (manager, { olderThanMs, timeoutMs }) =>
      control(timeoutMs, (it) => forgetBranches(it, manager, olderThanMs)),
    setup: ({ timeoutMs }) =>
      control(timeoutMs, async (it) => {
        try {
          const { rows } = await it.send(hasMemory);
          if (rows[0]?.present === true) return;
          for (const statement of createMemory) await it.send(statement);
        } catch (error) {
          if (sqlStateOf(error) !== '42501') throw error;
          throw new ResourceSetupError(
            `'${name}' forbids to create what is needed (${messageOf(error)}); run as an administrator: ${createMemoryScript}`,
            { cause: error },
          );
        }
      }),
    check: ({ timeoutMs }) => control(timeoutMs, (it) => checkServer(it, maxSessions)),
    async close() {
      isClosed = true;
      for (const { session } of opened.values()) {
        await within(clock, session.rollback(), terminationTimeoutMs, 'a rollback').catch(() => undefined);
      }
      pool.close();
    },
  };
  const assertNew = (globalId: string): void => {
    if (!opened.has(globalId)) return;
    throw new DuplicateBranchError(
      `expected a new branch, got ${globalId}, which was begun at '${name}' and is not over`,
    );
  };
  return asResource(resource, { clock });
}

/** FNV-1a, eight hexadecimal digits: enough to tell a manager's resources in one database apart. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
