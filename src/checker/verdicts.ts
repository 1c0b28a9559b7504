/** What an exploration says of each property of a model, with a run that shows it. */

import type { Model } from './model.ts';
import { type Explored, pathTo } from './search/explore.ts';
import { type Judgement, judgeEventually } from './search/liveness.ts';
import type { Stray } from './search/straying.ts';
import { type Landmarks, type Path, retrace, type Trace } from './search/trace.ts';
import { TimeIsOver, type Watch } from './search/watch.ts';
import type { System } from './system/system.ts';

/**
 * `holds`, `reached`: as wanted. `violated`, `unreached`: not. `inconclusive`: what was explored cannot tell, for a
 * reason that is given.
 */
export type Verdict = 'holds' | 'reached' | 'violated' | 'unreached' | 'inconclusive';

/**
 * Why a verdict is inconclusive. `stopped`: a limit of states or seconds, or a violation, ended the check before. `cut`:
 * runs go on beyond the boundary, or into states that were not explored. `withheld`: there is a run on which it does not
 * come true, but the run ends, or goes round, only because a budget was spent that limits the exploration.
 */
export type Doubt = 'stopped' | 'cut' | 'withheld';

export interface PropertyResult {
  readonly name: string;
  readonly kind: 'always' | 'sometimes' | 'refines' | 'eventually';
  readonly verdict: Verdict;
  readonly because?: Doubt;
  /**
   * A run that violates it, or reaches it if it is a goal, shortest for all but loops; or, for what is `withheld`, the
   * run that is left open.
   */
  readonly trace?: Trace;
}

/** All verdicts, and whether the time that the check may take ended before they were all made. */
export interface Verdicts {
  readonly properties: readonly PropertyResult[];
  readonly isOutOfTime: boolean;
}

/** The names of what is checked in every state, in the order in which an exploration looks at it. */
export const namesOfAlways = <History>(model: Model<History>): readonly string[] => [
  ...(model.mayFail === true ? [] : ['no actor fails']),
  ...Object.keys(model.always ?? {}),
];

/** Judges the properties of a system's model. */
export function judgeAll<History>(
  system: System<History>,
  explored: Explored,
  landmarks: Landmarks,
  watch: Watch,
  tellsCharts = false,
): Verdicts {
  const { model } = system;
  const traceOf = (path: Path): { trace: Trace } => ({ trace: retrace(system, path, landmarks, tellsCharts) });
  const traceTo = (state: number): { trace: Trace } => traceOf(pathTo(explored, state));
  const straying = ({ from, to }: Stray): { trace: Trace } => {
    const { root, legs } = pathTo(explored, from);
    return traceOf({ root, legs: from === to ? legs : [...legs, { to }] });
  };
  const stopped = { verdict: 'inconclusive', because: 'stopped' } as const;
  const isExplored = explored.stoppedBy === undefined;
  const properties: PropertyResult[] = [];
  let isOutOfTime = false;

  namesOfAlways(model).forEach((name, index) => {
    const at = explored.violated[index] ?? -1;
    const told = isExplored ? ({ verdict: 'holds' } as const) : stopped;
    properties.push({ name, kind: 'always', ...(at < 0 ? told : { verdict: 'violated', ...traceTo(at) }) });
  });
  if (model.mayEnd !== undefined) {
    const { deadlock, openDeadlock } = explored;
    const open = (): Omit<PropertyResult, 'name' | 'kind'> =>
      openDeadlock < 0
        ? { verdict: 'holds' }
        : { verdict: 'inconclusive', because: 'withheld', ...traceTo(openDeadlock) };
    const told = deadlock >= 0 ? { verdict: 'violated' as const, ...traceTo(deadlock) } : isExplored ? open() : stopped;
    properties.push({ name: 'no deadlock', kind: 'always', ...told });
  }
  Object.keys(model.sometimes ?? {}).forEach((name, index) => {
    const at = explored.reached[index] ?? -1;
    const told = isExplored ? ({ verdict: 'unreached' } as const) : stopped;
    properties.push({ name, kind: 'sometimes', ...(at < 0 ? told : { verdict: 'reached', ...traceTo(at) }) });
  });
  Object.keys(model.refines ?? {}).forEach((name, index) => {
    const stray = explored.strays[index];
    const told = isExplored ? ({ verdict: 'holds' } as const) : stopped;
    properties.push({
      name,
      kind: 'refines',
      ...(stray === undefined ? told : { verdict: 'violated', ...straying(stray) }),
    });
  });
  for (const [name, property] of Object.entries(model.eventually ?? {})) {
    const told = inTime(() => judgeEventually(system, explored, property, watch));
    if (told === undefined) {
      isOutOfTime = true;
      properties.push({ name, kind: 'eventually', ...stopped });
      continue;
    }
    const { run, ...verdict } = { run: undefined, ...told };
    properties.push({ name, kind: 'eventually', ...verdict, ...(run === undefined ? {} : traceOf(run)) });
  }
  return { properties, isOutOfTime };
}

/** @returns undefined when the time is over before it is done */
function inTime(judge: () => Judgement): Judgement | undefined {
  try {
    return judge();
  } catch (error) {
    if (error instanceof TimeIsOver) return undefined;
    throw error;
  }
}
