/**
 * Shrinking: makes a failing schedule smaller while it still fails in the same way: fewer nodes, faults and operations,
 * fewer bad fates, an earlier end. Delta debugging (Zeller & Hildebrandt, 2002) over each list in turn.
 */

import type { Violation } from './findings.ts';
import type { RunResult } from './run.ts';
import { type Fate, type Fault, nodeIds, type Schedule } from './schedule.ts';
import { finishSteps, type Steps, settleSteps } from './steps.ts';

interface ShrinkLimits {
  readonly minNodes: number;
  /** Replays at the most. */
  readonly maxReplays: number;
  /** Events of all replays together, after which none is begun: runs that reach a limit of events are long. Default: no limit. */
  readonly maxReplayedEvents?: number;
  readonly onProgress?: (schedule: Schedule, replays: number) => void;
}

export interface ShrinkOptions extends ShrinkLimits {
  /** Plays a schedule out, without drawing anything new. */
  readonly replay: (schedule: Schedule) => RunResult;
}

/** For scenarios that await promises. */
export interface AsyncShrinkOptions extends ShrinkLimits {
  /** The steps of playing a schedule out, without drawing anything new: `runSteps`. */
  readonly replay: (schedule: Schedule) => Steps<RunResult>;
}

/** The smallest failing schedule that was found, and what it came to. */
export interface Shrunk {
  readonly schedule: Schedule;
  readonly result: RunResult;
  readonly replays: number;
  /** Whether a limit of replays ended the search. */
  readonly isCutShort: boolean;
}

/**
 * Shrinks the schedule of a failed run.
 *
 * @returns undefined when the schedule does not fail again: the scenario is not deterministic
 */
export const shrink = (failed: RunResult, options: ShrinkOptions): Shrunk | undefined =>
  finishSteps(
    shrinkSteps(failed, {
      ...options,
      // biome-ignore lint/correctness/useYield: a replay that is one step.
      *replay(schedule) {
        return options.replay(schedule);
      },
    }),
  );

/** Like `shrink`, for any scenario. */
export const shrinkAsync = (failed: RunResult, options: AsyncShrinkOptions): Promise<Shrunk | undefined> =>
  settleSteps(shrinkSteps(failed, options));

function* shrinkSteps(failed: RunResult, options: AsyncShrinkOptions): Steps<Shrunk | undefined> {
  const { replay, minNodes, maxReplays, maxReplayedEvents = Infinity } = options;
  let replays = 0;
  let replayedEvents = 0;
  let best = failed.schedule;
  let bestResult = failed;

  const isSpent = (): boolean => replays >= maxReplays || replayedEvents >= maxReplayedEvents;
  function* attempt(candidate: Schedule): Steps<boolean> {
    if (isSpent()) return false;
    replays += 1;
    const result = yield* replay(candidate);
    replayedEvents += result.events;
    if (!isSame(failed.violation, result.violation)) return false;
    best = candidate;
    bestResult = result;
    options.onProgress?.(best, replays);
    return true;
  }
  /** Removes as many of `items` as possible. */
  function* thin<T>(items: readonly T[], rebuild: (kept: readonly T[]) => Schedule): Steps<void> {
    let kept = items;
    let size = Math.ceil(kept.length / 2);
    while (size >= 1 && kept.length > 0 && !isSpent()) {
      let removed = false;
      for (let start = 0; start < kept.length && !isSpent(); ) {
        const candidate = [...kept.slice(0, start), ...kept.slice(start + size)];
        if (yield* attempt(rebuild(candidate))) {
          kept = candidate;
          removed = true;
        } else {
          start += size;
        }
      }
      if (!removed && size === 1) break;
      size = removed && size === 1 ? 1 : Math.floor(size / 2);
    }
  }
  /** @returns whether the cluster became smaller by one */
  function* dropNode(): Steps<boolean> {
    for (const id of nodeIds(best.nodes)) {
      if (yield* attempt(withoutNode(best, id))) return true;
    }
    return false;
  }

  if (!(yield* attempt(best))) return undefined;
  let before: Schedule;
  do {
    before = best;
    while (best.nodes > minNodes && (yield* dropNode())) {
      // Until no node can be spared.
    }
    yield* thin(best.faults, (faults) => ({ ...best, faults }));
    yield* thin(best.operations, (operations) => ({ ...best, operations }));
    yield* thin(Object.keys(best.links), (kept) => ({
      ...best,
      links: Object.fromEntries(kept.map((link) => [link, best.links[link] ?? []])),
    }));
    for (const link of Object.keys(best.links)) yield* thinFates(link);
    for (const [index, fault] of best.faults.entries()) {
      if (fault.kind === 'partial-partition') {
        yield* thin(fault.cut, (cut) => ({ ...best, faults: best.faults.with(index, { ...fault, cut }) }));
      }
    }
    for (const [index, fault] of best.faults.entries()) {
      const shorter = { ...fault, untilMs: Math.round((fault.atMs + fault.untilMs) / 2) };
      if (shorter.untilMs < fault.untilMs) yield* attempt({ ...best, faults: best.faults.with(index, shorter) });
    }
  } while (best !== before && !isSpent());
  return { schedule: best, result: bestResult, replays, isCutShort: isSpent() };

  /** Makes single envelopes of a link arrive as they should. */
  function* thinFates(link: string): Steps<void> {
    const isPlain = (fate: Fate): boolean => fate.length === 1 && fate[0] === best.delayMs;
    const odd = (best.links[link] ?? []).flatMap((fate, index) => (isPlain(fate) ? [] : [index]));
    yield* thin(odd, (kept) => ({
      ...best,
      links: {
        ...best.links,
        [link]: (best.links[link] ?? []).map((fate, index) => (kept.includes(index) ? fate : [best.delayMs])),
      },
    }));
  }
}

