/** What the doctor looks at in PostgreSQL: settings, permissions, and prepared transactions that nobody ends. */

import { branchOf } from '../branch.ts';
import type { Control } from '../sql/connection.ts';
import type { CheckReport, Finding, Leftover } from '../transactional.ts';
import { createMemoryScript, memoryRelation } from './memory.ts';

/** Leftovers shown at most; more are counted. */
const maxLeftovers = 200;

export async function checkServer(control: Control, maxSessions: number): Promise<CheckReport> {
  const { rows } = await control.send(`select version() as version,
    current_setting('server_version_num')::int as version_number,
    current_setting('max_prepared_transactions')::int as max_prepared,
    current_setting('max_connections')::int as max_connections,
    current_setting('fsync') as fsync,
    current_setting('full_page_writes') as full_page_writes,
    current_setting('synchronous_commit') as synchronous_commit,
    pg_is_in_recovery() as standby,
    (select count(*)::int from pg_prepared_xacts) as prepared,
    (select count(*)::int from pg_prepared_xacts p where p.owner <> current_user
       and not (select rolsuper from pg_roles where rolname = current_user)
       and p.database = current_database() and starts_with(p.gid, 'quorate:')) as not_mine`);
  const found = rows[0] ?? {};
  const findings: Finding[] = [];
  const report = (level: Finding['level'], subject: string, message: string): void => {
    findings.push({ level, subject, message });
  };

  const numberOf = (key: string): number => Number(found[key]);
  if (numberOf('version_number') < 140_000) report('error', 'version', 'PostgreSQL 14 or later is needed');
  if (found.standby === true) {
    report('error', 'server', 'this is a standby and takes no transactions; connect to the primary');
  }
  const maxPrepared = numberOf('max_prepared');
  if (maxPrepared === 0) {
    report(
      'error',
      'max_prepared_transactions',
      `is 0: nothing can be prepared here; set it to at least ${maxSessions} (better: max_connections, ${numberOf('max_connections')}) and restart the server; until then this can only be the last resource`,
    );
  } else if (maxPrepared < maxSessions) {
    report(
      'warning',
      'max_prepared_transactions',
      `is ${maxPrepared}, fewer than the ${maxSessions} sessions that may prepare at once; set it to ${numberOf('max_connections')} and restart the server`,
    );
  } else {
    report('ok', 'max_prepared_transactions', `is ${maxPrepared}, of which ${numberOf('prepared')} are in use`);
  }
  if (numberOf('max_connections') <= maxSessions) {
    report('warning', 'max_connections', `is ${numberOf('max_connections')}: not enough for ${maxSessions} sessions`);
  }
  if (found.fsync === 'off') {
    report('error', 'fsync', 'is off: a crash of the machine loses votes and commits; set it to on');
  } else {
    report('ok', 'fsync', 'is on');
  }
  if (found.full_page_writes === 'off') {
    report('warning', 'full_page_writes', 'is off: set it to on unless the file system writes pages atomically');
  }
  if (found.synchronous_commit === 'off') {
    report(
      'warning',
      'synchronous_commit',
      'is off: commits of this project raise it for themselves; others lose data',
    );
  }
  if (numberOf('not_mine') > 0) {
    report(
      'error',
      'ownership',
      `${numberOf('not_mine')} prepared branches belong to another role: only that role or a superuser can end them; connect as it`,
    );
  }
  findings.push(await checkMemory(control));
  return { server: String(found.version), findings, leftovers: await leftovers(control) };
}

async function checkMemory(control: Control): Promise<Finding> {
  const { rows } = await control.send(
    `select to_regclass($1) is not null as present,
      coalesce(has_table_privilege(to_regclass($1), 'select') and has_table_privilege(to_regclass($1), 'insert')
        and has_table_privilege(to_regclass($1), 'delete'), false) as allowed`,
    [memoryRelation],
  );
  const subject = memoryRelation;
  if (rows[0]?.present !== true) {
    return {
      level: 'error',
      subject,
      message: `the table is missing; create it with setup(), or: ${createMemoryScript}`,
    };
  }
  if (rows[0]?.allowed !== true) {
    return { level: 'error', subject, message: 'grant select, insert and delete on it to the role of the application' };
  }
  return { level: 'ok', subject, message: 'is there and may be used' };
}

/**
 * A prepared transaction is listed without a session, and keeps the virtual transaction of the one that prepared it until
 * the server restarts (PostgreSQL 14.1 and later; `-1/` and its id afterwards and before). Under whichever name, it holds
 * the lock of its own id.
 */
async function leftovers(control: Control): Promise<readonly Leftover[]> {
  const { rows } = await control.send(
    `with locks as materialized (select * from pg_locks where granted and pid is null)
    select p.gid, p.owner, (extract(epoch from clock_timestamp() - p.prepared) * 1000)::float8 as age_ms,
      coalesce((select array_agg(distinct l.relation::regclass::text || ' (' || l.mode || ')')
        from locks own join locks l on l.virtualtransaction = own.virtualtransaction and l.database = c.oid
        join pg_class r on r.oid = l.relation and r.relkind in ('r', 'p')
        where own.locktype = 'transactionid' and own.transactionid = p.transaction), '{}') as locks
    from pg_prepared_xacts p join pg_database c on c.datname = p.database
    where p.database = current_database() order by p.prepared limit ${maxLeftovers}`,
  );
  return rows.map((row): Leftover => {
    const globalId = String(row.gid);
    const branch = branchOf(globalId);
    return {
      globalId,
      ...(branch === undefined ? {} : { branch }),
      ageMs: Number(row.age_ms),
      owner: String(row.owner),
      locks: Array.isArray(row.locks) ? row.locks.map(String) : [],
    };
  });
}
