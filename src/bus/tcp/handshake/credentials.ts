/**
 * What nodes tell each other of their journals, once each knows that the other holds the secret of the cluster, and what
 * follows from it. This is the place for whatever else vouches for a node's durable state: members that a later version
 * adds are ignored by this one.
 */

import * as v from 'valibot';
import type { RefusalCode } from '../../bus.ts';

export const credentialsSchema = v.object({
  /** The random id of the node's journal; left out by a node that has none to tell. */
  journalId: v.optional(v.pipe(v.string(), v.maxLength(256))),
});

/** What a node says of its journal. */
export type Credentials = v.InferOutput<typeof credentialsSchema>;

/** Remembers by which journal each peer is known; a host makes it durable. Both calls return at once. */
export interface PeerMemory {
  /** The journal id by which `node` is known; undefined for a node never met. */
  recall(node: string): string | undefined;
  /** Called when a peer, which has proven the secret of the cluster, is met for the first time. */
  rememberPeer(node: string, journalId: string): void;
}

/** A memory that ends with the process. */
export function createPeerMemory(): PeerMemory {
  const journalIds = new Map<string, string>();
  return {
    recall: (node) => journalIds.get(node),
    rememberPeer: (node, journalId) => void journalIds.set(node, journalId),
  };
}

/** Why one side refuses the other; the reason reads the same on both sides. */
export interface Verdict {
  readonly code: RefusalCode;
  readonly reason: string;
}

/**
 * Judges what a peer says of its journal, and remembers it at the first meeting.
 *
 * @param self the node that judges
 * @param peer the node that has proven to be a member
 * @returns undefined when it is accepted
 */
export function judgeCredentials(
  self: string,
  peer: string,
  { journalId }: Credentials,
  memory: PeerMemory,
): Verdict | undefined {
  const known = memory.recall(peer);
  if (known === undefined) {
    if (journalId !== undefined) memory.rememberPeer(peer, journalId);
    return undefined;
  }
  if (known === journalId) return undefined;
  const came = journalId === undefined ? 'none' : `journal ${journalId}`;
  return {
    code: 'journal-lost',
    reason: `node ${self} knows node ${peer} by journal ${known}, and it came with ${came}: it has lost what it promised; restore its data directory no older than its last run, or let it join under a new id`,
  };
}
