/**
 * A control session: the proxy's own connection to a primary, on which it asks for confirmation. Connections of clients
 * belong to the session during which they were opened, and end with it: so a reply and its confirmation come from the same
 * process, also when the server is started anew at the same address.
 */

import type { Mark } from '../../../statecharts/failover.ts';
import type { RoundResult } from './rounds.ts';
import type { Destination } from './settings.ts';

/** What must be the case for data to be confirmed. */
export interface Wanted {
  /** What the primary must have inside its data, so that it is the in-sync set of `members` that counts. */
  readonly mark: Mark | null;
  /** How many members must hold the data. */
  readonly confirmations: number;
  readonly members: readonly Destination[];
}

/** The proxy's own connection to a primary. */
export interface ControlSession {
  /**
   * One round: `confirmed` says that all that the primary had done before it was asked is held as `wanted`.
   *
   * @throws whatever ended the session
   */
  confirm(wanted: Wanted): Promise<RoundResult>;
  /** Resolves with the reason when the session ends by itself, and never after `close`. */
  readonly ended: Promise<string>;
  /** Idempotent. */
  close(): void;
}

/** Opens a session. @throws when the primary cannot be reached, or does not let the proxy in */
export type OpenSession = (primary: Destination) => Promise<ControlSession>;
