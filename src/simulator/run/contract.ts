/** What a run is told, what it tells as it goes on, and what it came to. */

import type { EventLimits } from '../event-limits.ts';
import type { EventLog } from '../event-log.ts';
import type { Violation } from '../findings.ts';
import type { NetworkEvent } from '../network.ts';
import type { Application, MachineView, OperationEnd, World } from '../scenario.ts';
import type { Fault, PlannedOperation, Schedule } from '../schedule.ts';

/** What a run came to. */
export interface RunResult {
  readonly violation: Violation | undefined;
  readonly goals: ReadonlySet<string>;
  /** The schedule with the fates that were drawn, ready to be replayed. */
  readonly schedule: Schedule;
  /** Callbacks of the virtual clock, and messages within machines. */
  readonly events: number;
  readonly virtualMs: number;
  readonly faults: number;
  readonly operations: number;
  /** Whether `mayGoOn` ended it, so that it shows nothing. */
  readonly isCutShort: boolean;
  readonly log: EventLog;
}

/** Hears what happens in a run, as it happens; it changes nothing. Times are true, in virtual milliseconds. */
export interface RunObserver {
  /** Before anything happens: the world as it will be. */
  begins?(world: World<Application>): void;
  network?(event: NetworkEvent, nowMs: number): void;
  /** A write of a machine's journal has become durable. */
  flushed?(machine: string, nowMs: number): void;
  booted?(machine: MachineView<Application>, nowMs: number): void;
  /** Of the end of the run, with which all machines end, nothing is told. */
  died?(machine: string, nowMs: number): void;
  fault?(fault: Fault, isActive: boolean, nowMs: number): void;
  /** From now on nothing is wrong within the quorum. */
  healed?(quorum: readonly string[], nowMs: number): void;
  invoked?(operation: PlannedOperation, nowMs: number): void;
  ended?(operation: PlannedOperation, outcome: OperationEnd, nowMs: number): void;
}

export interface RunOptions extends EventLimits {
  /** Draws the fates that the schedule does not hold; otherwise those envelopes arrive after `schedule.delayMs`. */
  readonly drawsFates?: boolean;
  /** Whether drawn fates may be bad. */
  readonly isNetworkFaulty?: boolean;
  /** Keeps every line of the event log, with every step of every actor; otherwise only a digest of the main ones. */
  readonly keepsLog?: boolean;
  readonly observer?: RunObserver;
  /** Has `runSteps` yield after every event, for callers that take their time; no other function can run that. Default false. */
  readonly isSliced?: boolean;
  /** Asked before every event; the run is cut short when it says no. Default: it may go on to its end. */
  readonly mayGoOn?: () => boolean;
}
