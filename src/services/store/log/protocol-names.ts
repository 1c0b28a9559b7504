/** What the protocols are called that can keep the log of a store; `protocols.ts` has them. */

export const logProtocolNames = ['raft', 'paxos', 'primary-backup'] as const;
export type LogProtocolName = (typeof logProtocolNames)[number];

/**
 * The modes of a store by primary-backup: a write is acknowledged once the whole in-sync set holds it, or a majority of the
 * set. The first is the default.
 */
export const storeModes = ['synchronous', 'quorum'] as const;
export type StoreMode = (typeof storeModes)[number];
