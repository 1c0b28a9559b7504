/** Data directories of a new cluster, in one directory that is there only once all of it is. */

import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Environment } from '../environment/environment.ts';
import type { Durability } from '../services/store/log/primary-backup/founding.ts';
import {
  durabilityIn,
  type LogProtocolName,
  logProtocolNames,
  type Replication,
} from '../services/store/log/protocol-names.ts';
import { withDurability } from './durability.ts';
import { ClusterOptionsError, DataDirectoryError } from './errors.ts';
import { integerIn, logProtocolIn, nameIn, nodeIdIn } from './options.ts';
import { claimDataDirectory } from './up/data-directory.ts';
import { mostNodes } from './up/members.ts';

/** What is said of a new cluster. */
export interface FoundingOptions extends Durability {
  readonly data: string;
  readonly nodes: number;
  readonly id?: readonly string[];
  readonly cluster?: string;
  readonly protocol?: LogProtocolName;
}

/** Adds these options to a command. */
export const withFounding = (command: Command): Command =>
  withDurability(command)
    .requiredOption('--data <dir>', 'the directory to make; each node has one of its own in it')
    .option('--nodes <number>', 'how many nodes: n1, n2, ...', integerIn(1, mostNodes), 3)
    .option('--id <id>', 'the name of a node, in place of --nodes; repeat it for each', collected)
    .option('--cluster <name>', 'the name of the new cluster (default: that of the old one, and some letters)', nameIn)
    .option(
      '--protocol <name>',
      `by which the store is replicated from now on: ${logProtocolNames.join(', ')} (default: as before)`,
      logProtocolIn,
    );

/** @throws InvalidArgumentError */
const collected = (text: string, before: readonly string[] = []): readonly string[] => [...before, nodeIdIn(text)];

/** The cluster of which the data was, and how it was replicated. */
export interface Origin {
  readonly cluster: string;
  readonly protocol: LogProtocolName;
}

/** What a new cluster is to be. */
export interface Founding {
  readonly cluster: string;
  readonly directories: ReadonlyMap<string, string>;
  readonly replication: Replication;
}

/** What was made. */
export interface Founded {
  readonly cluster: string;
  readonly protocol: LogProtocolName;
  readonly directories: Readonly<Record<string, string>>;
}

/** A place for a new cluster, where nothing is yet. */
export interface Site {
  readonly data: string;
  readonly nodes: readonly string[];
}

/** Where the options want it. @throws ClusterOptionsError, DataDirectoryError */
export function siteOf(options: FoundingOptions): Site {
  const data = resolve(options.data);
  const nodes = options.id ?? Array.from({ length: options.nodes }, (_, index) => `n${index + 1}`);
  if (new Set(nodes).size < nodes.length) {
    throw new ClusterOptionsError(`expected each --id once, got ${nodes.join(', ')}; leave out what is double`);
  }
  requireNothing(data);
  requireNothing(buildingOf(data));
  return { data, nodes };
}

const buildingOf = (data: string): string => `${data}.restoring`;

/**
 * Has `make` fill the directories of the nodes; on an error nothing is left of them.
 *
 * @throws ClusterOptionsError, DataDirectoryError; what `make` throws
 */
export async function foundCluster(
  { data, nodes }: Site,
  options: FoundingOptions,
  { origin, environment }: { readonly origin: Origin; readonly environment: Environment },
  make: (founding: Founding) => Promise<void>,
): Promise<Founded> {
  const building = buildingOf(data);
  const cluster = nameFor(origin, options.cluster, environment);
  const wanted = { protocol: options.protocol ?? origin.protocol, ...durabilityIn(options) };
  try {
    const { isNew: _, ...replication } = claimDataDirectory(building, { cluster, nodes }, wanted);
    await make({ cluster, directories: new Map(nodes.map((id) => [id, join(building, id)])), replication });
    if (existsSync(data)) rmdirSync(data);
    renameSync(building, data);
    const directories = Object.fromEntries(nodes.map((id) => [id, join(data, id)]));
    return { cluster, protocol: replication.protocol, directories };
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
function nameFor({ cluster }: Origin, wanted: string | undefined, { ids }: Environment): string {
  if (wanted !== undefined && wanted !== cluster) return wanted;
  if (wanted === undefined) return `${cluster.slice(0, 48)}-${ids.next().slice(0, 8)}`;
  throw new ClusterOptionsError(
    `expected another name than that of the cluster that the data is of, got ${wanted}; the nodes of both would take each other for their own. Choose another --cluster, or leave it out`,
  );
}

/** The directories, for people. */
export const directoriesText = ({ directories }: Founded): readonly string[] =>
  Object.entries(directories).map(([id, directory]) => `  ${id}  ${directory}`);
