/** The server of one node of a log in memory: what it was asked, what it has placed, and whom it tells. */

import type { Clock } from '../../../../environment/clock.ts';
import type { LogEntry, LogListener } from '../replicated-log.ts';
import type { MemoryServer, Snapshot } from './contract.ts';
import type { HandOverRequest } from './hand-over.ts';

/** A server, as its log sees it. */
export interface Server extends MemoryServer {
  readonly node: string;
  readonly proposals: { readonly id: number; readonly commands: readonly Uint8Array[] }[];
  readonly reads: number[];
  readonly handOvers: HandOverRequest[];
  readonly snapshots: Snapshot[];
  listener: LogListener | undefined;
  /** Of the place where it was started. */
  clock: Clock | undefined;
  failure: Error | undefined;
  /** Requests that were made, and have not come here. */
  arriving: number;
  leads: boolean;
  handingOver: HandOverRequest | undefined;
  /** What it takes for the leader. */
  known: string | undefined;
  reign: number;
  /** Placed and not committed. */
  tail: LogEntry[];
  toldIndex: number;
  compactionAskedAt: number;
}

/** What the servers of one log have in common. */
export interface Shared {
  readonly committed: readonly LogEntry[];
  nextToken(): number;
  /** Of a server that leads from now on. */
  nextReign(): number;
}

/** The index of the last entry of a server's log, committed or not. */
export const lastIndexOf = ({ tail }: Server, committed: readonly LogEntry[]): number =>
  tail.at(-1)?.index ?? committed.length;

export const makeServer = (node: string, shared: Shared): Server => ({
  node,
  proposals: [],
  reads: [],
  handOvers: [],
  snapshots: [],
  handingOver: undefined,
  clock: undefined,
  listener: undefined,
  failure: undefined,
  arriving: 0,
  leads: false,
  known: undefined,
  reign: 0,
  tail: [],
  toldIndex: 0,
  compactionAskedAt: 0,
  tell(event) {
    const isAnswer = event.type === 'handedOver' || event.type === 'notHandedOver';
    const at = isAnswer ? this.handOvers.findIndex(({ id }) => id === event.id) : -1;
    if (at >= 0) this.handOvers.splice(at, 1);
    this.listener?.event(event);
  },
  place() {
    const proposal = this.proposals.shift();
    if (proposal === undefined) return [];
    const index = lastIndexOf(this, shared.committed) + 1;
    const token = shared.nextToken();
    const entries = proposal.commands.map((command, at): LogEntry => ({ index: index + at, token, command }));
    this.tail.push(...entries);
    this.tell({ type: 'placed', id: proposal.id, index, token });
    return entries;
  },
  refuse(reason) {
    const id = this.proposals.shift()?.id ?? this.reads.shift();
    if (id === undefined) return;
    this.tell({ type: 'refused', id, reason, ...(this.known === undefined ? {} : { leader: this.known }) });
  },
  answerRead() {
    const id = this.reads.shift();
    if (id !== undefined) this.tell({ type: 'readable', id, index: shared.committed.length });
  },
  failNext(error) {
    this.failure = error;
  },
  lead(leads) {
    this.leads = leads;
    this.known = leads ? node : undefined;
    if (leads) this.reign = shared.nextReign();
    this.listener?.changed();
  },
});
