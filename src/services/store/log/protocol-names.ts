/** What the protocols are called that can keep the log of a store, and what can be asked of them; `protocols.ts` has them. */

import { completed, type Durability } from './primary-backup/founding.ts';

export const logProtocolNames = ['raft', 'paxos', 'primary-backup'] as const;
export type LogProtocolName = (typeof logProtocolNames)[number];
export const defaultLogProtocol: LogProtocolName = 'raft';

/** How a store is replicated. */
export interface Replication extends Durability {
  readonly protocol: LogProtocolName;
}

/** How a store is to be replicated; what is left out is as the store was begun, or the default. */
export interface WantedReplication extends Durability {
  readonly protocol?: LogProtocolName | undefined;
}

/** What is said of what acknowledgements are worth. */
export const durabilityIn = ({ maxLoss, minInSync, mode }: Durability): Durability => ({
  ...(mode === undefined ? {} : { mode }),
  ...(maxLoss === undefined ? {} : { maxLoss }),
  ...(minInSync === undefined ? {} : { minInSync }),
});

/** Whether the protocol has what is said of acknowledgements: primary-backup alone lets them be chosen. */
export const bears = (protocol: LogProtocolName, wanted: Durability): boolean =>
  protocol === 'primary-backup' || Object.keys(durabilityIn(wanted)).length === 0;

/** How a store is replicated that is begun as wanted, with all defaults; undefined where the protocol does not bear that. */
export function replicationFrom(wanted: WantedReplication): Replication | undefined {
  const { protocol = defaultLogProtocol } = wanted;
  if (!bears(protocol, wanted)) return undefined;
  return protocol === 'primary-backup' ? { protocol, ...completed(wanted) } : { protocol };
}
