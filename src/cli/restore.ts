/** `quorate restore`: the data directories of a new cluster, made of a backup. */

import { createReadStream } from 'node:fs';
import { Command } from 'commander';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { messageOf } from '../environment/message.ts';
import { checkBackup } from '../services/backup/format.ts';
import { FileError } from './errors.ts';
import { directoriesText, type Founded, type FoundingOptions, foundCluster, siteOf, withFounding } from './founding.ts';
import type { Terminal } from './terminal.ts';

const help = `
The new cluster has a name of its own: its nodes, and those of the cluster that the backup is of, refuse each other. The
directories know that name, so that quorate node needs no --cluster; quorate up does. The file is read to its end before
anything is made of it, and the directory is there only once all of it is.

Versions of keys, leases and the results of repeated requests are as in the backup; who takes part is as you say here. For
nodes on several machines, move each directory, such as restored/n1, to its machine before its first start; start each
from one copy alone.

Examples:
  $ quorate restore store.backup --data restored
  $ quorate up --data restored --cluster quorate-k3v9x2ma
  $ quorate restore store.backup --data restored --id a --id b --id c --protocol paxos

Exit codes: 0 done, 1 nothing was restored (the line says why), 2 wrong options.`;

interface RestoreOptions extends FoundingOptions {
  readonly json: boolean;
}

/** Makes the command. */
export function restoreCommand(terminal: Terminal): Command {
  const command = new Command('restore')
    .summary('make a new cluster of a backup')
    .description('Makes the data directories of a new cluster of a backup.')
    .argument('<file>', 'what quorate backup has written');
  return withFounding(command)
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (file: string, options: RestoreOptions) => {
      const restored = await restore(file, options, systemEnvironment());
      terminal.out(options.json ? JSON.stringify(restored) : told(restored));
    });
}

interface Restored extends Founded {
  readonly from: string;
  readonly revision: number;
}

/** @throws ClusterOptionsError, FileError, DataDirectoryError, RestoreError; the errors of a backup that does not read */
async function restore(file: string, options: RestoreOptions, environment: Environment): Promise<Restored> {
  const site = siteOf(options);
  const source = (): AsyncIterable<Uint8Array> => readable(file);
  const head = await checkBackup(source());
  const founded = await foundCluster(site, options, { origin: head, environment }, async (founding) => {
    // Loaded here, so that mistakes need not wait for all of a node.
    const { restoreCluster } = await import('../services/backup/restore.ts');
    await restoreCluster({ source, head, ...founding, environment });
  });
  return { ...founded, from: head.cluster, revision: head.revision };
}

/** @throws FileError */
async function* readable(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk;
  } catch (cause) {
    throw new FileError(`cannot read '${file}': ${messageOf(cause)}; name the file of a backup`, { cause });
  }
}

const told = (restored: Restored): string =>
  [
    `Cluster ${restored.cluster} is made of revision ${restored.revision} of cluster ${restored.from}, to be replicated by ${restored.protocol}:`,
    ...directoriesText(restored),
  ].join('\n');
