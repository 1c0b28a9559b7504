/** `quorate prove`: everything that the project is held to: the systems, the simulated runs and the twins of every protocol. */

import { Command } from 'commander';
import { receptionsLine } from '../checker.ts';
import { systemClock } from '../environment/clock.ts';
import type { Protocol } from '../proof/protocol.ts';
import { protocols } from '../proof/protocols.ts';
import { type Job, runJobs, totalOf, verdictOf } from './check/jobs.ts';
import { holesText, type ToldReceptions, togetherOf } from './check/receptions.ts';
import { assertWritable } from './config/files.ts';
import { exitCodes, UsageError } from './errors.ts';
import { integerIn } from './options.ts';
import { protocolIn } from './protocols.ts';
import { figuresOf, recordFigures } from './prove/figures.ts';
import type { Told } from './prove/told.ts';
import { twinsAreChecked, twinsAreSimulated } from './prove/twins.ts';
import { everyFault } from './simulate/faults.ts';
import { progressLine, runSuiteOf } from './simulate/suite.ts';
import { besideJson, type Terminal } from './terminal.ts';

interface ProveOptions {
  readonly checks: boolean;
  readonly simulations: boolean;
  readonly jobs: number;
  readonly record?: string;
  readonly json: boolean;
}

const help = `
Every system that docs/verification.md lists is checked, every suite of simulated runs is played under all faults, and
every broken twin is looked for. It fails when a property is violated, a goal is not reached, a message comes to a chart
that says nothing to it, or a known truth or a twin is not found.

Examples:
  $ quorate prove
  $ quorate prove raft --no-simulations
  $ quorate prove --no-simulations --record test/proof/figures.json   # the figures of the docs' tables
  $ quorate prove 2pc --json | tail -1

Exit codes: 0 all of it holds, 1 not so, 2 wrong options, 3 nobody knows: a limit came first.`;

/** Options that contradict each other. */
class ProveOptionsError extends UsageError {
  readonly code = 'PROVE_OPTIONS';
}

/** Makes the command. */
export function proveCommand(terminal: Terminal): Command {
  return new Command('prove')
    .summary('check and simulate everything that the project is held to')
    .description('Checks the systems and simulates the runs by which every protocol is proven before a release.')
    .argument('[protocols...]', 'which of them; default all', (name: string, before: readonly Protocol[] = []) => [
      ...before,
      protocolIn(name),
    ])
    .option('--no-checks', 'leave the model checker out')
    .option('--no-simulations', 'leave the simulator out')
    .option('--jobs <number>', 'how many systems are checked at a time', integerIn(1, 64), 2)
    .option('--record <file>', "write the figures of the checks to a file, from which the docs' tables are made")
    .option('--json', 'tell each result as JSON, one a line; the last says whether all of it holds', false)
    .addHelpText('after', help)
    .action(async (chosen: readonly Protocol[], options: ProveOptions) => {
      const proven = chosen.length === 0 ? protocols : chosen;
      const { checks, json, record } = options;
      const told: Told = json
        ? { terminal: besideJson(terminal), json: (value) => terminal.out(JSON.stringify(value)) }
        : { terminal, json: () => {} };
      if (record !== undefined) {
        if (!checks) throw new ProveOptionsError('expected --record without --no-checks, whose figures it has');
        assertWritable(record, 'the figures');
      }
      const codes = [
        options.simulations ? await simulateAll(proven, told) : exitCodes.done,
        options.checks ? await checkAll(proven, options, told) : exitCodes.done,
        await findAll(proven, options, told),
      ];
      const code = codes.find((it) => it === exitCodes.failed) ?? Math.max(...codes);
      told.json({ type: 'verdict', ...verdictIn(code) });
      process.exitCode = code;
    });
}

const verdictIn = (code: number): { readonly ok: boolean; readonly isKnown: boolean } => ({
  ok: code === exitCodes.done,
  isKnown: code !== exitCodes.unknown,
});

/** Plays all suites. @returns the exit code */
async function simulateAll(proven: readonly Protocol[], { terminal, json }: Told): Promise<number> {
  let hasFailed = false;
  for (const protocol of proven) {
    for (const suite of protocol.suites) {
      terminal.out(`${protocol.name}: ${suite.runs} runs of ${suite.nodes} nodes, from seed ${suite.seed ?? 1}`);
      const request = { seed: 1, faults: everyFault, checkDeterminism: false, ...suite };
      const result = await runSuiteOf(protocol.scenario(), request, terminal.err);
      terminal.out(`  ${progressLine(result)}`);
      const { failed, missed } = result;
      const violation = failed && { seed: failed.schedule.seed, problem: failed.violation?.problem };
      json({
        type: 'suite',
        protocol: protocol.name,
        nodes: suite.nodes,
        seed: suite.seed ?? 1,
        runs: result.runs,
        ok: failed === undefined && missed.length === 0,
        violation,
        missed,
      });
      if (failed !== undefined) {
        terminal.out(`  VIOLATED in seed ${failed.schedule.seed}: ${failed.violation?.problem}`);
        terminal.out(
          `  quorate simulate ${protocol.name} --nodes ${suite.nodes} --seed ${failed.schedule.seed} --runs 1`,
        );
      }
      for (const goal of missed) terminal.out(`  NOT REACHED: ${goal}`);
      hasFailed ||= failed !== undefined || missed.length > 0;
    }
  }
  return hasFailed ? exitCodes.failed : exitCodes.done;
}

/** Checks all systems. @returns the exit code */
async function checkAll(
  proven: readonly Protocol[],
  { jobs, record }: ProveOptions,
  { terminal, json }: Told,
): Promise<number> {
  const list = proven.flatMap(({ name, systems }) => systems.map((system): Job => ({ protocol: name, ...system })));
  const clock = systemClock();
  const startedMs = clock.nowMs();
  const results = await runJobs(list, jobs, terminal, ({ text, report }, place) => {
    terminal.out(`${text}\n`);
    json({ type: 'check', protocol: list[place]?.protocol, ...report });
  });
  terminal.out(totalOf(results, (clock.nowMs() - startedMs) / 1_000));
  const areSpecified = proven.map((protocol) => {
    const own = results.filter((_result, at) => list[at]?.protocol === protocol.name);
    const receptions = togetherOf(own);
    json({ type: 'receptions', protocol: protocol.name, holes: holesText(receptions) });
    return tellReceptions(protocol, receptions, terminal);
  });
  const verdict = areSpecified.includes(false) ? 'violated' : verdictOf(results);
  if (record !== undefined) await recordFigures(record, figuresOf(proven, list, results));
  if (verdict === 'ok') return exitCodes.done;
  return verdict === 'violated' ? exitCodes.failed : exitCodes.unknown;
}

/** Tells how the charts of a protocol took what was sent to them. @returns whether they have an answer to all of it */
function tellReceptions({ name }: Protocol, receptions: ToldReceptions, terminal: Terminal): boolean {
  for (const text of holesText(receptions)) terminal.out(text);
  terminal.out(`${name}: ${receptionsLine(receptions)}`);
  return receptions.holes.length === 0;
}

/** Looks for all twins. @returns the exit code */
async function findAll(
  proven: readonly Protocol[],
  { checks, simulations, jobs }: ProveOptions,
  told: Told,
): Promise<number> {
  let hasFailed = false;
  for (const protocol of proven) {
    if (simulations) hasFailed = !(await twinsAreSimulated(protocol, told)) || hasFailed;
    if (checks) hasFailed = !(await twinsAreChecked(protocol, jobs, told)) || hasFailed;
  }
  return hasFailed ? exitCodes.failed : exitCodes.done;
}
