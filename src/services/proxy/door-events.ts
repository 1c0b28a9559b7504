/** What becomes of clients at the doors of a proxy: all of it is counted, and what an operator wants to know is told. */

import type { DoorEvents } from './door.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { Teller } from './notices.ts';

/** Lets `metrics` and `teller` hear. `confirmTimeoutMs`: after which clients are cut whose replies stay unconfirmed. */
export const heardBy = (metrics: ProxyMetrics, { tellNowAndThen }: Teller, confirmTimeoutMs: number): DoorEvents => ({
  refused(door, reason) {
    metrics.refused(door, reason);
    tellNowAndThen({ level: 'warn', code: 'REFUSED', message: `clients of '${door}' are refused: ${reason}` });
  },
  ended(door, end, bytes) {
    metrics.ended(door, end, bytes);
    if (end !== 'unconfirmed') return;
    const message = `clients are cut as their replies were not confirmed within ${confirmTimeoutMs} ms`;
    tellNowAndThen({ level: 'error', code: 'OUTCOME_UNKNOWN', message });
  },
  failed(door, destination, problem) {
    metrics.failed(door, destination, problem);
    const { server, host, port } = destination;
    const message = `${server} at ${host}:${port} takes no connection of '${door}': ${problem}`;
    tellNowAndThen({ level: 'warn', code: 'SERVER_UNREACHABLE', message });
  },
});
