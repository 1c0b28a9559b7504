/** `quorate recover`: a new cluster of what one node has left of a cluster whose majority is gone for good. */

import { Command } from 'commander';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { LossNotAcceptedError } from '../services/backup/errors.ts';
import type { Remains } from '../services/backup/survivor.ts';
import { ClusterOptionsError } from './errors.ts';
import { directoriesText, type Founded, type FoundingOptions, foundCluster, siteOf, withFounding } from './founding.ts';
import { nameIn, nodeIdIn } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
For a cluster whose majority is gone for good, and of which there is no newer backup: this gives up what a majority promised. While
a majority can come back, with its data, bring it back. Of a lesser loss, quorate member replace is the cure.

Without --i-accept-loss it makes nothing, and says what is there and what may be lost. Look at each node that is left, and take the
one with the highest last entry (by primary-backup, one that was in sync). The node must not run. Its directory stays as it is, but for what
any start mends.

What stands in its log is kept to the last entry, committed or not, as any may have been acknowledged. Acknowledged writes that
this node never had are lost; writes whose outcome was unknown, or that another leader had given up, may appear.

The new cluster has a name and journals of its own, so that its nodes and those of the old one refuse each other. Never start the
old nodes again: to their clients, each group of them that can talk would be the old cluster still.

Examples:
  What is left, and what would be lost:
    $ quorate recover data/n2 --survivor n2 --data recovered
  Three new nodes of it; the old cluster was called shop:
    $ quorate recover data/n2 --survivor n2 --data recovered --of shop --i-accept-loss
  One node:
    $ quorate recover /var/lib/quorate --survivor n2 --data recovered --id m1 --i-accept-loss

Exit codes: 0 done, 1 nothing was made (the line says why), 2 wrong options.`;

interface RecoverOptions extends FoundingOptions {
  readonly survivor: string;
  readonly of?: string;
  readonly iAcceptLoss: boolean;
  readonly json: boolean;
}

/** Makes the command. */
export function recoverCommand(terminal: Terminal): Command {
  const command = new Command('recover')
    .summary('make a new cluster of one node, when the majority is gone for good')
    .description('Makes the data directories of a new cluster of what one node has left of a lost one.')
    .argument('<directory>', 'the data directory of that node')
    .requiredOption('--survivor <id>', 'the name of that node', nodeIdIn)
    .option('--of <name>', 'the name of the lost cluster (default: what the data says, or quorate)', nameIn);
  return withFounding(command)
    .option('--i-accept-loss', 'acknowledged writes may be lost, and the old nodes never run again', false)
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (directory: string, options: RecoverOptions) => {
      const recovered = await recover(directory, options, terminal, systemEnvironment());
      terminal.out(options.json ? JSON.stringify(recovered) : told(recovered));
    });
}

interface Recovered extends Founded {
  readonly from: string;
  readonly revision: number;
  readonly remains: Remains;
}

/** @throws LossNotAcceptedError, ClusterOptionsError, DataDirectoryError, RecoveryError, RestoreError; the errors of a journal */
async function recover(
  directory: string,
  options: RecoverOptions,
  terminal: Terminal,
  environment: Environment,
): Promise<Recovered> {
  const site = siteOf(options);
  // Loaded here, so that mistakes need not wait for all of a node.
  const { openSurvivor } = await import('../services/backup/survivor.ts');
  const survivor = await openSurvivor(directory, options.survivor, environment);
  try {
    const { remains } = survivor;
    const from = clusterIn(remains, options.of);
    for (const line of warningOf(remains, from)) terminal.err(line);
    if (!options.iAcceptLoss) throw notAccepted(remains);
    const { head, source, close } = await survivor.state(from);
    try {
      const origin = { cluster: from, protocol: remains.protocol };
      const founded = await foundCluster(site, options, { origin, environment }, async (founding) => {
        const { restoreCluster } = await import('../services/backup/restore.ts');
        await restoreCluster({ source, head, survivor: remains.node, ...founding, environment });
      });
      return { ...founded, from, revision: head.revision, remains };
    } finally {
      await close();
    }
  } finally {
    await survivor.close();
  }
}

const notAccepted = ({ node }: Remains): LossNotAcceptedError =>
  new LossNotAcceptedError(
    `expected --i-accept-loss, as what only other nodes than ${node} had is lost for good, got none; bring a majority back if you can, or say it`,
  );

/** The name of the lost cluster. @throws ClusterOptionsError when the data says another one than is said */
function clusterIn({ cluster, node }: Remains, said: string | undefined): string {
  if (cluster === undefined || said === undefined || cluster === said) return said ?? cluster ?? 'quorate';
  throw new ClusterOptionsError(
    `expected --of ${cluster}, as the data of node ${node} is of that cluster, got ${said}; say that, or leave it out`,
  );
}

/** What is there, and what may be lost. */
function warningOf(remains: Remains, from: string): readonly string[] {
  const { node, protocol, voters, votes, committedIndex, lastIndex, beyondGap, remark } = remains;
  const lines = [
    `Node ${node} of cluster ${from} (${protocol}, ${remark}; voters ${voters.join(', ') || 'unknown'}) has its log up to entry ${lastIndex}.`,
    `  Certainly committed: up to entry ${committedIndex}.`,
    `  Kept, committed or not: ${lastIndex - committedIndex} after it; any of them may have been acknowledged.`,
    `  LOST: all acknowledged writes that ${node} had not received, if there are any. It cannot know.`,
    '  The old nodes must never run again: their cluster has ended.',
  ];
  if (beyondGap > 0) {
    lines.splice(
      3,
      0,
      `  DROPPED: ${beyondGap} beyond a gap in the log, as what precedes them is missing, and the state would be one that never was.`,
    );
  }
  if (!votes)
    lines.push(`  ${node} DOES NOT VOTE, as far as it knows: it may be far behind. Look for a node that does.`);
  return lines;
}

const told = (recovered: Recovered): string =>
  [
    `Cluster ${recovered.cluster} is made of revision ${recovered.revision} of cluster ${recovered.from}, to be replicated by ${recovered.protocol}:`,
    ...directoriesText(recovered),
  ].join('\n');
