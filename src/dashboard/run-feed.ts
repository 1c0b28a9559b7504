/**
 * The feed of a simulated run: a schedule, played out on virtual time, as the items of a dashboard. The same schedule gives
 * the same feed, here and in a browser.
 */

import type { Protocol } from '../proof/protocol.ts';
import { type RunResult, runSteps } from '../simulator/run.ts';
import { nodeIds, type Schedule } from '../simulator/schedule.ts';
import type { FeedItem, Shown } from './feed.ts';
import { type Edit, fork } from './fork.ts';
import { observeRun } from './run/items.ts';

/** What is played. */
export interface RunRequest {
  readonly protocol: Protocol;
  /** The name of a twin with a mistake to play instead. */
  readonly twin?: string;
  readonly schedule: Schedule;
  /** What is changed of it by hand. Default nothing. */
  readonly edits?: readonly Edit[];
  /** Draws what becomes of envelopes that the schedule says nothing of; else they arrive after `schedule.delayMs`. */
  readonly drawsFates?: boolean;
  /** Whether those may be lost, repeated and late. */
  readonly isNetworkFaulty?: boolean;
  /** Beyond so many items only what matters most is told, and the rest is counted. Default 20,000. */
  readonly maxItems?: number;
}

export const defaultMaxItems = 20_000;

/**
 * Plays a run event by event, and yields what is to be shown of each, which may be nothing. Where the scenario `awaits`,
 * promises must settle between one and the next.
 *
 * @returns what the run came to
 * @throws ForkError when an edit cannot be
 */
export function* runFeed(request: RunRequest): Generator<readonly FeedItem[], RunResult> {
  const { protocol, twin, edits = [], drawsFates = false, isNetworkFaulty = false } = request;
  const { schedule, ordered } = fork(request.schedule, edits);
  const told = createLimited(request.maxItems ?? defaultMaxItems);
  const steps = runSteps(protocol.scenario(twin), schedule, {
    drawsFates,
    isNetworkFaulty,
    isSliced: true,
    observer: observeRun(schedule, ordered, told.add),
  });
  yield [
    {
      type: 'head',
      source: 'simulation',
      title: [protocol.name, ...(twin === undefined ? [] : [twin]), `seed ${schedule.seed}`].join(', '),
      nodes: nodeIds(schedule.nodes),
      takesFaults: true,
    },
  ];
  for (;;) {
    const { done, value } = steps.next();
    if (done !== true) {
      yield told.take();
      continue;
    }
    yield [...told.take(), ...told.rest(value.virtualMs), ...violationOf(value)];
    return value;
  }
}

/** What went wrong is told however much was told before. */
function violationOf({ violation, schedule }: RunResult): readonly Shown[] {
  if (violation === undefined) return [];
  const { kind, problem, atMs } = violation;
  const [node = 'n1'] = nodeIds(schedule.nodes);
  return [{ type: 'violation', node, atMs, claim: kind, text: problem }];
}

interface Limited {
  readonly add: (item: Shown) => void;
  /** The items since the last time. */
  take(): readonly Shown[];
  /** How many of each type were too many, as an item; nothing when none were. */
  rest(atMs: number): readonly Shown[];
}

function createLimited(maxItems: number): Limited {
  let items: Shown[] = [];
  let count = 0;
  const counts: Record<string, number> = {};
  return {
    add(item) {
      count += 1;
      if (count <= maxItems) items.push(item);
      else counts[item.type] = (counts[item.type] ?? 0) + 1;
    },
    take() {
      const taken = items;
      items = [];
      return taken;
    },
    rest: (atMs) =>
      count <= maxItems
        ? []
        : [{ type: 'summary', node: 'n1', atMs, counts, reason: `more than ${maxItems} things happened` }],
  };
}
