/**
 * What `quorate up` keeps in its data directory besides the nodes' own: which cluster it is, so that a start with other
 * nodes is refused before it begins, and not by each node.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { modes } from '../../../statecharts/replication/modes.ts';
import { messageOf } from '../../environment/message.ts';
import { privateDirectoryMode, privateFileMode } from '../../environment/private-files.ts';
import { completed, differenceBetween } from '../../services/store/log/primary-backup/founding.ts';
import {
  defaultLogProtocol,
  logProtocolNames,
  type Replication,
  replicationFrom,
  type WantedReplication,
} from '../../services/store/log/protocol-names.ts';
import { durabilityArguments } from '../durability.ts';
import { ClusterOptionsError, DataDirectoryError } from '../errors.ts';

const fileName = 'cluster.json';
const cluster = v.object({
  version: v.literal(1),
  cluster: v.string(),
  nodes: v.array(v.string()),
  /** Not in directories from before there was more than one. */
  protocol: v.optional(v.picklist(logProtocolNames), 'raft'),
  /** Of primary-backup alone. */
  mode: v.exactOptional(v.picklist(modes)),
  maxLoss: v.exactOptional(v.number()),
  minInSync: v.exactOptional(v.number()),
});

/** The cluster that a data directory is for. */
export interface ClusterData {
  readonly cluster: string;
  readonly nodes: readonly string[];
}

/** What a data directory says that was claimed. */
export interface ClaimedData extends Replication {
  /** Whether there was none before. */
  readonly isNew: boolean;
}

/**
 * Makes the directory, or checks that it is that of this cluster.
 *
 * @throws DataDirectoryError when it is another cluster's, holds something else, or cannot be used; ClusterOptionsError when a
 * mode or a bound is wanted of a protocol that has none
 */
export function claimDataDirectory(
  directory: string,
  wanted: ClusterData,
  replication: WantedReplication = {},
): ClaimedData {
  const file = join(directory, fileName);
  let text: string | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: privateDirectoryMode });
    const names = readdirSync(directory).filter((name) => name !== `${fileName}.tmp`);
    if (names.includes(fileName)) text = readFileSync(file, 'utf8');
    else if (names.length > 0) {
      throw new DataDirectoryError(
        `expected '${directory}' to be empty or to hold ${fileName}, got ${names.slice(0, 5).join(', ')}; name another directory with --data, or restore ${fileName}`,
      );
    }
    if (text === undefined) {
      // A crash in between leaves the old state or the new one, never half a file under this name.
      const begun = { version: 1, ...wanted, ...replicationOf(replication) } as const;
      writeFileSync(`${file}.tmp`, `${JSON.stringify(begun, undefined, 2)}\n`, { flush: true, mode: privateFileMode });
      renameSync(`${file}.tmp`, file);
      return { isNew: true, ...replicationOf(replication) };
    }
  } catch (cause) {
    if (cause instanceof DataDirectoryError || cause instanceof ClusterOptionsError) throw cause;
    throw new DataDirectoryError(
      `cannot keep data in '${directory}': ${messageOf(cause)}; name another directory with --data`,
      { cause },
    );
  }
  const found = parse(file, text);
  check(directory, found, wanted);
  checkReplication(directory, found, replication);
  return { isNew: false, ...replicationOf(found) };
}

/** How a cluster is replicated that is begun so. @throws ClusterOptionsError */
function replicationOf(wanted: WantedReplication): Replication {
  const replication = replicationFrom(wanted);
  if (replication !== undefined) return replication;
  const { protocol = defaultLogProtocol } = wanted;
  throw new ClusterOptionsError(
    `expected no --mode, --max-loss or --min-in-sync for a store that is replicated by ${protocol}, got ${durabilityArguments(wanted).join(' ')}; leave that out, or say --protocol primary-backup`,
  );
}

function check(directory: string, found: Found, wanted: ClusterData): void {
  if (found.cluster !== wanted.cluster) {
    throw new DataDirectoryError(
      `'${directory}' holds the data of cluster '${found.cluster}', not of '${wanted.cluster}'; start it with --cluster ${found.cluster}, or name another directory with --data`,
    );
  }
  if (found.nodes.join() !== wanted.nodes.join()) {
    throw new DataDirectoryError(
      `'${directory}' holds the data of ${found.nodes.length} nodes (${found.nodes.join(', ')}), not of ${wanted.nodes.length}; start it with --nodes ${found.nodes.length}, or name another directory with --data`,
    );
  }
}

function checkReplication(directory: string, found: Found, { protocol, ...durability }: WantedReplication): void {
  if (protocol !== undefined && found.protocol !== protocol) {
    throw new DataDirectoryError(
      `'${directory}' holds the data of a cluster that is replicated by ${found.protocol}, not by ${protocol}; start it with --protocol ${found.protocol}, or name another directory with --data`,
    );
  }
  // Throws where the protocol has none of it.
  replicationOf({ protocol: found.protocol, ...durability });
  const known = completed(found);
  const difference = differenceBetween(durability, known);
  if (difference === undefined) return;
  throw new DataDirectoryError(
    `${difference} in the data of '${directory}'; start it with ${durabilityArguments(known).join(' ')}, or name another directory with --data`,
  );
}

type Found = v.InferOutput<typeof cluster>;

function parse(file: string, text: string): Found {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const parsed = v.safeParse(cluster, json);
  if (parsed.success) return parsed.output;
  const example = JSON.stringify({ version: 1, cluster: 'quorate', nodes: ['n1', 'n2', 'n3'], protocol: 'raft' });
  throw new DataDirectoryError(`expected '${file}' to read like ${example}, got something else; correct it`);
}
