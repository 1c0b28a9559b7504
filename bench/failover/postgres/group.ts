/** What the bench of failover asks of a group of real servers, whatever they are. */

import type { Phases } from './phases.ts';

export interface BenchGroup {
  /** What is measured, and where the data are. */
  readonly about: string;
  /** A client as applications have one; it finds the primary by itself. */
  connect(): BenchClient;
  /** Hears how a failover goes; undefined where there is nothing to hear. */
  readonly phases?: Phases;
  /** SIGKILL to the primary. */
  crashPrimary(): Promise<void>;
  /** Starts the one that crashed, and waits until it is a standby in sync again. */
  recover(): Promise<void>;
  /** All values that the primary holds. */
  contents(): Promise<ReadonlySet<number>>;
  close(): Promise<void>;
}

export interface BenchClient {
  /** Whether the value was acknowledged; false leaves it open. */
  write(value: number): Promise<boolean>;
  close(): void;
}
