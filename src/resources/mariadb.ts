/**
 * A MariaDB database (10.5 or later) as a resource: XA transactions, and a small table of ours for what must be
 * remembered (memory.ts).
 *
 * A prepared branch keeps its connection until it is ended, because no other session can end it; `maxSessions` therefore
 * limits branches at work and in doubt together. Recovery finds the session of an earlier incarnation by the lock that
 * it holds in the branch's name, ends it, and then ends the branch.
 */

import type { ConnectionOptions } from 'mysql2/promise';
import { systemEnvironment } from '../environment/environment.ts';
import type { EnlistedResource } from './adapter.ts';
import { globalIdOf } from './branch.ts';
import { checkServer } from './mariadb/check.ts';
import { connect, type MariaDbConnection } from './mariadb/connection.ts';
import {
  endPrepared,
  endSession,
  forgetBranches,
  outcomeOfBranch,
  preparedBranches,
  writeAbsenceOf,
} from './mariadb/endings.ts';
import { meanings } from './mariadb/errors.ts';
import { createMemory, hasMemory, rememberBroken } from './mariadb/memory.ts';
import { createSession, type MariaDbSession } from './mariadb/session.ts';
import type { Place } from './place.ts';
import type { Control } from './sql/connection.ts';
import type { Dialect } from './sql/dialect.ts';
import { createSqlResource, type SqlOptions } from './sql/resource.ts';

export type { MariaDbFormat, MariaDbResult } from './mariadb/connection.ts';
export type { Parameter as MariaDbParameter } from './mariadb/literals.ts';
export type { MariaDbSession } from './mariadb/session.ts';

export interface MariaDbOptions extends SqlOptions {}

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
  const environment = options.environment ?? systemEnvironment();
  const { clock, ids } = environment;
  const name = options.name ?? 'mariadb';
  const fixed =
    typeof connection === 'string' ? { uri: connection } : typeof connection === 'function' ? undefined : connection;
  const dialect: Dialect<MariaDbConnection, MariaDbSession> = {
    meanings,
    protocols: ['mysql:', 'mariadb:'],
    connect: ({ url, ...parts }) =>
      connect({ ...parts, url, name, clock, config: url === undefined ? (fixed ?? {}) : { uri: url } }),
    createSession: (parts) => createSession({ ...parts, savepoint: `quorate_${ids.next()}` }),
    endPrepared,
    outcomeOf: outcomeOfBranch,
    writeAbsence: (control, { branch }) => writeAbsenceOf(control, branch),
    // XA leaves nothing behind that would tell who asks again.
    remembersRollbacks: false,
    writeBroken: (control, branch) => control.send(rememberBroken, [globalIdOf(branch)]),
    endLost: async (control, { branch }) => (await endSession(control, branch)) === undefined,
    prepared: preparedBranches,
    forget: forgetBranches,
    setup,
    setupScript: createMemory,
    check: checkServer,
  };
  return createSqlResource(
    name,
    typeof connection === 'function' ? connection : undefined,
    { ...options, environment },
    dialect,
  );
}

async function setup(control: Control): Promise<void> {
  const { rows } = await control.send(hasMemory);
  if (Number(rows[0]?.present) === 0) await control.send(createMemory);
}
