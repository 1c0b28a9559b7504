/** What an exploration found of receptions, with a run to each that is unspecified. */

import { partsOf } from '../../../statecharts/actor.ts';
import type { Hole, Receptions } from '../receptions.ts';
import { type Explored, pathTo } from '../search/explore.ts';
import { type Landmarks, retrace } from '../search/trace.ts';
import type { System } from '../system/system.ts';
import type { Met } from './log.ts';

/** A reception that was found unspecified, and the number of the state in which it may happen. */
export interface MetIn extends Met {
  readonly at: number;
}

/** Tells what `system` wrote down while it was explored. */
export function receptionsFound<History>(
  system: System<History>,
  explored: Explored,
  met: readonly MetIn[],
  landmarks: Landmarks,
): Receptions {
  const { receptions, sent, transitions } = system.outcomes.log;
  const outside = new Set(system.model.outside?.map((address) => partsOf(address).name));
  return {
    receptions,
    holes: met.map(({ at, ...hole }): Hole => ({ ...hole, trace: retrace(system, pathTo(explored, at), landmarks) })),
    undelivered: sent.filter(
      ({ from, type, to }) =>
        !outside.has(to) && !receptions.some((it) => it.from === from && it.type === type && it.to === to),
    ),
    transitions,
  };
}
