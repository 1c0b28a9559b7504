/** `quorate incident`: replays public post-mortems with the protocols of this library. */

import { Command, InvalidArgumentError } from 'commander';
import type { Incident } from '../proof/incidents/incident.ts';
import { type Replay, replayIncident } from '../proof/incidents/replay.ts';
import { type ReplayReport, reportOf } from '../proof/incidents/table.ts';
import { incidents } from '../proof/incidents.ts';
import { exitCodes } from './errors.ts';
import { integerIn } from './options.ts';
import type { Terminal } from './terminal.ts';

interface IncidentOptions {
  readonly seed?: number;
  readonly json: boolean;
}

const width = Math.max(...incidents.map(({ name }) => name.length)) + 2;

const help = `
Incidents:
${incidents.map(({ name, source: { title, by, year } }) => `  ${name.padEnd(width)}${title} (${by}, ${year})`).join('\n')}

Each is replayed in the simulator: the faults are those that were told, the protocols are those of this library. The same
seed gives the same run. docs/choosing.md says what was learnt.

Examples:
  $ quorate incident short-partition
  $ quorate incident all --json

Exit codes: 0 everything that is claimed was kept, 1 something was not, 2 wrong options.`;

/** Makes the command. */
export function incidentCommand(terminal: Terminal): Command {
  return new Command('incident')
    .summary('replay a public post-mortem, and see what becomes of it here')
    .description('Replays the faults of a public post-mortem in the simulator, with the protocols of this library.')
    .argument('<name>', "which one; or 'all'", incidentsIn)
    .option(
      '--seed <number>',
      'another run of the same faults (default: the one of the docs)',
      integerIn(0, 2 ** 31 - 1),
    )
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (chosen: readonly Incident[], options: IncidentOptions) => {
      process.exitCode = await replayAll(chosen, options, terminal);
    });
}

/** @throws InvalidArgumentError */
function incidentsIn(name: string): readonly Incident[] {
  if (name === 'all') return incidents;
  const found = incidents.filter((it) => it.name === name);
  if (found.length > 0) return found;
  throw new InvalidArgumentError(
    `There is no incident '${name}'; there are: all, ${incidents.map((it) => it.name).join(', ')}.`,
  );
}

/** @returns the exit code */
async function replayAll(
  chosen: readonly Incident[],
  { seed, json }: IncidentOptions,
  terminal: Terminal,
): Promise<number> {
  const reports: ReplayReport[] = [];
  for (const incident of chosen) {
    if (json) terminal.err(incident.name);
    const played = await replayIncident(incident, seed);
    const { without } = incident;
    const unprotected =
      without === undefined ? undefined : await replayIncident({ ...incident, scenario: without.scenario }, seed);
    reports.push(reportOf(incident, played, unprotected));
    if (!json) tellReplay(incident, played, unprotected, terminal);
  }
  if (json) terminal.out(JSON.stringify({ incidents: reports }));
  return reports.every(({ ok }) => ok) ? exitCodes.done : exitCodes.failed;
}

function tellReplay(
  { source, happened, replayed, because, without, name }: Incident,
  { problem, acknowledged, refused, unknown, nextWriteMs, afterwardsMs, seed }: Replay,
  unprotected: Replay | undefined,
  { out, outColours }: Terminal,
): void {
  const after = (ms: number | undefined): string => (ms === undefined ? 'never' : `after ${Math.round(ms)} ms`);
  out(`${outColours.bold(source.title)} (${source.by}, ${source.year})`);
  out(`  ${source.url}`);
  out(`There:   ${happened}`);
  out(`Here:    ${replayed}`);
  out(`Because: ${because}`);
  out(`  the next write was acknowledged ${after(nextWriteMs)}; once the faults were over, ${after(afterwardsMs)}`);
  out(
    `  since the faults began, ${acknowledged} writes were acknowledged, ${refused} refused, ${unknown} of unknown outcome`,
  );
  if (problem === undefined) out(`  ${outColours.green('Nothing that was acknowledged was lost.')}`);
  else out(`  ${outColours.red(problem)}`);
  if (without !== undefined) out(`  Where ${without.rule}: ${unprotected?.problem ?? 'nothing is wrong'}`);
  out(`  Again: quorate incident ${name} --seed ${seed}\n`);
}
