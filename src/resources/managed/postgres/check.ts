/** What the doctor looks at in a PostgreSQL server of a group: what failover needs, and who is left out of its promise. */

import type { Finding } from '../../transactional.ts';
import type { Grouped } from './group.ts';
import { leftOut } from './promise.ts';
import { type Ask, rowOf } from './session.ts';

export async function checkServer(ask: Ask, { urls, walKeepMegabytes }: Grouped): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const report = (level: Finding['level'], subject: string, message: string): void => {
    findings.push({ level, subject, message });
  };
  const it = await rowOf(
    ask,
    `select current_setting('server_version_num')::int as version,
      (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
      current_setting('wal_level') as wal_level, current_setting('hot_standby') as hot_standby,
      current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
      current_setting('wal_log_hints') as wal_log_hints, current_setting('data_checksums') as data_checksums,
      current_setting('max_wal_senders')::int as max_wal_senders,
      (select setting::int from pg_settings where name = 'wal_keep_size') as wal_keep_size,
      current_setting('recovery_init_sync_method') as init_sync, ${leftOut} as left_out`,
  );
  if (Number(it.version) < 140_000) report('error', 'version', 'PostgreSQL 14 or later is needed');
  if (it.is_superuser === true) report('ok', 'login', 'is that of a superuser');
  else report('error', 'login', 'managers write settings and end sessions; give them the login of a superuser');
  if (it.wal_level === 'minimal') report('error', 'wal_level', 'is minimal: no standby can follow; set it to replica');
  if (it.hot_standby === 'off') report('error', 'hot_standby', 'is off: a standby answers to no manager; set it to on');
  if (it.fsync === 'off')
    report('error', 'fsync', 'is off: a restarted server counts as one that has forgotten its data');
  if (it.wal_log_hints === 'off' && it.data_checksums === 'off') {
    report('warning', 'wal_log_hints', 'is off: an old primary is copied as a whole before it follows; set it to on');
  } else if (it.full_page_writes === 'off') {
    report(
      'warning',
      'full_page_writes',
      'is off: an old primary is copied as a whole before it follows; set it to on',
    );
  } else {
    report('ok', 'wal_log_hints', 'an old primary can be rewound');
  }
  // Each standby takes one, and each manager up to two.
  const senders = urls.size + 6;
  if (Number(it.max_wal_senders) < senders) {
    report('warning', 'max_wal_senders', `is ${String(it.max_wal_senders)}; set it to ${senders} or more`);
  }
  if (Number(it.wal_keep_size) < walKeepMegabytes) {
    report('warning', 'wal_keep_size', `is ${String(it.wal_keep_size)} MB until the server is first steered`);
  }
  if (it.init_sync === 'fsync') {
    report(
      'warning',
      'recovery_init_sync_method',
      'is fsync: a start after a crash takes a look at each file; consider syncfs',
    );
  }
  for (const each of Array.isArray(it.left_out) ? it.left_out : [])
    report('warning', 'synchronous_commit', String(each));
  return findings;
}
