/**
 * What a database itself remembers of branches, in a table of ours: a branch that commits stores its key, and recovery
 * stores the key of one that must not. The key is unique, so each branch gets one of the two for good.
 *
 * A branch writes its key in its own transaction, just before PREPARE or COMMIT. Hence a visible row of state
 * `committed` says that the branch committed, with the same certainty as the branch's own data; and whoever writes the
 * same key waits in the unique index until that branch is over, or until the lock timeout says that it is still there.
 */

import { type Branch, globalIdOf } from '../branch.ts';

const schema = 'quorate';
const table = 'branches';
/** As `relationOf` names it. */
export const memoryRelation = `${schema}.${table}`;

/** Whether everything is there; asked first, because creating an index waits for prepared transactions even then. */
export const hasMemory = `select to_regclass('${memoryRelation}') is not null
  and to_regclass('${schema}.branches_idempotency_key') is not null
  as present`;

/**
 * Creates the table where it is missing. Repeating it is safe, also concurrently: the lock serializes it.
 *
 * The states, `committed` and `aborted`, have no check constraint: a server would parse it anew for every branch.
 */
export const createMemory: readonly string[] = [
  'begin',
  "set local lock_timeout = '4s'",
  'select pg_advisory_xact_lock(8103577613410571)',
  `create schema if not exists ${schema}`,
  `create table if not exists ${memoryRelation} (
  global_id text collate "C" primary key,
  state text not null,
  idempotency_key text collate "C",
  written_at timestamptz not null default clock_timestamp()
)`,
  `create unique index if not exists branches_idempotency_key on ${memoryRelation} (idempotency_key) where idempotency_key is not null`,
  'commit',
];

/** The same as one script, for an administrator. */
export const createMemoryScript = `create schema if not exists ${schema}; (as the role that the application uses, or grant it usage on the schema and select, insert, delete on ${memoryRelation})`;

/** Raises what every commit waits for, where the settings do not wait for the disk at all. */
export const raiseSynchronousCommit =
  "case pg_catalog.current_setting('synchronous_commit') when 'off' then pg_catalog.set_config('synchronous_commit', 'on', false) end";

/** Raises what the transaction waits for at its commit, where the settings do not wait for the disk at all. */
export const waitForDisk = `pg_catalog.set_config('synchronous_commit',
  case pg_catalog.current_setting('synchronous_commit') when 'off' then 'on'
  else pg_catalog.current_setting('synchronous_commit') end, true)`;

/**
 * Writes the key of a branch that is about to prepare, and answers with the transaction's id. Parameters: the global id.
 *
 * PREPARE TRANSACTION and COMMIT PREPARED wait for the local disk whatever `synchronous_commit` says, and for synchronous
 * standbys as our connections have it, where `off` is raised to `on`. Whoever has written the same key is a recovery,
 * which is about to commit, or the same branch elsewhere: the deadline of the prepare is limit enough.
 */
export const rememberPrepared = `insert into ${memoryRelation} (global_id, state) values ($1, 'committed')
  returning pg_catalog.pg_current_xact_id()::text as xid`;

/**
 * Writes the key of a branch that is about to commit directly, under a lock timeout that holds to the transaction's end:
 * whoever commits under the same idempotency key is waited for, and the server gives up before we do, so that a no is
 * certain and not unknown. Here the commit is the decision and must reach the disk, whatever the application has set.
 * Answers with the transaction's id.
 */
export const rememberCommit = `insert into ${memoryRelation} (global_id, state, idempotency_key)
  select $1, 'committed', $2 where pg_catalog.set_config('lock_timeout', $3, true) is not null and ${waitForDisk} is not null
  returning pg_catalog.pg_current_xact_id()::text as xid`;

/** The parameters of `rememberCommit`: the global id; manager and idempotency key, joined, or null; milliseconds. */
export const commitParameters = (branch: Branch, timeoutMs: number, key: string | null): readonly (string | null)[] => [
  globalIdOf(branch),
  key,
  String(Math.max(1, Math.floor(timeoutMs * 0.75))),
];

/** Writes the key of a branch that must never commit. Parameters: the global id. Leaves a row that exists as it is. */
export const rememberAbsence = `insert into ${memoryRelation} (global_id, state) values ($1, 'aborted') on conflict (global_id) do nothing`;

/** Writes the key of a branch that may have committed without a key. Parameters: the global id. */
export const rememberBroken = `insert into ${memoryRelation} (global_id, state) values ($1, 'committed') on conflict (global_id) do nothing`;

/** Parameters: the global id. */
export const recall = `select state from ${memoryRelation} where global_id = $1`;

/** Parameters: manager and key, as `rememberCommit` joins them. */
export const recallKey = `select global_id from ${memoryRelation} where idempotency_key = $1 and state = 'committed'`;

/** Parameters: the prefix of the manager's global ids, milliseconds. */
export const forgetOlder = `delete from ${memoryRelation} where starts_with(global_id, $1) and written_at < clock_timestamp() - make_interval(secs => $2::float8 / 1000)`;
