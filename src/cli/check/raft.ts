/** `quorate check raft`. */

import { Command } from 'commander';
import { raftConfigurations } from '../../proof/raft/configurations.ts';
import { integerIn } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import {
  budgetIn,
  type CommonOptions,
  choiceIn,
  count,
  exitCodesHelp,
  runChecks,
  withCommonOptions,
} from './command.ts';
import type { Job } from './jobs.ts';
import type { RaftBounds } from './systems.ts';

type RaftOptions = CommonOptions & Omit<RaftBounds, 'limits' | 'candidates'>;

const help = `
Without any bound, the systems are checked that the project is held to, some at a time (--jobs). With one, that system
alone. Each bound is a budget of the whole run, and whatever it allows may happen at any moment. Start small: each more
of anything makes for several times as many runs.

Examples:
  $ quorate check raft
  $ quorate check raft --nodes 2 --terms 2 --entries 1 --crashes 1
  $ quorate check raft --nodes 3 --terms 2 --entries 1 --losses unlimited --in-flight 2
  $ quorate check raft --broken 'a vote is not written down'      # what a counterexample looks like

${exitCodesHelp}`;

/** Makes the command. */
export function raftCommand(terminal: Terminal): Command {
  const command = new Command('raft')
    .summary('the servers of a Raft cluster')
    .description('Checks the Raft servers that run in production: elections, replication, commits, reads, snapshots.')
    .option('--nodes <number>', 'servers, all of which vote (default: 3)', integerIn(1, 5))
    .option('--terms <number>', 'terms (default: 2)', integerIn(1, 20))
    .option('--entries <number>', 'proposals, in all (default: 1)', count)
    .option('--crashes <number>', 'crashes, each followed by a recovery at any time (default: 0)', count)
    .option('--losses <number>', "messages that are lost, or 'unlimited' (default: 0)", budgetIn)
    .option('--duplicates <number>', 'messages that arrive again (default: 0)', count)
    .option(
      '--network <kind>',
      'unordered, duplicating or ordered (default: unordered)',
      choiceIn(['unordered', 'duplicating', 'ordered']),
    )
    .option('--elections <number>', 'election timeouts that end without a leader (default: as many as terms)', count)
    .option('--heartbeats <number>', 'heartbeats of leaders (default: 0)', count)
    .option('--quorum-checks <number>', 'looks of leaders for their quorum (default: 0)', count)
    .option('--reads <number>', 'linearizable reads, in all (default: 0)', count)
    .option('--compactions <number>', 'snapshots by applications (default: 0)', count)
    .option('--notices <number>', 'notices, true or not, that a node cannot be reached (default: 0)', count)
    .option('--in-flight <number>', 'messages on their way at one time (default: any number)', count)
    .option('--no-pre-votes', 'let any server stand for election at any time');
  return withCommonOptions(command, 'raft', 'a server')
    .addHelpText('after', help)
    .action(async ({ jobs, broken, maxSeconds, maxStates, ...given }: RaftOptions) => {
      const { preVotes, ...others } = given;
      const bounds: RaftBounds = preVotes === false ? given : others;
      const isOneSystem = broken !== undefined || Object.keys(bounds).length > 0;
      const systems: readonly RaftBounds[] = isOneSystem ? [bounds] : raftConfigurations;
      const twin = broken === undefined ? {} : { broken };
      const checks = systems.map((it): Job => ({ system: { protocol: 'raft', bounds: it, ...twin } }));
      await runChecks(checks, { jobs, maxSeconds, maxStates }, terminal);
    });
}
