/** What the doctor looks at in MariaDB: settings, permissions, and prepared transactions that no client ends. */

import { globalIdOf } from '../branch.ts';
import type { Control } from '../sql/connection.ts';
import type { CheckReport, Finding } from '../transactional.ts';
import { agesOf, listed } from './endings.ts';
import { createMemory, hasMemory, memoryTable } from './memory.ts';

export async function checkServer(control: Control, maxSessions: number): Promise<CheckReport> {
  const { rows } = await control.send(`select version() as version, @@innodb_flush_log_at_trx_commit as flush_log,
    @@log_bin as log_bin, @@sync_binlog as sync_binlog, @@max_connections as max_connections,
    @@global.read_only as read_only, @@innodb_doublewrite as doublewrite`);
  const found = rows[0] ?? {};
  const server = String(found.version);
  const findings: Finding[] = [];
  const report = (level: Finding['level'], subject: string, message: string): void => {
    findings.push({ level, subject, message });
  };
  const [major = 0, minor = 0] = server.split('.').map(Number);
  if (!server.includes('MariaDB') || major < 10 || (major === 10 && minor < 5)) {
    report(
      'error',
      'version',
      'MariaDB 10.5 or later is needed: earlier ones lose prepared branches with their session',
    );
  }
  if (Number(found.flush_log) === 1) report('ok', 'innodb_flush_log_at_trx_commit', 'is 1');
  else report('error', 'innodb_flush_log_at_trx_commit', 'set it to 1: a crash of the machine loses votes and commits');
  if (Number(found.log_bin) === 1 && Number(found.sync_binlog) !== 1) {
    report('error', 'sync_binlog', 'set it to 1: a crash of the machine leaves log and tables apart');
  }
  if (Number(found.read_only) !== 0) report('error', 'read_only', 'the server takes no writes; connect to the primary');
  if (Number(found.max_connections) <= maxSessions) {
    report('warning', 'max_connections', `is ${String(found.max_connections)}: not enough for ${maxSessions} sessions`);
  }
  const memory = await control.send(hasMemory);
  if (Number(memory.rows[0]?.present) === 0) {
    report('error', memoryTable, `the table is missing; create it with setup(), or: ${createMemory}`);
    return { server, findings, leftovers: [] };
  }
  const engine = await control.send(
    'select engine from information_schema.tables where table_schema = database() and table_name = ?',
    [memoryTable],
  );
  if (engine.rows[0]?.engine === 'InnoDB') report('ok', memoryTable, 'is there');
  else
    report(
      'error',
      memoryTable,
      'must be an InnoDB table, or absence is not written atomically; drop it and run setup()',
    );
  const branches = await listed(control);
  const ages = await agesOf(control, branches);
  return {
    server,
    findings,
    leftovers: branches.flatMap((branch) => {
      const globalId = globalIdOf(branch);
      const ageMs = ages.get(globalId);
      return ageMs === undefined ? [] : [{ globalId, branch, ageMs, locks: [] }];
    }),
  };
}
