/** What the protocols are called that can keep the log of a store, and their modes; `protocols.ts` has them. */

export const logProtocolNames = ['raft', 'paxos', 'primary-backup'] as const;
export type LogProtocolName = (typeof logProtocolNames)[number];
export const defaultLogProtocol: LogProtocolName = 'raft';

/**
 * The modes of a store by primary-backup: a write is acknowledged once the whole in-sync set holds it, or a majority of the
 * set. The first is the default.
 */
export const storeModes = ['synchronous', 'quorum'] as const;
export type StoreMode = (typeof storeModes)[number];
export const defaultStoreMode: StoreMode = storeModes[0];

/** The modes of each protocol, the default first. */
export const modesOf: Readonly<Record<LogProtocolName, readonly StoreMode[]>> = {
  raft: [],
  paxos: [],
  'primary-backup': storeModes,
};

/** How a store is replicated. */
export interface Replication {
  readonly protocol: LogProtocolName;
  /** There where the protocol has modes, and only there. */
  readonly mode?: StoreMode;
}

/** How a store is to be replicated; what is left out is as the store was begun, or the default. */
export interface WantedReplication {
  readonly protocol?: LogProtocolName | undefined;
  readonly mode?: StoreMode | undefined;
}

/** How a store is replicated that is begun as wanted; undefined where the protocol has no such mode. */
export function replicationFrom({ protocol = defaultLogProtocol, mode }: WantedReplication): Replication | undefined {
  const modes = modesOf[protocol];
  const chosen = mode ?? modes[0];
  if (chosen === undefined) return { protocol };
  return modes.includes(chosen) ? { protocol, mode: chosen } : undefined;
}
