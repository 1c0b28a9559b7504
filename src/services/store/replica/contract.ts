/** What the state of a store works with, whom it tells what, and how it is copied. */

import type { Clock } from '../../../environment/clock.ts';
import type { Random } from '../../../environment/random.ts';
import type { LogEntry, ReplicatedLog } from '../log/replicated-log.ts';
import type { Fate } from '../sessions/fate.ts';
import type { SessionedMachine } from '../sessions/machine.ts';
import type { SlicedStateMachine } from '../state-machine.ts';

export interface ReplicaParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ReplicatedLog;
  readonly machine: Pick<SlicedStateMachine, 'stateHash'>;
  readonly sessioned: SessionedMachine;
  /** An entry was applied. */
  applied(entry: LogEntry, fates: readonly Fate[]): void;
  /** The state is that of a snapshot now. */
  installed(index: number): void;
  /** Some entries were applied, or a snapshot was: what waits for an index may be due. */
  advanced(): void;
  /** The state cannot follow. */
  fail(error: unknown): void;
}

/** The state as of some entry, given away part by part while entries go on to be applied. */
export interface StateCopy {
  /** The last entry that it holds. */
  readonly index: number;
  readonly revision: number;
  /** The next part, undefined at the end. @throws CopyEndedError when the state is wanted for something else by now */
  next(): Uint8Array | undefined;
  /** Nothing more is asked. Idempotent. */
  release(): void;
}
