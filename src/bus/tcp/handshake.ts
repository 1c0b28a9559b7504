/**
 * The handshake. The side that dialled introduces itself; the other one answers by introducing itself too, or by a
 * refusal, upon which both close the connection; so does the side that dialled when it does not like the answer.
 */

import type { RefusalCode } from '../bus.ts';
import type { Hello } from './wire.ts';

/** Remembers by which journal each peer is known; a host makes it durable. Both calls return at once. */
export interface PeerMemory {
  /** The journal id by which `node` is known; undefined for a node never met. */
  recall(node: string): string | undefined;
  /** Called when a node is met for the first time. */
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

/** Why an introduction was not accepted; the reason reads the same on both sides. */
export interface Verdict {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** What this side knows when it judges an introduction. */
export interface Judgement {
  readonly mine: Hello;
  readonly theirs: Hello;
  readonly memory: PeerMemory;
  /** Whether an id belongs to a node, so that no client may use it. */
  readonly isNodeId: (id: string) => boolean;
}

/**
 * Judges an introduction, and remembers the journal of a node that it accepts for the first time.
 *
 * @returns undefined when it is accepted
 */
export function judge({ mine, theirs, memory, isNodeId }: Judgement): Verdict | undefined {
  if (!leavesClusterOpen(mine) && !leavesClusterOpen(theirs) && mine.cluster !== theirs.cluster) {
    return refuse(
      'other-cluster',
      `${label(mine)} belongs to cluster '${mine.cluster}', ${label(theirs)} to cluster '${theirs.cluster}'; correct the name of the cluster or the address of the peer`,
    );
  }
  if (mine.versions.min > theirs.versions.max || theirs.versions.min > mine.versions.max) {
    return refuse(
      'disjoint-versions',
      `${label(mine)} speaks ${range(mine)} of the protocol, ${label(theirs)} ${range(theirs)}; upgrade the older one, by way of a release that speaks both`,
    );
  }
  if (theirs.node === mine.node) {
    return refuse('own-node-id', `both sides are called ${mine.node}; give each node an id of its own`);
  }
  if (theirs.kind === 'client' && isNodeId(theirs.node)) {
    return refuse('node-id-taken', `${theirs.node} is the id of a node, so no client may use it`);
  }
  for (const [seeker, found] of [
    [mine, theirs],
    [theirs, mine],
  ] as const) {
    if (seeker.expects !== undefined && seeker.expects !== found.node) {
      return refuse(
        'unexpected-node',
        `${label(seeker)} looked for node ${seeker.expects} where ${label(found)} lives; correct the address of peer ${seeker.expects}`,
      );
    }
  }
  return mine.kind === 'node' && theirs.kind === 'node' ? judgeJournal(mine, theirs, memory) : undefined;
}

function judgeJournal(mine: Hello, theirs: Hello, memory: PeerMemory): Verdict | undefined {
  const known = memory.recall(theirs.node);
  if (known === undefined) {
    if (theirs.journalId !== undefined) memory.rememberPeer(theirs.node, theirs.journalId);
    return undefined;
  }
  if (known === theirs.journalId) return undefined;
  return refuse(
    'journal-lost',
    `${label(mine)} knows ${label(theirs)} by journal ${known}, and it came with ${
      theirs.journalId === undefined ? 'none' : `journal ${theirs.journalId}`
    }: it has lost what it promised; restore its data directory, or let it join under a new id`,
  );
}

const leavesClusterOpen = ({ kind, cluster }: Hello): boolean => kind === 'client' && cluster === undefined;
const refuse = (code: RefusalCode, reason: string): Verdict => ({ code, reason });
const label = ({ kind, node }: Hello): string => `${kind} ${node}`;
const range = ({ versions }: Hello): string =>
  versions.min === versions.max ? `version ${versions.min}` : `versions ${versions.min} to ${versions.max}`;
