/** `quorate check`: explores every run of a small system of real actors, and shows what goes wrong in the shortest. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { raftTwins } from '../proof/raft/broken.ts';
import { raftConfigurations } from '../proof/raft/configurations.ts';
import type { RaftModelOptions } from '../proof/raft/model.ts';
import { type Job, runJobs, type Verdict } from './check/jobs.ts';
import { exitCodes } from './errors.ts';
import { integerIn, positiveIn } from './options.ts';
import type { Terminal } from './terminal.ts';

interface RaftOptions extends Omit<RaftModelOptions, 'chart' | 'limits' | 'candidates'> {
  readonly broken?: string;
  readonly maxSeconds?: number;
  readonly maxStates?: number;
  readonly jobs: number;
}

const raftHelp = `
Without any bound, the systems are checked that the project is held to, some at a time (--jobs). With one, that system
alone. Each bound is a budget of the whole run, and whatever it allows may happen at any moment. Start small: each more
of anything makes for several times as many runs.

Examples:
  $ quorate check raft
  $ quorate check raft --nodes 2 --terms 2 --entries 1 --crashes 1
  $ quorate check raft --nodes 3 --terms 2 --entries 1 --losses unlimited --in-flight 2
  $ quorate check raft --broken 'a vote is not written down'      # what a counterexample looks like

docs/verification.md says what a check proves and what it does not.

Exit codes: 0 every property holds and every goal was reached, 1 not so (a shortest run shows it), 2 wrong options, 3
nobody knows: a limit came first.`;

/** Makes the command. */
export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .summary('check a protocol in every run of a small system')
    .description(
      'Explores every state that a small system of real actors can reach, and checks its properties in each.',
    )
    .addCommand(raftCommand(terminal));
}

function raftCommand(terminal: Terminal): Command {
  const count = integerIn(0, 1_000);
  return new Command('raft')
    .summary('the servers of a Raft cluster')
    .description('Checks the Raft servers that run in production: elections, replication, commits, reads, snapshots.')
    .option('--nodes <number>', 'servers, all of which vote (default: 3)', integerIn(1, 5))
    .option('--terms <number>', 'terms (default: 2)', integerIn(1, 20))
    .option('--entries <number>', 'proposals, in all (default: 1)', count)
    .option('--crashes <number>', 'crashes, each followed by a recovery at any time (default: 0)', count)
    .option('--losses <number>', "messages that are lost, or 'unlimited' (default: 0)", budgetIn)
    .option('--duplicates <number>', 'messages that arrive again (default: 0)', count)
    .option('--network <kind>', 'unordered, duplicating or ordered (default: unordered)', networkIn)
    .option('--elections <number>', 'election timeouts that end without a leader (default: as many as terms)', count)
    .option('--heartbeats <number>', 'heartbeats of leaders (default: 0)', count)
    .option('--quorum-checks <number>', 'looks of leaders for their quorum (default: 0)', count)
    .option('--reads <number>', 'linearizable reads, in all (default: 0)', count)
    .option('--compactions <number>', 'snapshots by applications (default: 0)', count)
    .option('--notices <number>', 'notices, true or not, that a node cannot be reached (default: 0)', count)
    .option('--in-flight <number>', 'messages on their way at one time (default: any number)', count)
    .option('--no-pre-votes', 'let any server stand for election at any time')
    .option('--symmetry', 'take servers for interchangeable: less memory, not less time')
    .addOption(
      new Option('--broken <name>', 'check a server with a broken rule, the way it is found out').choices(
        raftTwins.map(({ name }) => name),
      ),
    )
    .option('--max-seconds <number>', 'stop each check after this time', positiveIn)
    .option('--max-states <number>', 'stop each check beyond so many states', integerIn(1, 1_000_000_000))
    .option('--jobs <number>', 'how many systems are checked at a time', integerIn(1, 64), 2)
    .addHelpText('after', raftHelp)
    .action(async ({ jobs, broken, maxSeconds, maxStates, ...bounds }: RaftOptions) => {
      const { preVotes, ...others } = bounds;
      const isOneSystem = broken !== undefined || preVotes === false || Object.keys(others).length > 0;
      const bounded = preVotes === false ? bounds : others;
      const systems: readonly RaftModelOptions[] = isOneSystem ? [bounded] : raftConfigurations;
      const how = {
        ...(broken === undefined ? {} : { broken }),
        ...(maxSeconds === undefined ? {} : { maxSeconds }),
        ...(maxStates === undefined ? {} : { maxStates }),
      };
      const asked = systems.map((options): Job => ({ type: 'raft', options, ...how }));
      process.exitCode = codes[await runJobs(asked, jobs, terminal)];
    });
}

const codes: Readonly<Record<Verdict, number>> = {
  ok: exitCodes.done,
  violated: exitCodes.failed,
  unknown: exitCodes.unknown,
};

/** @throws InvalidArgumentError */
function budgetIn(text: string): number | 'unlimited' {
  return text === 'unlimited' ? text : integerIn(0, 1_000)(text);
}

const networks = ['unordered', 'duplicating', 'ordered'] as const;

/** @throws InvalidArgumentError */
function networkIn(text: string): (typeof networks)[number] {
  const network = networks.find((kind) => kind === text);
  if (network === undefined) throw new InvalidArgumentError(`Expected ${networks.join(', ')}.`);
  return network;
}
