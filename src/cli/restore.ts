/** `quorate restore`: the data directories of a new cluster, made of a backup. */

import { createReadStream, existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { messageOf } from '../environment/message.ts';
import { type BackupHead, checkBackup } from '../services/backup/format.ts';
import type { Durability } from '../services/store/log/primary-backup/founding.ts';
import { durabilityIn, type LogProtocolName, logProtocolNames } from '../services/store/log/protocol-names.ts';
import { withDurability } from './durability.ts';
import { ClusterOptionsError, DataDirectoryError, FileError } from './errors.ts';
import { integerIn, logProtocolIn, nameIn, nodeIdIn } from './options.ts';
import type { Terminal } from './terminal.ts';
import { claimDataDirectory } from './up/data-directory.ts';
import { mostNodes } from './up/members.ts';

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

interface RestoreOptions extends Durability {
  readonly data: string;
  readonly nodes: number;
  readonly id?: readonly string[];
  readonly cluster?: string;
  readonly protocol?: LogProtocolName;
  readonly json: boolean;
}

/** Makes the command. */
export function restoreCommand(terminal: Terminal): Command {
  return withDurability(new Command('restore'))
    .summary('make a new cluster of a backup')
    .description('Makes the data directories of a new cluster of a backup.')
    .argument('<file>', 'what quorate backup has written')
    .requiredOption('--data <dir>', 'the directory to make; each node has one of its own in it')
    .option('--nodes <number>', 'how many nodes: n1, n2, ...', integerIn(1, mostNodes), 3)
    .option('--id <id>', 'the name of a node, in place of --nodes; repeat it for each', collected)
    .option('--cluster <name>', 'the name of the new cluster (default: that of the old one, and some letters)', nameIn)
    .option(
      '--protocol <name>',
      `by which the store is replicated from now on: ${logProtocolNames.join(', ')} (default: as before)`,
      logProtocolIn,
    )
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (file: string, options: RestoreOptions) => {
      const restored = await restore(file, options, systemEnvironment());
      terminal.out(options.json ? JSON.stringify(restored) : told(restored));
    });
}

/** @throws InvalidArgumentError */
const collected = (text: string, before: readonly string[] = []): readonly string[] => [...before, nodeIdIn(text)];

interface Restored {
  readonly cluster: string;
  readonly from: string;
  readonly revision: number;
  readonly protocol: LogProtocolName;
  readonly directories: Readonly<Record<string, string>>;
}

/** @throws ClusterOptionsError, FileError, DataDirectoryError, RestoreError; the errors of a backup that does not read */
async function restore(file: string, options: RestoreOptions, environment: Environment): Promise<Restored> {
  const data = resolve(options.data);
  const building = `${data}.restoring`;
  const nodes = options.id ?? Array.from({ length: options.nodes }, (_, index) => `n${index + 1}`);
  if (new Set(nodes).size < nodes.length) {
    throw new ClusterOptionsError(`expected each --id once, got ${nodes.join(', ')}; leave out what is double`);
  }
  requireNothing(data);
  requireNothing(building);
  const source = (): AsyncIterable<Uint8Array> => readable(file);
  const head = await checkBackup(source());
  const cluster = nameFor(head, options.cluster, environment);
  const wanted = { protocol: options.protocol ?? head.protocol, ...durabilityIn(options) };
  try {
    const { isNew: _, ...replication } = claimDataDirectory(building, { cluster, nodes }, wanted);
    const directories = new Map(nodes.map((id) => [id, join(building, id)]));
    // Loaded here, so that mistakes need not wait for all of a node.
    const { restoreCluster } = await import('../services/backup/restore.ts');
    await restoreCluster({ source, head, cluster, directories, replication, environment });
    if (existsSync(data)) rmdirSync(data);
    renameSync(building, data);
    return {
      cluster,
      from: head.cluster,
      revision: head.revision,
      protocol: replication.protocol,
      directories: Object.fromEntries(nodes.map((id) => [id, join(data, id)])),
    };
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw error;
  }
}

/** @throws DataDirectoryError */
function requireNothing(directory: string): void {
  if (!existsSync(directory)) return;
  const names = readdirSync(directory);
  if (names.length === 0) return;
  throw new DataDirectoryError(
    `expected nothing at '${directory}', got ${names.slice(0, 5).join(', ')}; name another directory with --data, or remove what an interrupted restore has left`,
  );
}

/** A name that the old cluster does not have. @throws ClusterOptionsError */
function nameFor({ cluster }: BackupHead, wanted: string | undefined, { ids }: Environment): string {
  if (wanted !== undefined && wanted !== cluster) return wanted;
  if (wanted === undefined) return `${cluster.slice(0, 48)}-${ids.next().slice(0, 8)}`;
  throw new ClusterOptionsError(
    `expected another name than that of the cluster that the backup is of, got ${wanted}; the nodes of both would take each other for their own. Choose another --cluster, or leave it out`,
  );
}

/** @throws FileError */
async function* readable(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk;
  } catch (cause) {
    throw new FileError(`cannot read '${file}': ${messageOf(cause)}; name the file of a backup`, { cause });
  }
}

const told = ({ cluster, from, revision, protocol, directories }: Restored): string =>
  [
    `Cluster ${cluster} is made of revision ${revision} of cluster ${from}, to be replicated by ${protocol}:`,
    ...Object.entries(directories).map(([id, directory]) => `  ${id}  ${directory}`),
  ].join('\n');
