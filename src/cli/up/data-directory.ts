/**
 * What `quorate up` keeps in its data directory besides the nodes' own: which cluster it is, so that a start with other
 * nodes is refused before it begins, and not by each node.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { type LogProtocolName, logProtocolNames } from '../../services/store/log/protocol-names.ts';
import { DataDirectoryError } from '../errors.ts';

const fileName = 'cluster.json';
const cluster = v.object({
  version: v.literal(1),
  cluster: v.string(),
  nodes: v.array(v.string()),
  /** Not in directories from before there was more than one. */
  protocol: v.optional(v.picklist(logProtocolNames), 'raft'),
});

/** The cluster that a data directory is for. */
export interface ClusterData {
  readonly cluster: string;
  readonly nodes: readonly string[];
}

/** What a data directory says that was claimed. */
export interface ClaimedData {
  /** Whether there was none before. */
  readonly isNew: boolean;
  readonly protocol: LogProtocolName;
}

/**
 * Makes the directory, or checks that it is that of this cluster.
 *
 * @param protocol by which the cluster is to be replicated; by default as it was begun, and by Raft when it is new
 * @throws DataDirectoryError when it is another cluster's, holds something else, or cannot be used
 */
export function claimDataDirectory(directory: string, wanted: ClusterData, protocol?: LogProtocolName): ClaimedData {
  const file = join(directory, fileName);
  let text: string | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    const names = readdirSync(directory).filter((name) => name !== `${fileName}.tmp`);
    if (names.includes(fileName)) text = readFileSync(file, 'utf8');
    else if (names.length > 0) {
      throw new DataDirectoryError(
        `expected '${directory}' to be empty or to hold ${fileName}, got ${names.slice(0, 5).join(', ')}; name another directory with --data, or restore ${fileName}`,
      );
    }
    if (text === undefined) {
      // A crash in between leaves the old state or the new one, never half a file under this name.
      const begun = { version: 1, ...wanted, protocol: protocol ?? 'raft' } as const;
      writeFileSync(`${file}.tmp`, `${JSON.stringify(begun, undefined, 2)}\n`, { flush: true });
      renameSync(`${file}.tmp`, file);
      return { isNew: true, protocol: begun.protocol };
    }
  } catch (cause) {
    if (cause instanceof DataDirectoryError) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new DataDirectoryError(`cannot keep data in '${directory}': ${problem}; name another directory with --data`, {
      cause,
    });
  }
  const found = parse(file, text);
  check(directory, found, wanted, protocol);
  return { isNew: false, protocol: found.protocol };
}

function check(directory: string, found: Found, wanted: ClusterData, protocol: LogProtocolName | undefined): void {
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
  if (protocol !== undefined && found.protocol !== protocol) {
    throw new DataDirectoryError(
      `'${directory}' holds the data of a cluster that is replicated by ${found.protocol}, not by ${protocol}; start it with --protocol ${found.protocol}, or name another directory with --data`,
    );
  }
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
