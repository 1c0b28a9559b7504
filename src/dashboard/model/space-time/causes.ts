/**
 * What led to a message, and what followed of it, as far as it is remembered: the step that asked for it, the message that
 * this step took in, and so on; the step that took it in, and what left on account of that ("happened before", Lamport 1978).
 */

import type { Timeline } from '../timeline.ts';

/** Ids of messages. */
export interface Cone {
  readonly causes: ReadonlySet<string>;
  readonly effects: ReadonlySet<string>;
}

/** So many messages each way at most, the nearest. */
const maxMessages = 400;

/** Follows message `sent` both ways, among the items from position `first` to `end`. */
export function coneOf(timeline: Timeline, sent: string, first: number, end: number): Cone {
  const stepOfMessage = new Map<string, string>();
  const messagesOfStep = new Map<string, string[]>();
  for (const item of timeline.between(first, end)) {
    if (item.type !== 'sent' || item.step === undefined) continue;
    stepOfMessage.set(item.id, item.step);
    messagesOfStep.set(item.step, [...(messagesOfStep.get(item.step) ?? []), item.id]);
  }
  const causes = reached(sent, (message) => {
    const step = stepOfMessage.get(message);
    const cause = step === undefined ? undefined : timeline.sentOf(step)?.id;
    return cause === undefined ? [] : [cause];
  });
  const effects = reached(sent, (message) => messagesOfStep.get(timeline.stepOf(message)?.id ?? '') ?? []);
  return { causes, effects };
}

/** All that is found from `start`, which is not among it. */
function reached(start: string, next: (message: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const ahead = [start];
  for (let message = ahead.shift(); message !== undefined && found.size < maxMessages; message = ahead.shift()) {
    for (const other of next(message)) {
      if (found.has(other) || other === start) continue;
      found.add(other);
      ahead.push(other);
    }
  }
  return found;
}
