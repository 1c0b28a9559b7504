/**
 * A server that managers of a group watch and steer, behind one interface: Redis, PostgreSQL, or one's own. Its conformance
 * suite says what each must do.
 */

import type { ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';

/** What a probe found. */
export type ProbeResult =
  /** It answers. */
  | 'answers'
  /** Nothing listens there: the process is gone. */
  | 'refused'
  /** Neither: there was no answer in time. */
  | 'silent';

/** A server of a group, as one manager reaches it. */
export interface ManagedServer {
  /** How long its operations may take, in milliseconds, where the group's settings do not say. Absent: as these have it by default. */
  readonly operationDeadlineMs?: number;
  /** Whether it is alive. Cheap, on a connection of its own; never throws. */
  probe(timeoutMs: number): Promise<ProbeResult>;
  /**
   * Does what was asked; see `ServerOperation` for what each means. Operations come one after another.
   *
   * @throws ServerRefusedError when it certainly did not happen, `CLAIM_LOST` among the codes; anything else that is thrown
   * leaves open whether it happened
   */
  operate(operation: ServerOperation, timeoutMs: number): Promise<ServerStatus>;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}
