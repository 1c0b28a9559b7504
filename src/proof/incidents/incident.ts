/**
 * Incidents: what a public post-mortem tells, and the faults by which the simulator replays its shape with the protocols of
 * this library. Nothing of the systems that failed is rebuilt: the faults are theirs, the protocols are ours.
 */

import type { Interval } from '../../simulator/partial-partitions.ts';
import type { AnyScenario, Application } from '../../simulator/scenario.ts';
import type { PlannedOperation, Schedule } from '../../simulator/schedule.ts';

/** Where an incident is told. */
export interface Source {
  readonly title: string;
  readonly by: string;
  readonly year: number;
  readonly url: string;
}

/** An incident that can be replayed. */
export interface Incident {
  /** What it is called on the command line. */
  readonly name: string;
  readonly source: Source;
  /** What happened there, in a sentence or two. */
  readonly happened: string;
  /** What is replayed here, over which protocol. */
  readonly replayed: string;
  /** What keeps it harmless here, with the rule's place. */
  readonly because: string;
  /** The seed of the table. Any other is another run of the same faults. */
  readonly seed: number;
  /** When the faults begin and end, in virtual milliseconds. */
  readonly during: Interval;
  scenario(): AnyScenario<Application>;
  schedule(seed: number): Schedule;
  /** Whether a client waits for this operation to change something. */
  isWrite(operation: PlannedOperation): boolean;
  /** The same without what keeps it harmless, so that the same faults do harm; left out where charts have no such form. */
  readonly without?: { readonly rule: string; scenario(): AnyScenario<Application> };
  /** What the scenario must have seen happen, so that the faults struck where they should. */
  readonly mustHappen: readonly string[];
  /** Writes must be acknowledged again this long after the faults have begun; undefined where they stop while these last. */
  readonly goesOnWithinMs?: number;
  /** Writes must be acknowledged again this long after the faults have ended. */
  readonly recoversWithinMs: number;
}
