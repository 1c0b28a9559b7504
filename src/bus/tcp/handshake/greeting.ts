/** What is asked of an introduction before anything is proven: whether the two sides were meant to talk at all. */

import type { Hello } from '../wire.ts';
import type { Verdict } from './credentials.ts';

/**
 * Judges an introduction.
 *
 * @param isNodeId whether an id belongs to a node, so that no client may use it
 * @returns undefined when it is accepted
 */
export function judgeGreeting(mine: Hello, theirs: Hello, isNodeId: (id: string) => boolean): Verdict | undefined {
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
  if (mine.security !== theirs.security) {
    return refuse(
      'other-security',
      `${label(mine)} is connected with security '${mine.security}', ${label(theirs)} with '${theirs.security}'; set both sides up alike`,
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
  return undefined;
}

/** How a side is called in reasons. */
export const label = ({ kind, node }: Hello): string => `${kind} ${node}`;

const leavesClusterOpen = ({ kind, cluster }: Hello): boolean => kind === 'client' && cluster === undefined;
const refuse = (code: Verdict['code'], reason: string): Verdict => ({ code, reason });
const range = ({ versions }: Hello): string =>
  versions.min === versions.max ? `version ${versions.min}` : `versions ${versions.min} to ${versions.max}`;
