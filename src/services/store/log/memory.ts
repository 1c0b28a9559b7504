/**
 * A log in memory, of several servers in one process: for tests of what stands on a log. It keeps nothing when the
 * process ends, and agrees on nothing by messages: what is committed is one list. Yet all that can happen to a proposal
 * in a real protocol can happen here: a server that was cut off goes on to lead, and what it places is lost.
 *
 * Without a clock it does nothing by itself, and a test decides what is placed, committed, refused and read, and when.
 */

import type { Clock } from '../../../environment/clock.ts';
import { OverloadedError } from '../errors.ts';
import { type HandOverRequest, handOver } from './memory/hand-over.ts';
import { readerOf, writerOf } from './memory/parts.ts';
import type { LogEntry, LogEvent, LogListener, LogRefusal, LogStarter, LogStatus } from './replicated-log.ts';

/** How to make a log in memory. */
export interface MemoryLogOptions {
  /** The nodes that take part. The first one leads to begin with. */
  readonly nodes: readonly string[];
  /** When given, the log works by itself, in turns of this clock's queue. */
  readonly clock?: Clock;
  /** Committed entries beyond which servers are asked to compact. Default: never. */
  readonly compactBeyondEntries?: number;
  /** Requests of one server that may wait. Default 1,000. */
  readonly waitingRequests?: number;
}

/** The server of one node, as a test sees it. */
export interface MemoryServer {
  /** Requests that are not answered yet, oldest first. Without a clock, a test answers hand-overs by `tell`. */
  readonly proposals: readonly { readonly id: number; readonly commands: readonly Uint8Array[] }[];
  readonly reads: readonly number[];
  readonly handOvers: readonly HandOverRequest[];
  /** The snapshots that it was given, whole. */
  readonly snapshots: readonly Snapshot[];
  /** Places the oldest proposal at the end of this server's log. @returns its entries; none when there is none */
  place(): readonly LogEntry[];
  /** Refuses the oldest proposal, or else the oldest read. */
  refuse(reason: LogRefusal): void;
  /** Answers the oldest read. */
  answerRead(): void;
  /** Tells `event`, whatever it is. */
  tell(event: LogEvent): void;
  /** The next request throws `error`. */
  failNext(error: Error): void;
  /** It leads, or does not, as it takes it. */
  lead(leads: boolean): void;
}

/** A log in memory. */
export interface MemoryLog {
  /** Starts the server of a node. One that starts again hears everything again. */
  readonly start: LogStarter;
  /** @throws RangeError for a node that does not take part */
  server(node: string): MemoryServer;
  /** Another leader, who has heard of the first `kept` entries that the last one had placed and not committed. */
  elect(node: string, kept?: number): void;
  /** Commits what the leader has placed, and tells all servers that are not cut off. */
  commit(): void;
  /** Commits an entry of a leader that is not here, in the place of all that is placed and not committed. */
  commitForeign(command?: Uint8Array): LogEntry;
  /** Cuts off `nodes`, and them alone: they hear nothing, and what they place is lost. */
  isolate(...nodes: readonly string[]): void;
  /** The server ends, and forgets what it was asked. */
  crash(node: string): void;
  readonly committed: readonly LogEntry[];
}

/** A snapshot, in parts. */
interface Snapshot {
  readonly index: number;
  readonly parts: readonly Uint8Array[];
}

interface Server extends MemoryServer {
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

/** Makes a log in memory. @throws RangeError without nodes */
export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  const { nodes, clock, compactBeyondEntries = Number.POSITIVE_INFINITY, waitingRequests = 1_000 } = options;
  const [first] = nodes;
  if (first === undefined) throw new RangeError('expected one node or more, got none');
  const committed: LogEntry[] = [];
  let isolated: readonly string[] = [];
  let leader = first;
  let reign = 1;
  let lastToken = 0;
  /** What stands for the entries up to its index, which servers that are behind do not get any more. */
  let snapshot: Snapshot | undefined;

  const isReached = (node: string): boolean => !isolated.includes(node);
  const isUp = ({ node, listener }: Server): boolean => listener !== undefined && isReached(node);
  const hasMajority = (): boolean => [...servers.values()].filter(isUp).length > nodes.length / 2;
  const lastIndexOf = ({ tail }: Server): number => tail.at(-1)?.index ?? committed.length;
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

  const handOverAll = (server: Server, at: Clock): void => {
    const isServerUp = (node: string): boolean => {
      const other = servers.get(node);
      return other !== undefined && isUp(other);
    };
    const parts = {
      clock: at,
      nodes,
      isUp: isServerUp,
      isHeard: ({ node }: { readonly node: string }) => node === leader && isServerUp(node) && hasMajority(),
      elect: (node: string) => elect(node, server.tail.length),
    };
    for (const request of server.handOvers.splice(0)) handOver(parts, server, request);
  };

