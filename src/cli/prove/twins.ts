/**
 * The part of `quorate prove` about broken twins: each is found by every means that its descriptor names, and the true
 * parts survive what found it.
 */

import type { Protocol } from '../../proof/protocol.ts';
import { type CheckReport, type Job, runJobs } from '../check/jobs.ts';
import { findTwins } from '../check/twins.ts';
import { printTwins, type TwinReport } from '../protocols.ts';
import { runSuiteOf } from '../simulate/suite.ts';
import { findTwin, suiteFor } from '../simulate/twins.ts';
import type { Told } from './told.ts';

/** The states up to which true actors are followed in the systems in which twins are found. */
const statesToSurvive = 400_000;

/** Whether the checker finds all twins, and nothing wrong with the true actors in the same systems. */
export async function twinsAreChecked(protocol: Protocol, jobs: number, { terminal, json }: Told): Promise<boolean> {
  const twins = await findTwins(protocol, {}, {}, jobs, terminal);
  const areFound = printTwins(protocol, 'check', twins, terminal, false);
  const systems = new Map(
    protocol.twins.flatMap(({ checker }) =>
      checker === undefined ? [] : [[protocol.commandLine(checker.bounds), checker.bounds] as const],
    ),
  );
  const list = [...systems.values()].map(
    (bounds): Job => ({ protocol: protocol.name, bounds, maxStates: statesToSurvive }),
  );
  const results = await runJobs(list, jobs, terminal, ({ text, report }) => {
    if (!survives(report)) terminal.out(`${text}\n`);
  });
  const failed = results.filter(({ report }) => !survives(report)).length;
  terminal.out(`${protocol.name}: the true actors survive ${list.length - failed} of ${list.length} systems of twins`);
  const ok = areFound && failed === 0;
  json({ type: 'twins', protocol: protocol.name, means: 'check', ok, twins });
  return ok;
}

/**
 * Whether nothing is wrong with actors in a system that is as small as a twin is found in. A limit may come before all
 * states are seen, and goals may be out of its reach: they are the proven systems' to reach.
 */
export const survives = ({ properties }: Pick<CheckReport, 'properties'>): boolean =>
  properties.every(({ verdict }) => verdict !== 'violated');

/** Whether the simulator finds all twins, and nothing wrong with the true parts in the same runs. */
export async function twinsAreSimulated(protocol: Protocol, { terminal, json }: Told): Promise<boolean> {
  const reports: TwinReport[] = [];
  let survive = true;
  for (const twin of protocol.twins) {
    const report = await findTwin(protocol, twin, terminal.err);
    reports.push(report);
    const suite = suiteFor(protocol, twin);
    if (suite === undefined) continue;
    const { failed } = await runSuiteOf(
      protocol.scenario(),
      { ...suite, runs: report.runs ?? suite.runs },
      terminal.err,
    );
    if (failed === undefined) continue;
    survive = false;
    const { schedule, violation } = failed;
    terminal.out(`  VIOLATED by the true parts in seed ${schedule.seed}, of '${twin.name}': ${violation?.problem}`);
  }
  const ok = printTwins(protocol, 'simulate', reports, terminal, false) && survive;
  json({ type: 'twins', protocol: protocol.name, means: 'simulate', ok, twins: reports });
  return ok;
}
