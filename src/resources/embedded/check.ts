/** What the doctor looks at in an embedded store. */

import type { Journal } from '../../journal/journal.ts';
import { branchOf } from '../branch.ts';
import type { CheckReport } from '../transactional.ts';
import type { PreparedRecord } from './records.ts';

export function checkStore(store: {
  readonly name: string;
  readonly journal: Journal;
  readonly sizeBytes: number;
  readonly maxSizeBytes: number;
  readonly open: Iterable<{ readonly record: PreparedRecord; readonly sinceMs: number }>;
  readonly nowMs: number;
}): CheckReport {
  const { journal, sizeBytes, maxSizeBytes } = store;
  return {
    server: `embedded store '${store.name}' of node ${journal.node}`,
    findings: [
      journal.failure === undefined
        ? { level: 'ok', subject: 'journal', message: 'writes' }
        : { level: 'error', subject: 'journal', message: `failed: ${journal.failure.message}; restart the node` },
      {
        level: sizeBytes > maxSizeBytes * 0.8 ? 'warning' : 'ok',
        subject: 'maxSizeBytes',
        message: `${sizeBytes} of ${maxSizeBytes} bytes are in use`,
      },
    ],
    leftovers: [...store.open].map(({ record, sinceMs }) => {
      const branch = branchOf(record.branch);
      return {
        globalId: record.branch,
        ...(branch === undefined ? {} : { branch }),
        ageMs: store.nowMs - sinceMs,
        locks: record.locks.map((it) => `${it.key} (${it.kind})`),
      };
    }),
  };
}
