/** What a process may use of its machine, and what it does: open files, memory. */

import { readdirSync, readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** Open files, as far as the system tells. */
export interface FileLimit {
  readonly open: number;
  readonly limit: number;
}

export interface MemoryFindings {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
  readonly machineBytes: number;
  readonly machineFreeBytes: number;
}

/** Of this process; undefined where the system has no `/proc`. */
export function fileLimit(): FileLimit | undefined {
  try {
    const [, limit = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === '' ? undefined : { open: readdirSync('/proc/self/fd').length, limit: Number(limit) };
  } catch {
    return undefined;
  }
}

export function memoryFindings(): MemoryFindings {
  const { used_heap_size: heapBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics();
  return {
    residentBytes: process.memoryUsage.rss(),
    heapBytes,
    heapLimitBytes,
    machineBytes: totalmem(),
    machineFreeBytes: freemem(),
  };
}
