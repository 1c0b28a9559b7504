/** What the servers of a log in memory agree on: who leads, what is committed, and who hears of it. */

import type { LogEntry } from '../replicated-log.ts';
import type { Snapshot } from './contract.ts';
import { readerOf } from './parts.ts';
import { makeServer, type Server } from './server.ts';

export interface Agreement {
  readonly committed: readonly LogEntry[];
  /** The node that leads. */
  readonly leader: string;
  /** @throws RangeError for a node that does not take part */
  serverOf(node: string): Server;
  /** Whether a node takes part whose server runs and is not cut off. */
  isNodeUp(node: string): boolean;
  hasMajority(): boolean;
  /** A server that runs and is not cut off hears who leads, and what was committed. */
  begin(server: Server): void;
  /** Another leader, who has heard of the first `kept` entries that the last one had placed and not committed. */
  elect(node: string, kept?: number): void;
  /** Commits what the leader has placed, where it has a majority. */
  commit(): void;
  commitForeign(command?: Uint8Array): LogEntry;
  /** Cuts off `nodes`, and them alone. @param onHeard called for each server that is not cut off, once it has caught up */
  isolate(nodes: readonly string[], onHeard: (server: Server) => void): void;
  /** Keeps a snapshot, for servers that are behind. */
  keep(taken: Snapshot): void;
}

export function createAgreement(nodes: readonly [string, ...string[]], compactBeyondEntries: number): Agreement {
  const committed: LogEntry[] = [];
  let isolated: readonly string[] = [];
  let leader = nodes[0];
  let reign = 1;
  let lastToken = 0;
  /** What stands for the entries up to its index, which servers that are behind do not get any more. */
  let snapshot: Snapshot | undefined;
  const servers = new Map(
    nodes.map((node) => [
      node,
      makeServer(node, {
        committed,
        nextToken: () => {
          lastToken += 1;
          return lastToken;
        },
        nextReign: () => {
          reign += 1;
          return reign;
        },
      }),
    ]),
  );
  const serverOf = (node: string): Server => {
    const server = servers.get(node);
    if (server === undefined) throw new RangeError(`expected one of the nodes ${nodes.join(', ')}, got '${node}'`);
    return server;
  };

  const isUp = ({ node, listener }: Server): boolean => listener !== undefined && !isolated.includes(node);
  const hasMajority = (): boolean => [...servers.values()].filter(isUp).length > nodes.length / 2;
  const follow = (server: Server): void => {
    server.leads = server.node === leader;
    server.known = leader;
    server.reign = reign;
    if (!server.leads) {
      server.tail = [];
      while (server.proposals.length > 0 || server.reads.length > 0) server.refuse('not-leader');
    }
    server.listener?.changed();
    const { handingOver } = server;
    if (handingOver === undefined || server.leads) return;
    server.handingOver = undefined;
    server.tell({ type: 'handedOver', id: handingOver.id, leader });
  };
  const tellCommitted = (server: Server): void => {
    if (!isUp(server)) return;
    if (snapshot !== undefined && server.clock !== undefined && server.toldIndex < snapshot.index) {
      server.toldIndex = snapshot.index;
      const { index, parts } = snapshot;
      server.tell({ type: 'snapshotInstalled', index, snapshot: readerOf(parts, server.clock) });
    }
    const entries = committed.slice(server.toldIndex);
    server.toldIndex = committed.length;
    if (entries.length > 0) server.tell({ type: 'committed', entries });
    if (committed.length - Math.max(snapshot?.index ?? 0, server.compactionAskedAt) > compactBeyondEntries) {
      server.compactionAskedAt = committed.length;
      server.tell({ type: 'snapshotDue', logSizeBytes: 0 });
    }
  };
  const commit = (): void => {
    const server = serverOf(leader);
    if (!isUp(server) || !hasMajority()) return;
    committed.push(...server.tail);
    server.tail = [];
    for (const each of servers.values()) tellCommitted(each);
  };
  const elect = (node: string, kept = 0): void => {
    const tail = serverOf(leader).tail.slice(0, kept);
    leader = node;
    reign += 1;
    for (const each of servers.values()) if (isUp(each)) follow(each);
    serverOf(node).tail = tail;
  };

  return {
    committed,
    get leader() {
      return leader;
    },
    serverOf,
    isNodeUp: (node) => {
      const server = servers.get(node);
      return server !== undefined && isUp(server);
    },
    hasMajority,
    begin(server) {
      if (!isUp(server)) return;
      follow(server);
      tellCommitted(server);
    },
    elect,
    commit,
    commitForeign(command) {
      const entry: LogEntry = { index: committed.length + 1, token: 'foreign', command };
      committed.push(entry);
      for (const each of servers.values()) each.tail = [];
      for (const each of servers.values()) tellCommitted(each);
      return entry;
    },
    isolate(cut, onHeard) {
      isolated = cut;
      for (const each of servers.values()) {
        if (!isUp(each)) continue;
        if (each.reign !== reign) follow(each);
        tellCommitted(each);
        onHeard(each);
      }
    },
    keep(taken) {
      if (taken.index > (snapshot?.index ?? 0)) snapshot = taken;
    },
  };
}
