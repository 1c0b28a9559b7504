/**
 * What the directory of a node says of the backup, or of the last node of a cluster, that it was made of. A restored cluster has a name of its own, which its
 * journals keep: so its nodes, and those of the cluster that the backup is of, refuse each other, whatever they are started with.
 */

import * as v from 'valibot';
import { addressOf, parseTagged, QuorateError } from '../../statecharts/actor.ts';
import type { Journal } from '../journal/journal.ts';

const name = 'quorate.restoration';
const version = 1;
const restoration = v.object({
  /** The cluster that was made. */
  cluster: v.string(),
  /** The cluster that the backup is of. */
  from: v.string(),
  /** The state that it holds: the last entry of that cluster's log in it, and the revision. */
  index: v.number(),
  revision: v.number(),
  /** The node whose data is all that was left of that cluster; left out where it is of a backup. */
  survivor: v.exactOptional(v.string()),
});
const records = { restored: restoration };

/** How the data of a node came about. */
export type Restoration = Readonly<v.InferOutput<typeof restoration>>;

/** The data is of another cluster than the one that the node was to be of. */
export class OtherClusterError extends QuorateError {
  readonly code = 'OTHER_CLUSTER';
}

/** Writes it down; resolves when it is durable. */
export const recordRestoration = (journal: Journal, it: Restoration): Promise<void> =>
  new Promise((resolve, reject) => {
    const record = { type: 'restored', ...it };
    journal.append([{ actor: addressOf(journal.node, name), version, record }], (error) =>
      error === undefined ? resolve() : reject(error),
    );
  });

/** What a journal says, from which nothing was taken yet; undefined where it was made of no backup. @throws RefusedInputError */
export function restoredIn(journal: Journal): Restoration | undefined {
  const address = addressOf(journal.node, name);
  const found = journal.take(address).at(-1);
  if (found === undefined) return undefined;
  const { type: _, ...told } = parseTagged(address, 'record', records, found.record);
  return told;
}

/** The cluster of a node. @throws OtherClusterError unless it is the one that is wanted */
export function clusterOf(restored: Restoration | undefined, wanted: string | undefined): string {
  if (restored === undefined) return wanted ?? 'quorate';
  if (wanted === undefined || wanted === restored.cluster) return restored.cluster;
  throw new OtherClusterError(
    `expected the data of cluster '${wanted}', got that of '${restored.cluster}', which was made of ${restored.survivor === undefined ? 'a backup' : `node '${restored.survivor}'`} of '${restored.from}'; start it as of cluster '${restored.cluster}'`,
  );
}
