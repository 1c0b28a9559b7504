/** Real runs as a page remembers them, for tests of what it reads out of contexts: those are as the charts make them. */

import type { Moment } from '../../src/dashboard/model/moment.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { recordRun } from '../../src/dashboard/record-run.ts';
import type { FaultKind } from '../../src/simulator/schedule.ts';
import { faulty, planned, protocol } from './runs.ts';

/** The history of a simulated run of the protocol `name`. */
export async function historyOf(name: string, seed: number, faults: readonly FaultKind[] = []): Promise<Timeline> {
  const of = protocol(name);
  const { recording } = await recordRun({ protocol: of, schedule: planned(of, seed, faults), ...faulty });
  const timeline = new Timeline({ items: recording.items.length });
  timeline.add(recording.items);
  return timeline;
}

/** A moment of a history, and when it is. */
export interface MomentAt {
  readonly atMs: number;
  readonly moment: Moment;
}

/** Moments all along `timeline`, every so many positions. */
export function* momentsOf(timeline: Timeline, every = 7): Generator<MomentAt> {
  for (let position = timeline.first; position <= timeline.end; position += every) {
    yield { atMs: timeline.atMs(position) ?? 0, moment: timeline.at(position) };
  }
}
