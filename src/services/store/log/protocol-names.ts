/** What the protocols are called that can keep the log of a store; `protocols.ts` has them. */

export const logProtocolNames = ['raft', 'paxos'] as const;
export type LogProtocolName = (typeof logProtocolNames)[number];
