/**
 * Tests that are generated from a role: the shortest way to each state that it can reach, found by trying every message and
 * every armed timer in every state. A test replays each way and holds it to what must be true of the role; one that
 * lists them is told when a state can be reached no more, or another one can.
 */

import { type Address, type AnyActor, canonicalKey, eventOf, type Step, type Tagged } from '../src/index.ts';
import { lockOf } from './lock.ts';

/** How an actor gets to a state: what happened, and the steps that it took. */
export interface Path {
  readonly happenings: readonly string[];
  readonly steps: readonly Step[];
}

/**
 * The shortest path to each state of `actor`, contexts included, that at most `depth` happenings lead to.
 *
 * @param messages what may come in, whenever
 */
export function shortestPaths(actor: AnyActor, messages: readonly Tagged[], depth: number): readonly Path[] {
  const self: Address = `n1/${actor.name}/`;
  const seen = new Set<string>();
  const paths: Path[] = [];
  const first = actor.start(actor.recover([]), { self, input: undefined }, true);
  let frontier: readonly Path[] = [{ happenings: [], steps: [first] }];
  for (let length = 0; length <= depth; length += 1) {
    const fresh = frontier.filter(({ steps }) => {
      const key = keyOf(steps.at(-1) ?? first);
      return !seen.has(key) && seen.add(key);
    });
    paths.push(...fresh);
    frontier = fresh.flatMap(({ happenings, steps }) => {
      const { state } = steps.at(-1) ?? first;
      const heard = messages.map(
        (message): Path => ({
          happenings: [...happenings, message.type],
          steps: [...steps, actor.transition(state, eventOf(message, self, 0), true)],
        }),
      );
      const fired = state.armed.map(
        (timer): Path => ({
          happenings: [...happenings, timer],
          steps: [...steps, actor.fire(state, timer, 0, true)],
        }),
      );
      return [...heard, ...fired];
    });
  }
  return paths;
}

const keyOf = ({ state: { snapshot, armed } }: Step): string => canonicalKey([snapshot.value, snapshot.context, armed]);

/** What the lock of `lock.ts` does on every way of up to `depth` happenings, a line for each. */
export function describeLock(depth: number): readonly string[] {
  const messages = [{ type: 'acquire', ...{ client: 'ann' } }, { type: 'release' }];
  return shortestPaths(lockOf(false), messages, depth).map(({ happenings, steps }) => {
    const { value, context } = steps.at(-1)?.state.snapshot ?? {};
    return `${happenings.join(', ') || 'at first'}: ${String(value)} ${JSON.stringify(context)}`;
  });
}

if (process.argv[1] === import.meta.filename) console.log(describeLock(4).join('\n'));
