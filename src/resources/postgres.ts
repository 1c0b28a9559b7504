/**
 * A PostgreSQL database (14 or later) as a resource: PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED, and a
 * small table of ours for what must be remembered (memory.ts). Connect directly: a pooler that shares sessions among
 * transactions cannot carry prepared ones.
 *
 * Every session carries a label as its `application_name`: manager, incarnation, and a hash of the branch's name; by it
 * recovery ends what an earlier incarnation left running.
 */

import type { ClientConfig } from 'pg';
import { systemEnvironment } from '../environment/environment.ts';
import type { EnlistedResource } from './adapter.ts';
import type { Branch } from './branch.ts';
import { globalIdOf } from './branch.ts';
import { IsolationLevelError } from './errors.ts';
import { type BranchIsolation, type BranchMode, branchIsolations } from './mode.ts';
import { isMovingPlace, type MovingPlace } from './moving-place.ts';
import type { Place } from './place.ts';
import { checkServer } from './postgres/check.ts';
import { connect, type PostgresConnection } from './postgres/connection.ts';
import {
  endLost,
  endPrepared,
  forgetBranches,
  outcomeOfBranch,
  preparedBranches,
  type Sessions,
  writeAbsenceOf,
} from './postgres/endings.ts';
import { meanings } from './postgres/errors.ts';
import { createMemory, createMemoryScript, hasMemory, rememberBroken } from './postgres/memory.ts';
import { type Fixed, fixed as statementOf } from './postgres/messages.ts';
import { createStatementNames } from './postgres/names.ts';
import { createSession, type PostgresSession } from './postgres/session.ts';
import type { Control } from './sql/connection.ts';
import type { Dialect, NamedBranch } from './sql/dialect.ts';
import { createSqlResource, type MovablePlace, type SqlOptions } from './sql/resource.ts';

export type { MovingPlace } from './moving-place.ts';
export type { PostgresCursorOptions, PostgresFormat, PostgresResult, PostgresSession } from './postgres/session.ts';
export { Cursor } from './sql/cursor.ts';

export interface PostgresOptions extends SqlOptions {
  /** Of branches that are asked for without one; the server's default when absent. */
  readonly isolationLevel?: BranchIsolation;
  /**
   * Whether statements with parameters that come again are kept by the servers under names, as most drivers do: parsed
   * once for each connection, and after some runs planned once, without regard to the values. Default true.
   *
   * What it costs: a statement that returns rows, and whose columns an ALTER TABLE changes, fails once with "cached plan
   * must not change result type" (0A000); its transaction aborts, and the next one has it parsed anew. A plan that does
   * not know the values may be worse where they are distributed unevenly (`plan_cache_mode` of the role or database helps).
   */
  readonly prepareStatements?: boolean;
}

/** How long the attempt to end the server process of a lost session may take, in milliseconds. */
const terminationTimeoutMs = 2_500;

/**
 * Makes a resource of a database. Connects on first use.
 *
 * @param connection a URL such as `postgres://user:password@host:5432/database`, or the configuration of a `pg` client;
 *   or a function that says the URL, for a server that may move: it is asked for every new connection, and whenever one
 *   was lost or led to a standby. When its answer changes, connections to the earlier place are used no more, and
 *   branches at work there vote no. Or the primary of a group, wherever it is: what its managers say of it is followed.
 *
 * @throws IsolationLevelError
 */
export function postgres(
  connection: Place | MovingPlace | ClientConfig,
  options: PostgresOptions = {},
): EnlistedResource<PostgresSession> {
  const { isolationLevel } = options;
  if (isolationLevel !== undefined && !branchIsolations.includes(isolationLevel)) {
    throw new IsolationLevelError(
      `expected as isolationLevel one of ${branchIsolations.join(', ')}, got ${JSON.stringify(isolationLevel)}`,
    );
  }
  const beginnings = createBeginnings(isolationLevel);
  const environment = options.environment ?? systemEnvironment();
  const { clock } = environment;
  const name = options.name ?? 'postgres';
  const incarnation = environment.ids.next();
  const { place, fixed } = placeOf(connection);
  const names = options.prepareStatements === false ? undefined : createStatementNames();
  const labelOf = ({ manager, branch }: Branch): string => `quorate/${manager}/${incarnation}/${hash(branch)}`;
  const sessionsOf = ({ branch, connection: own }: NamedBranch<PostgresConnection>): Sessions => ({
    labelPrefix: `quorate/${branch.manager}/`,
    labelSuffix: `/${hash(branch.branch)}`,
    ownLabel: labelOf(branch),
    own: own?.backend,
  });
  const dialect: Dialect<PostgresConnection, PostgresSession> = {
    meanings,
    protocols: ['postgres:', 'postgresql:'],
    connect: ({ url, ...parts }) =>
      connect({
        ...parts,
        url,
        name,
        clock,
        names,
        config: {
          ...(url === undefined ? fixed : { connectionString: url }),
          application_name: `quorate/${incarnation}`,
        },
      }),
    createSession: (parts) => createSession({ ...parts, label: labelOf(parts.branch), begin: beginnings(parts.mode) }),
    endPrepared,
    outcomeOf: outcomeOfBranch,
    writeAbsence: (control, named) => writeAbsenceOf(control, named.branch, sessionsOf(named)),
    remembersRollbacks: true,
    writeBroken: (control, branch) => control.send(rememberBroken, [globalIdOf(branch)]),
    async endLost(control, { connection: lost }) {
      return lost === undefined || endLost(control, lost.backend, terminationTimeoutMs);
    },
    prepared: preparedBranches,
    forget: forgetBranches,
    setup,
    setupScript: createMemoryScript,
    check: checkServer,
  };
  return createSqlResource(name, place, { ...options, environment }, dialect);
}

async function setup(control: Control): Promise<void> {
  const { rows } = await control.send(hasMemory);
  if (rows[0]?.present === true) return;
  for (const statement of createMemory) await control.send(statement);
}

/** Makes each BEGIN once. @param isolationLevel of branches that are asked for without one */
function createBeginnings(isolationLevel: BranchIsolation | undefined): (mode: BranchMode) => Fixed {
  const made = new Map<string, Fixed>();
  return ({ isolation = isolationLevel, readOnly = false }) => {
    const text = `begin${isolation === undefined ? '' : ` isolation level ${isolation}`}${readOnly ? ' read only' : ''}`;
    const begin = made.get(text) ?? statementOf(text);
    made.set(text, begin);
    return begin;
  };
}

/** A place that may change, or what a `pg` client is told. */
function placeOf(connection: Place | MovingPlace | ClientConfig): {
  readonly place?: MovablePlace;
  readonly fixed?: ClientConfig;
} {
  if (typeof connection === 'string') return { fixed: { connectionString: connection } };
  if (typeof connection === 'function' || isMovingPlace(connection)) return { place: connection };
  return { fixed: connection };
}

/** FNV-1a, eight hexadecimal digits: enough to tell a manager's resources in one database apart. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
