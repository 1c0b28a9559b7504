/** What services may know of a replica. */

import type { Configuration } from './configuration.ts';
import { type Redundancy, type ReplicaContext, type Role, roles } from './context.ts';

export interface ReplicaView {
  readonly role: Role | undefined;
  /** The latest that it was told. */
  readonly configuration: Configuration;
  readonly commitIndex: number;
  /** Whether it is primary, and replicas are missing in the in-sync set. */
  readonly isDegraded: boolean;
}

export const replicaView = (snapshot: {
  readonly context: ReplicaContext;
  hasTag(tag: Role | Redundancy): boolean;
}): ReplicaView => {
  const { configuration, commitIndex } = snapshot.context;
  const role = roles.find((it) => snapshot.hasTag(it));
  return { role, configuration, commitIndex, isDegraded: snapshot.hasTag('degraded') };
};
