/** Changes of members in a model: which servers they need, and what a leader is asked for each. */

import type { Address } from '../../../statecharts/actor.ts';
import type { Reconfiguration } from '../../../statecharts/replication/reconfiguration.ts';

/** A change as a bound writes it, `remove:n1`. */
function partsOf(change: string): { readonly kind: string; readonly node: string } {
  const [kind = '', node = ''] = change.split(':');
  return { kind, node };
}

/** The nodes that are added, each of which a model starts without a cluster. */
export const addedBy = (changes: readonly string[]): readonly string[] =>
  changes.map(partsOf).flatMap(({ kind, node }) => (kind === 'add' ? [node] : []));

/** What a leader is asked for. */
export function reconfigurationOf(change: string, addressOnNode: (node: string) => Address): Reconfiguration {
  const { kind, node } = partsOf(change);
  const server = addressOnNode(node);
  if (kind === 'add') return { kind, server, places: { [node]: `${node}:1` } };
  return kind === 'promote' ? { kind, server } : { kind: 'remove', server };
}
