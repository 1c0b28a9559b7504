/** The audit log of a node in a file that is set aside when it has grown: one JSON object a line, with its time and node. */

import { pino } from 'pino';
import { openRotatingFile, type RotatingFileOptions } from './rotating-file.ts';
import type { Audit } from './tokens/audit.ts';

export interface AuditFile {
  readonly audit: Audit;
  /** Writes what waits. */
  close(): Promise<void>;
}

/** Opens it, and makes it when it is not there. @throws what the system says where no file can be there */
export async function openAuditFile(options: RotatingFileOptions & { readonly node: string }): Promise<AuditFile> {
  const { file } = await openRotatingFile(options);
  const log = pino(
    {
      base: { node: options.node },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    file,
  );
  return {
    audit: (entry) => (entry.status === 401 || entry.status === 403 ? log.warn(entry) : log.info(entry)),
    close: () => file.close(),
  };
}
