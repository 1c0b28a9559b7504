/**
 * What a database itself remembers of branches, in a table of ours: a branch stores its key in its own transaction just
 * before XA PREPARE or XA COMMIT, and recovery stores the key of one that must not commit. The key is unique, so each
 * branch gets one of the two for good; who writes the same key waits for the branch that is not over, until the lock
 * timeout says that it is still there.
 */

import { createHash } from 'node:crypto';
import { type Branch, globalIdOf } from '../branch.ts';

export const memoryTable = 'quorate_branches';

export const createMemory = `create table if not exists ${memoryTable} (
  global_id varchar(200) character set ascii collate ascii_bin primary key,
  state enum('committed', 'aborted') not null,
  idempotency_key varbinary(900) unique,
  written_at timestamp(6) not null default current_timestamp(6),
  key written_at (written_at)
) engine = InnoDB`;

export const hasMemory = `select count(*) as present from information_schema.tables
  where table_schema = database() and table_name = '${memoryTable}'`;

/** Marks our branches among the server's: 'QUOR' as a number. */
export const formatId = 0x51_55_4f_52;

/** How XA statements name a branch. All characters of coordinates are harmless in a literal. */
export const xidOf = ({ manager, transaction, branch }: Branch): string =>
  `'${manager}:${transaction}','${branch}',${formatId}`;

/**
 * The name of the lock that a branch's session holds for as long as it lives: by it recovery finds the session, and a
 * branch is not begun twice. MySQL and MariaDB take at most 64 characters.
 */
export const lockNameOf = (branch: Branch): string =>
  `quorate/${createHash('sha256').update(globalIdOf(branch)).digest('hex').slice(0, 48)}`;

/** Whole seconds, at least one: a server's lock timeout has no finer unit. Rounded down, to end before ours does. */
export const lockTimeoutSeconds = (timeoutMs: number): number => Math.max(1, Math.floor((timeoutMs * 0.75) / 1_000));

/** In a branch, where the default database may be another one: `table` is qualified. Parameters: global id, key or null. */
export const rememberCommit = (table: string, timeoutMs: number): string =>
  `set statement innodb_lock_wait_timeout = ${lockTimeoutSeconds(timeoutMs)} for insert into ${table} (global_id, state, idempotency_key) values (?, 'committed', ?)`;

/** Parameters: global id. Leaves a row that exists as it is. */
export const rememberAbsence = (timeoutMs: number): string =>
  `set statement innodb_lock_wait_timeout = ${lockTimeoutSeconds(timeoutMs)} for insert into ${memoryTable} (global_id, state) values (?, 'aborted') on duplicate key update global_id = global_id`;

/** For a branch that may have committed without a key. Parameters: global id. Leaves a row that exists as it is. */
export const rememberBroken = `insert into ${memoryTable} (global_id, state) values (?, 'committed') on duplicate key update global_id = global_id`;

/** Parameters: global id. */
export const recall = `select state from ${memoryTable} where global_id = ?`;

/** In a branch, as `rememberCommit`. Parameters: key. */
export const recallKey = (table: string): string =>
  `select global_id from ${table} where idempotency_key = ? and state = 'committed'`;

/** Which of our branches wrote here, also uncommitted: the server's list is of all its databases, and has no age. */
export const dirtyAges = `select global_id, timestampdiff(microsecond, written_at, current_timestamp(6)) / 1000 as age_ms from ${memoryTable} where global_id in (?)`;

/** Reads without locks, so that it never waits for branches that are prepared. Parameters: prefix, microseconds. */
export const findOlder = `select global_id from ${memoryTable}
  where left(global_id, char_length(?)) = ? and written_at < current_timestamp(6) - interval ? microsecond limit 1000`;
