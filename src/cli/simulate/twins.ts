/** `quorate simulate PROTOCOL --broken all`: every twin, as the descriptor says that the simulator finds it. */

import type { Protocol, TwinDescription } from '../../proof/protocol.ts';
import { outOfReach, type TwinReport } from '../protocols.ts';
import { everyFault } from './faults.ts';
import { runSuiteOf } from './suite.ts';

/** What a twin is looked for with. @returns undefined when the simulator is not said to find it */
export const suiteFor = (protocol: Protocol, { simulator }: TwinDescription) =>
  simulator === undefined
    ? undefined
    : { seed: simulator.seed ?? 1, faults: everyFault, checkDeterminism: false, ...protocol.runsToFind };

/** Looks for one twin. */
export async function findTwin(
  protocol: Protocol,
  twin: TwinDescription,
  progress: (line: string) => void = () => {},
): Promise<TwinReport> {
  const suite = suiteFor(protocol, twin);
  if (suite === undefined) return outOfReach(protocol, twin, 'simulate');
  const { failed, runs } = await runSuiteOf(protocol.scenario(twin.name), suite, progress);
  const { name, rule } = twin;
  if (failed?.violation === undefined) return { twin: name, rule, verdict: 'missed', runs };
  const { violation, schedule } = failed;
  return { twin: name, rule, verdict: 'found', violates: violation.problem, seed: schedule.seed, runs };
}