  /** Does in one turn what waits at a server. */
  const work = (server: Server): void => {
    if (server.listener === undefined) return;
    if (clock !== undefined) handOverAll(server, clock);
    if (!server.leads) {
      while (server.proposals.length > 0 || server.reads.length > 0) server.refuse('not-leader');
      return;
    }
    while (server.proposals.length > 0) {
      if (server.handingOver === undefined) server.place();
      else server.refuse('handing-over');
    }
    if (server.node !== leader || !isUp(server) || !hasMajority()) return;
    while (server.reads.length > 0) server.answerRead();
    clock?.enqueue(() => {
      if (server.node === leader) commit();
    });
  };
  const take = (server: Server, request: () => void): void => {
    const { failure } = server;
    server.failure = undefined;
    if (failure !== undefined) throw failure;
    const { proposals, reads, handOvers, listener } = server;
    if (server.arriving + proposals.length + reads.length + handOvers.length >= waitingRequests) {
      throw new OverloadedError(`${waitingRequests} requests wait for the log, as many as may; ask again later`);
    }
    if (clock === undefined) {
      request();
      return;
    }
    // One after the other, so that a hand-over concerns those that come after it alone.
    server.arriving += 1;
    clock.enqueue(() => {
      server.arriving -= 1;
      if (server.listener !== listener) return;
      request();
      work(server);
    });
  };

  const makeServer = (node: string): Server => ({
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
      const index = lastIndexOf(this) + 1;
      lastToken += 1;
      const token = lastToken;
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
      if (id !== undefined) this.tell({ type: 'readable', id, index: committed.length });
    },
    failNext(error) {
      this.failure = error;
    },
    lead(leads) {
      this.leads = leads;
      this.known = leads ? node : undefined;
      if (leads) {
        reign += 1;
        this.reign = reign;
      }
      this.listener?.changed();
    },
  });
  const servers = new Map(nodes.map((node) => [node, makeServer(node)]));
  const serverOf = (node: string): Server => {
    const server = servers.get(node);
    if (server === undefined) throw new RangeError(`expected one of the nodes ${nodes.join(', ')}, got '${node}'`);
    return server;
  };
  const statusOf = (server: Server): LogStatus => ({
    role: server.leads ? 'leader' : 'follower',
    leader: server.known,
    commitIndex: server.toldIndex,
    lastIndex: lastIndexOf(server),
    nodes: [...nodes].sort(),
    remark: `in reign ${server.reign}`,
    details: { reign: server.reign },
  });

  return {
    committed,
    server: serverOf,
    elect,
    commit,
    commitForeign(command) {
      const entry: LogEntry = { index: committed.length + 1, token: 'foreign', command };
      committed.push(entry);
      for (const each of servers.values()) each.tail = [];
      for (const each of servers.values()) tellCommitted(each);
      return entry;
    },
    isolate(...cut) {
      isolated = cut;
      for (const each of servers.values()) {
        if (!isUp(each)) continue;
        if (each.reign !== reign) follow(each);
        tellCommitted(each);
        if (each.leads) clock?.enqueue(() => work(each));
      }
    },
    crash(node) {
      const server = serverOf(node);
      const { listener } = server;
      Object.assign(server, { listener: undefined, leads: false, known: undefined, tail: [], toldIndex: 0 });
      server.handingOver = undefined;
      server.proposals.length = 0;
      server.reads.length = 0;
      server.handOvers.length = 0;
      listener?.ended();
    },
    start({ node: { id }, environment }) {
      const server = serverOf(id);
      server.clock = environment.clock;
      return {
        propose: (request, commands) => take(server, () => server.proposals.push({ id: request, commands })),
        read: (request) => take(server, () => server.reads.push(request)),
        handOver: (request, to) => take(server, () => server.handOvers.push({ id: request, to })),
        snapshot(index) {
          take(server, () => undefined);
          return writerOf(environment.clock, (parts) => {
            const whole = { index, parts };
            server.snapshots.push(whole);
            if (index > (snapshot?.index ?? 0)) snapshot = whole;
          });
        },
        listen(listener) {
          server.listener = listener;
          const begin = (): void => {
            if (!isUp(server)) return;
            follow(server);
            tellCommitted(server);
          };
          if (clock === undefined) begin();
          else clock.enqueue(begin);
        },
        get isLeader() {
          return server.leads;
        },
        get leader() {
          return server.known;
        },
        status: () => statusOf(server),
      };
    },
  };
}
