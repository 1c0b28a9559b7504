/** Processor time of PostgreSQL's processes, from /proc; undefined where there is none, as outside of Linux. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Microseconds of a unit of the kernel's, which is a hundredth of a second. */
const unitMicros = 10_000;

/** What /proc says of a process: its parent, and the time that it has had, in microseconds. */
function statusOf(pid: number): { readonly parent: number; readonly micros: number } | undefined {
  try {
    // Behind the name, which may have anything in it: state, parent, and further on the times of user and system.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return { parent: Number(fields[1]), micros: (Number(fields[11]) + Number(fields[12])) * unitMicros };
  } catch {
    // It has ended.
    return undefined;
  }
}

/**
 * The time that all processes of servers have had.
 *
 * @param sessions the process of one session of each
 */
export function serverMicros(sessions: readonly number[]): number | undefined {
  if (!existsSync('/proc/self/stat')) return undefined;
  const servers = new Set(sessions.map((pid) => statusOf(pid)?.parent));
  let micros = 0;
  for (const name of readdirSync('/proc')) {
    const status = /^\d+$/.test(name) ? statusOf(Number(name)) : undefined;
    if (status !== undefined && servers.has(status.parent)) micros += status.micros;
  }
  return micros;
}
