/** What goes wrong between a client and the managers from which it learns where the primary is. */

import { QuorateError } from '../../../../statecharts/actor.ts';

/** Managers that cannot be followed as they were named. */
export class ManagersNamedError extends QuorateError {
  readonly code = 'MANAGERS_NAMED';
}

/** Why nothing is learned from a manager for the moment. */
export type ManagerNewsFault =
  /** No connection came about, or it broke. */
  | 'MANAGER_UNREACHABLE'
  /** It answers, but refuses to tell. */
  | 'MANAGER_REFUSES'
  /** The connection stands, and nothing comes over it. */
  | 'MANAGER_SILENT'
  /** What came is no topology, or is too large for one. */
  | 'TOPOLOGY_MALFORMED'
  /** It is a manager of another group. */
  | 'OTHER_GROUP';

/** Nothing is learned from one manager for the moment; it is asked again. */
export class ManagerNewsError extends QuorateError {
  readonly code: ManagerNewsFault;
  /** The URL of the manager. */
  readonly manager: string;

  constructor(code: ManagerNewsFault, manager: string, message: string, options?: { cause?: unknown }) {
    super(`${manager}: ${message}`, options);
    this.code = code;
    this.manager = manager;
  }
}
