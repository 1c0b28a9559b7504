/** `quorate check PROTOCOL --broken all`: every twin, as the descriptor says that the checker finds it. */

import type { Protocol } from '../../proof/protocol.ts';
import { isReached, outOfReach, type TwinReport } from '../protocols.ts';
import type { Terminal } from '../terminal.ts';
import { type CheckReport, type Job, runJobs } from './jobs.ts';

/** Looks for every twin of `protocol`: in `bounds`, and otherwise as its descriptor says. */
export async function findTwins(
  protocol: Protocol,
  bounds: object,
  limits: Pick<Job, 'maxSeconds' | 'maxStates'>,
  atATime: number,
  terminal: Terminal,
): Promise<readonly TwinReport[]> {
  const { name, twins, statesToFind } = protocol;
  const reached = twins.filter((twin) => isReached(twin, 'check'));
  const list = reached.map((twin): Job => {
    const maxStates = twin.checker?.statesToFind ?? statesToFind;
    return { protocol: name, bounds, broken: twin.name, maxStates, ...limits };
  });
  const results = await runJobs(list, atATime, terminal, (_result, place) =>
    terminal.err(`[${place + 1}/${list.length}] ${reached[place]?.name}`),
  );
  const byName = new Map(reached.map((twin, at) => [twin.name, results[at]]));
  return twins.map((twin) => {
    const result = byName.get(twin.name);
    return result === undefined ? outOfReach(protocol, twin, 'check') : foundIn(twin, result);
  });
}

/** What a check says of the twin that it was made for. */
export function foundIn(
  { name: twin, rule, checker }: Protocol['twins'][number],
  { report }: { readonly report: CheckReport },
): TwinReport {
  const violated = report.properties.find(({ name, verdict }) => verdict === 'violated' && name === checker?.violates);
  if (violated === undefined) return { twin, rule, verdict: 'missed', states: report.states };
  const { name: violates, steps = 0 } = violated;
  return { twin, rule, verdict: 'found', violates, steps, states: report.states };
}
