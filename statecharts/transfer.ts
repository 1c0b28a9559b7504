/**
 * Snapshots as actors see them: files that the node keeps, known by name, size and checksum. An actor never holds their
 * bytes. It asks the node's resource `snapshots` to fetch one from another node, chunk by chunk. Which protocol asks, and
 * what is in the snapshot, makes no difference.
 */

import * as v from 'valibot';
import { type Address, nodeOf } from './actor/address.ts';
import type { Perform } from './actor/effects.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** `OWNER/REST`: unique in the cluster, and never used again with other contents. It becomes the name of a file. */
export const snapshotName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(200),
  v.check((name) => !/\p{Surrogate}/u.test(name), 'expected well-formed text'),
);

/** A whole snapshot that a node keeps. */
export const snapshotFile = v.object({
  name: snapshotName,
  sizeBytes: natural,
  /** CRC-32 of all bytes. */
  checksum: natural,
});
export type SnapshotFile = Readonly<v.InferOutput<typeof snapshotFile>>;

/** The name of the resource that keeps and fetches snapshots; every node has it. */
export const snapshotResource = 'snapshots';

/** What the resource is asked. */
export const transferOperation = v.variant('type', [
  /**
   * Get `file` from `node`. Done when all of it is durable here and as its checksum says; a transfer for the same owner
   * that is under way ends as refused.
   */
  v.object({ type: v.literal('fetch-snapshot'), node: v.string(), file: snapshotFile }),
]);
export type TransferOperation = v.InferOutput<typeof transferOperation>;

/** The owner of an actor's snapshots: the same on all nodes. */
export const snapshotOwner = (actor: Address): string => actor.slice(actor.indexOf('/') + 1);

/** The part of a name that says whose the snapshot is. */
export const ownerOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));

/** A transfer that makes no headway ends by itself; this is only the end of patience with the resource. */
const transferLimitMs = 24 * 60 * 60 * 1_000;

/** Fetches `file` from the node of `from`. `id` names the transfer, and comes back with its answer. */
export const fetchSnapshot = (id: string, from: Address, file: SnapshotFile): Perform<TransferOperation> => ({
  type: 'perform',
  id,
  resource: snapshotResource,
  operation: { type: 'fetch-snapshot', node: nodeOf(from), file },
  deadlineMs: transferLimitMs,
});
