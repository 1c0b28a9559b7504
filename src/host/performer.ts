/** Performs: hands operations to resources, and sees to it that each is answered exactly once, in time, as an event. */

import type { Perform, Performed, Result } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import { messageOf } from '../environment/message.ts';
import type { Resource } from '../resources/resource.ts';

/**
 * Starts an operation; `answer` is called once, in a later turn of the clock's queue.
 *
 * @throws RangeError when the deadline is none
 */
export type Performer = (operation: Perform, answer: (performed: Performed) => void) => void;

/** Makes the performer of one node. `onLate` hears of answers that came too late, or again. */
export function createPerformer(
  clock: Clock,
  resources: Readonly<Record<string, Resource>>,
  onLate: (operation: Perform) => void,
): Performer {
  return (asked, answer) => {
    const { id, resource: name, operation, deadlineMs } = asked;
    if (!(Number.isFinite(deadlineMs) && deadlineMs >= 0)) {
      throw new RangeError(`expected the deadline of '${id}' to be 0 ms or more and finite, got ${deadlineMs}`);
    }
    let isAnswered = false;
    const answerOnce = (result: Result): void => {
      if (isAnswered) {
        onLate(asked);
        return;
      }
      isAnswered = true;
      clock.clearTimeout(timeout);
      clock.enqueue(() => answer({ type: 'performed', id, result }));
    };
    const timeout = clock.setTimeout(() => {
      answerOnce({ type: 'unknown', error: `no answer from '${name}' within ${deadlineMs} ms` });
    }, deadlineMs);
    const resource = Object.hasOwn(resources, name) ? resources[name] : undefined;
    if (resource === undefined) {
      const known = Object.keys(resources).join(', ') || 'none';
      // Not `refused`: an earlier life, with the resource, may have begun what is asked for.
      answerOnce({ type: 'unknown', error: `no resource '${name}' on this node; it has: ${known}` });
      return;
    }
    try {
      resource.perform({ id, operation, deadlineMs }, answerOnce);
    } catch (error) {
      answerOnce({ type: 'unknown', error: `resource '${name}' threw: ${messageOf(error)}` });
    }
  };
}
