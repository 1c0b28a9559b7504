/**
 * A hand at the machine of a server: it starts and stops the server, and makes its data those of another. Either the data
 * directory is on this machine, or commands of the configuration do it.
 */

import type { Budget } from '../../deadline.ts';

export interface PostgresHost {
  /** Starts the server as a standby, whatever it was, and waits until it takes sessions. One that runs is left alone. */
  start(limit: Budget): Promise<void>;
  /**
   * Ends it, and waits until it is gone. `immediate`: as a crash does, so that nothing more is written to its log; `fast`: in
   * order. One that does not run is left alone.
   */
  stop(how: 'fast' | 'immediate', limit: Budget): Promise<void>;
  /**
   * Makes the data of the server, which does not run, those of the one at `url`: by taking back what differs where it can
   * (`rewind`), or by a copy. What has begun goes on when the time is over, and `start` waits for it.
   */
  restore(how: 'rewind' | 'copy', url: string, limit: Budget): Promise<void>;
  /** Ends what is under way. */
  close(): void;
}
