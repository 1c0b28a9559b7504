/**
 * What `quorate up` keeps in its data directory besides the nodes' own: which cluster it is, so that a start with other
 * nodes is refused before it begins, and not by each node.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { DataDirectoryError } from '../errors.ts';

const fileName = 'cluster.json';
const cluster = v.object({
  version: v.literal(1),
  cluster: v.string(),
  nodes: v.array(v.string()),
});

/** The cluster that a data directory is for. */
export interface ClusterData {
  readonly cluster: string;
  readonly nodes: readonly string[];
}

/**
 * Makes the directory, or checks that it is that of this cluster.
 *
 * @returns whether it is new
 * @throws DataDirectoryError when it is another cluster's, holds something else, or cannot be used
 */
export function claimDataDirectory(directory: string, wanted: ClusterData): boolean {
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
      writeFileSync(`${file}.tmp`, `${JSON.stringify({ version: 1, ...wanted }, undefined, 2)}\n`, { flush: true });
      renameSync(`${file}.tmp`, file);
      return true;
    }
  } catch (cause) {
    if (cause instanceof DataDirectoryError) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new DataDirectoryError(`cannot keep data in '${directory}': ${problem}; name another directory with --data`, {
      cause,
    });
  }
  check(file, directory, text, wanted);
  return false;
}

function check(file: string, directory: string, text: string, wanted: ClusterData): void {
  const found = parse(file, text);
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

function parse(file: string, text: string): ClusterData {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const parsed = v.safeParse(cluster, json);
  if (parsed.success) return parsed.output;
  const example = JSON.stringify({ version: 1, cluster: 'quorate', nodes: ['n1', 'n2', 'n3'] });
  throw new DataDirectoryError(`expected '${file}' to read like ${example}, got something else; correct it`);
}
