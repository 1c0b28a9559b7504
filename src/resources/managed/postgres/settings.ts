/**
 * The settings that managers write at a server. All are written by ALTER SYSTEM, which a standby takes as a primary does, and
 * which is on the disk when it answers.
 */

import * as v from 'valibot';
import { ServerRefusedError } from '../errors.ts';
import { type Ask, literal, rowOf } from './session.ts';

/** Which settings, and their values as `pg_settings` shows them. */
export interface ManagedSettings {
  /** Where a standby takes its data from; empty: from nowhere. */
  readonly primary_conninfo?: string;
  /** Whose confirmations a commit waits for. */
  readonly synchronous_standby_names?: string;
  readonly default_transaction_read_only?: 'on' | 'off';
  /** Where a standby that starts reads on; only read at the start. */
  readonly recovery_target_timeline?: 'latest' | 'current';
  /** In megabytes. */
  readonly wal_keep_size?: string;
}

/** A name in `synchronous_standby_names` that no server has: a blank is not allowed in names of servers. */
const nowhere = '"no server"';

/**
 * What every server but a primary in office has there. So commits wait from the first one after a promotion, whether the
 * server has heard of its in-sync set by then or not; and those of a fenced primary wait for ever.
 */
export const namesOfNone = `ANY 1 (${nowhere})`;

/** What every server has but a primary in office. */
export const ofNoPrimary = { synchronous_standby_names: namesOfNone, default_transaction_read_only: 'on' } as const;

/** Waiting for `confirmations` of `inSync`; for ever, where these are too few. */
export function namesOf(inSync: readonly string[], confirmations: number): string {
  if (confirmations === 0) return '';
  const names = inSync.length === 0 ? 'no standby' : inSync.join('", "');
  return `ANY ${confirmations} ("${names}")`;
}

/**
 * Writes settings, where they are not so already, and has the server take them.
 *
 * @param until whether to wait until this session has taken them, or all processes: where something is taken away, no process
 *   must go by what was before
 * @throws ServerRefusedError when something that weighs more says otherwise
 */
export const change = (ask: Ask, settings: ManagedSettings, until: Until = 'everywhere'): Promise<void> =>
  changeInTurn(ask, [[settings, until]]);

/** Whom a change is waited for. */
export type Until = 'here' | 'everywhere';

/** The same with one set of settings after another: none of a later one is written before an earlier one is in force. */
export async function changeInTurn(ask: Ask, turns: readonly (readonly [ManagedSettings, Until])[]): Promise<void> {
  const before = await currentOf(
    ask,
    turns.flatMap(([settings]) => Object.keys(settings)),
  );
  for (const [settings, until] of turns) await bringInForce(ask, settings, until, before);
}

async function bringInForce(
  ask: Ask,
  settings: ManagedSettings,
  until: Until,
  before: ReadonlyMap<string, Standing>,
): Promise<void> {
  const wanted = new Map<string, string>(Object.entries(settings));
  let isChanged = false;
  for (const [name, value] of wanted) {
    const known = before.get(name);
    if ((known?.written ?? known?.current) !== value) await ask.rows(`alter system set ${name} = ${literal(value)}`);
    else if (known?.current === value || isReadAtStart(name)) continue;
    isChanged = true;
  }
  if (!isChanged) return;
  const after = await reload(ask, until === 'here' ? 1 : 2, [...wanted.keys()]);
  for (const [name, value] of wanted) {
    if (isReadAtStart(name) || after[name] === value) continue;
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `expected ALTER SYSTEM to set ${name}, and something weighs more than it; take ${name} from the server's command line`,
    );
  }
}

const isReadAtStart = (name: string): boolean => name === 'recovery_target_timeline';

interface Standing {
  readonly current: string;
  /** In the files, if it is. */
  readonly written: string | null;
}

async function currentOf(ask: Ask, names: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
  const rows = await ask.rows(`with files as (select name, setting, seqno from pg_file_settings)
    select name, setting as current,
      (select setting from files where files.name = pg_settings.name order by seqno desc limit 1) as written
    from pg_settings where name in (${names.map(literal).join(', ')})`);
  return new Map(
    rows.map(({ name, current, written }) => [
      String(name),
      { current: String(current), written: written === null ? null : String(written) },
    ]),
  );
}

const values = v.record(v.string(), v.string());

/**
 * Has the server's processes read the settings. It tells one after another, and this session may be among the first: a second
 * telling begins when the first one is over. A session takes the settings between two statements, so what tells anew, and what
 * shows the settings, is the statement that finds that they were read.
 *
 * @returns the values of `names` afterwards
 */
async function reload(ask: Ask, times: number, names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const telling = 'pg_reload_conf()';
  const showing = `(select json_object_agg(name, setting) from pg_settings where name in (${names.map(literal).join(', ')}))`;
  let { at } = await rowOf(ask, `select ${loadedAt} as at, ${telling}, ${aMoment}`);
  for (let told = 1; ; ) {
    const isLast = told === times;
    const next = isLast ? showing : `case when ${loadedAt} <> ${literal(String(at))} then ${telling} end`;
    const found = await rowOf(ask, `select ${loadedAt} as at, ${next} as next, ${aMoment}`);
    if (found.at === at) continue;
    if (isLast) return v.parse(values, found.next);
    at = found.at;
    told += 1;
  }
}

const loadedAt = 'extract(epoch from pg_conf_load_time())::text';
/** Mostly long enough for the server to have told its processes. */
const aMoment = 'pg_sleep(0.001)';
