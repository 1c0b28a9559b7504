/** `quorate check 2pc`. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { commitConfigurations } from '../../proof/two-phase-commit/configurations.ts';
import { CheckOptionsError } from '../errors.ts';
import { integerIn } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { budgetIn, type CommonOptions, count, exitCodesHelp, runChecks, withCommonOptions } from './command.ts';
import type { Job } from './jobs.ts';
import type { TwoPhaseCommitBounds } from './systems.ts';

type CountedBounds = Pick<
  TwoPhaseCommitBounds,
  | 'participants'
  | 'readers'
  | 'crashes'
  | 'crashing'
  | 'losses'
  | 'inquiries'
  | 'peerInquiries'
  | 'timeouts'
  | 'unknownAnswers'
>;
interface CommitOptions extends CommonOptions, CountedBounds {
  readonly restarts: boolean;
  readonly refusals: boolean;
  readonly register?: true;
  readonly last?: true;
  readonly eventually?: true;
}

const help = `
Without any bound, the systems are checked that the project is held to, some at a time (--jobs); two of them must show
that plain two-phase commit blocks while its coordinator is dead. With one, that system alone. Each bound is a budget of
the whole run, and whatever it allows may happen at any moment. Messages may be late and come again, as often as they
like, so retries need no budget. Start small: --timeouts 0 --no-refusals keeps four participants small.

Examples:
  $ quorate check 2pc
  $ quorate check 2pc --participants 3 --timeouts 0 --no-refusals --crashes 1 --inquiries 0
  $ quorate check 2pc --timeouts 0 --no-refusals --crashes 1 --crashing c --no-restarts --eventually    # it blocks
  $ quorate check 2pc --timeouts 0 --no-refusals --crashes 1 --crashing c --no-restarts --eventually \\
                      --inquiries 0 --register                                                        # it does not
  $ quorate check 2pc --broken 'a commit is presumed'             # what a counterexample looks like

${exitCodesHelp}`;

/** Makes the command. */
export function twoPhaseCommitCommand(terminal: Terminal): Command {
  const command = new Command('2pc')
    .summary('coordinator and participants of an atomic commit')
    .description(
      'Checks the coordinator and the participants that run in production: one transaction, databases that act late.',
    )
    .option('--participants <number>', 'branches, each at a database of its own (default: 2)', integerIn(2, 5))
    .option('--readers <number>', 'how many of them only read (default: 0)', integerIn(0, 5))
    .option('--crashes <number>', 'crashes, each followed by a recovery at any time (default: 0)', count)
    .option(
      '--crashing <nodes>',
      'which nodes may crash: c (coordinator), p1, p2, ..., d (heir); default: all',
      nodesIn,
    )
    .option('--no-restarts', 'let crashed nodes stay dead')
    .option(
      '--losses <number>',
      "messages that are lost until they are said again, or 'unlimited' (default: 0)",
      budgetIn,
    )
    .option(
      '--inquiries <number>',
      "questions of participants in doubt, or 'unlimited' (default: as many as crashes and losses)",
      budgetIn,
    )
    .option(
      '--peer-inquiries <number>',
      "how often one of them gives its coordinator up and asks its peers, or 'unlimited' (default: as often as it asks)",
      budgetIn,
    )
    .option(
      '--timeouts <number>',
      "waits that end in vain, of each kind, or 'unlimited' (default: unlimited)",
      budgetIn,
    )
    .option('--unknown-answers <number>', 'answers of databases that do not arrive (default: 0)', count)
    .option('--no-refusals', 'let databases always prepare')
    .option('--register', 'keep decisions in a register, and let an heir take over at any moment')
    .addOption(new Option('--last', 'let the commit of the last participant be the decision').conflicts('register'))
    .option('--eventually', 'check that every branch comes to its end, too; writes are then durable at once');
  return withCommonOptions(command, '2pc', 'actors')
    .addHelpText('after', help)
    .action(async ({ jobs, broken, maxSeconds, maxStates, ...given }: CommitOptions) => {
      const bounds = boundsOf(given);
      assertPossible(bounds);
      const isOneSystem = broken !== undefined || Object.keys(bounds).length > 0;
      const twin = broken === undefined ? {} : { broken };
      const checks: readonly Job[] = isOneSystem
        ? [{ system: { protocol: '2pc', bounds, ...twin } }]
        : commitConfigurations.map(({ bounds: proven, ...others }) => ({
            system: { protocol: '2pc', bounds: proven },
            ...others,
          }));
      await runChecks(checks, { jobs, maxSeconds, maxStates }, terminal);
    });
}

/** The bounds that were given, without those that are as they are anyway. */
const boundsOf = ({
  restarts,
  refusals,
  register,
  last,
  eventually,
  ...counted
}: Omit<CommitOptions, keyof CommonOptions>): TwoPhaseCommitBounds => ({
  ...counted,
  ...(restarts ? {} : { restarts }),
  ...(refusals ? {} : { mayRefuse: false }),
  ...(register ? { place: 'register' as const } : {}),
  ...(last ? { place: 'last' as const } : {}),
  ...(eventually ? { eventually, flush: 'at-once' as const } : {}),
});

/** @throws InvalidArgumentError */
function nodesIn(text: string): readonly string[] {
  const nodes = text.split(',');
  if (nodes.every((node) => /^(c|d|p[1-5])$/.test(node))) return nodes;
  throw new InvalidArgumentError('Expected nodes out of c, d, p1, p2, ..., separated by commas.');
}

/** @throws CheckOptionsError when a node is to crash that is not there, or more participants only read than there are */
function assertPossible({ crashing = [], participants = 2, readers = 0, place }: TwoPhaseCommitBounds): void {
  const stray = crashing.find((node) => Number(node.slice(1)) > participants);
  if (stray !== undefined) {
    throw new CheckOptionsError(`expected --crashing to name nodes up to p${participants}, got '${stray}'`);
  }
  if (crashing.includes('d') && place !== 'register') {
    throw new CheckOptionsError("there is an heir, 'd', only with --register; leave it out of --crashing, or add that");
  }
  if (readers > participants) {
    throw new CheckOptionsError(
      `expected at most ${participants} --readers, as there are participants, got ${readers}`,
    );
  }
}