/** Whether two violations are of one kind: problems name terms and indices that differ from run to run. */
const isSame = (one: Violation | undefined, other: Violation | undefined): boolean =>
  one !== undefined && other !== undefined && one.kind === other.kind && gist(one.problem) === gist(other.problem);

const gist = (problem: string): string => problem.replaceAll(/\bn?\d+(\.\d+)?\b/g, '#').slice(0, 80);

/** Without node `gone` and all that concerns it; the others are named anew, in their order. */
function withoutNode(schedule: Schedule, gone: string): Schedule {
  const left = nodeIds(schedule.nodes).filter((id) => id !== gone);
  const ids = nodeIds(left.length);
  const [first = ''] = ids;
  const stays = (node: string): boolean => node !== gone;
  const renamed = (node: string): string => ids[left.indexOf(node)] ?? first;
  const linkOf = (link: string): string => link.split('>').map(renamed).join('>');
  const kept = schedule.quorum.filter(stays).map(renamed);
  const healed = schedule.quorum.length === schedule.nodes ? ids.length : Math.floor(ids.length / 2) + 1;
  return {
    ...schedule,
    nodes: ids.length,
    quorum: [...kept, ...ids.filter((id) => !kept.includes(id))].slice(0, healed).sort(),
    faults: schedule.faults.flatMap((fault): Fault[] => {
      if (fault.kind === 'partition') {
        return [{ ...fault, groups: fault.groups.map((group) => group.filter(stays).map(renamed)) }];
      }
      if (fault.kind === 'partial-partition') {
        const cut = fault.cut.filter((link) => link.split('>').every(stays)).map(linkOf);
        return cut.length > 0 ? [{ ...fault, cut }] : [];
      }
      if ('server' in fault) return [fault];
      if ('node' in fault) return stays(fault.node) ? [{ ...fault, node: renamed(fault.node) }] : [];
      const { from, to } = fault;
      return stays(from) && stays(to) ? [{ ...fault, from: renamed(from), to: renamed(to) }] : [];
    }),
    operations: schedule.operations.map((operation) => ({ ...operation, node: renamed(operation.node) })),
    links: Object.fromEntries(
      Object.entries(schedule.links)
        .filter(([link]) => link.split('>').every(stays))
        .map(([link, fates]) => [linkOf(link), fates]),
    ),
  };
}
