/** Records a simulated run from its beginning to its end. */

import { systemClock } from '../environment/clock.ts';
import type { RunResult } from '../simulator/run.ts';
import type { Recording } from './feed.ts';
import { createRecorder, maxRecordedItems } from './recording.ts';
import { type RunRequest, runFeed } from './run-feed.ts';

/** A recorded run. */
export interface RecordedRun {
  readonly recording: Recording;
  readonly result: RunResult;
}

/**
 * Plays a run, and keeps the last of what happened in it.
 *
 * @param maxItems how much is kept; as much as a page holds by default
 * @throws ForkError when an edit cannot be
 */
export async function recordRun(
  request: Omit<RunRequest, 'maxItems'>,
  maxItems: number = maxRecordedItems,
): Promise<RecordedRun> {
  const recorder = createRecorder(maxItems);
  const feed = runFeed({ ...request, maxItems: Number.POSITIVE_INFINITY });
  const { awaits = false } = request.protocol.scenario(request.twin);
  const { enqueue } = systemClock();
  for (;;) {
    const { done, value } = feed.next();
    if (done === true) return { recording: recorder.recording(), result: value };
    for (const item of value) recorder.add(item);
    // All reactions of promises run before the next turn of the event loop begins.
    if (awaits) await new Promise<void>((resolve) => enqueue(resolve));
  }
}
