/**
 * The mark of a primary: a row of a table of ours, so that it is where its data are. Beside it stands from which number
 * timelines are counted (`timelines.ts`).
 */

import * as v from 'valibot';
import { type Ask, codeOf, literal } from './session.ts';

const table = 'quorate.failover_marks';

const creating = [
  'create schema if not exists quorate',
  `create table if not exists ${table} (group_name text primary key, epoch bigint not null, version bigint not null,
    timelines_from bigint not null)`,
];

/** Epoch, version, and what timelines are counted from. */
const written = v.object({ epoch: v.number(), version: v.number(), timelinesFrom: v.number() });
export type WrittenMark = Readonly<v.InferOutput<typeof written>>;

const noSuchTable = '42P01';

/** Null where none is written. */
export async function readMark(ask: Ask, group: string): Promise<WrittenMark | null> {
  try {
    const [row] = await ask.rows(
      `select epoch::float8, version::float8, timelines_from::float8 as "timelinesFrom" from ${table}
        where group_name = ${literal(group)}`,
    );
    return row === undefined ? null : v.parse(written, row);
  } catch (error) {
    if (codeOf(error) === noSuchTable) return null;
    throw error;
  }
}

/** The statements that write it at a primary, on its disk; the server may be read-only by default. */
const writingMark = (group: string, { epoch, version, timelinesFrom }: WrittenMark): readonly string[] => [
  'start transaction read write',
  `insert into ${table} values (${literal(group)}, ${epoch}, ${version}, greatest(${timelinesFrom}, ${timeline} - ${epoch}))
    on conflict (group_name) do update
    set epoch = excluded.epoch, version = excluded.version, timelines_from = excluded.timelines_from`,
  'commit',
];

/** Of a primary, as the names of its files of the log begin. */
const timeline = "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint";

/** Writes it, and creates the table where it is missing. */
export async function writeMark(ask: Ask, group: string, mark: WrittenMark): Promise<void> {
  try {
    await ask.run(...writingMark(group, mark));
  } catch (error) {
    if (codeOf(error) !== noSuchTable) throw error;
    await ask.run('rollback', 'start transaction read write', ...creating, 'commit');
    await ask.run(...writingMark(group, mark));
  }
}
