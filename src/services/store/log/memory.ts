/**
 * A log in memory, of several servers in one process: for tests of what stands on a log. It keeps nothing when the
 * process ends, and agrees on nothing by messages: what is committed is one list. Yet all that can happen to a proposal
 * in a real protocol can happen here: a server that was cut off goes on to lead, and what it places is lost.
 *
 * Without a clock it does nothing by itself, and a test decides what is placed, committed, refused and read, and when.
 */

import type { Clock } from '../../../environment/clock.ts';
import { OverloadedError } from '../errors.ts';
import { createAgreement } from './memory/agreement.ts';
import type { MemoryLog, MemoryLogOptions } from './memory/contract.ts';
import { handOver } from './memory/hand-over.ts';
import { writerOf } from './memory/parts.ts';
import { lastIndexOf, type Server } from './memory/server.ts';
import type { LogStatus } from './replicated-log.ts';

export * from './memory/contract.ts';

/** Makes a log in memory. @throws RangeError without nodes */
export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  const { nodes, clock, compactBeyondEntries = Number.POSITIVE_INFINITY, waitingRequests = 1_000 } = options;
  const [first, ...others] = nodes;
  if (first === undefined) throw new RangeError('expected one node or more, got none');
  const agreement = createAgreement([first, ...others], compactBeyondEntries);
  const { committed, serverOf, isNodeUp, hasMajority, begin, elect, commit, commitForeign, isolate, keep } = agreement;
  const isLeading = ({ node }: { readonly node: string }): boolean =>
    node === agreement.leader && isNodeUp(node) && hasMajority();

  const handOverAll = (server: Server, at: Clock): void => {
    const parts = {
      clock: at,
      nodes,
      isUp: isNodeUp,
      isHeard: isLeading,
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
    if (!isLeading(server)) return;
    while (server.reads.length > 0) server.answerRead();
    clock?.enqueue(() => {
      if (server.node === agreement.leader) commit();
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

  const statusOf = (server: Server): LogStatus => ({
    role: server.leads ? 'leader' : 'follower',
    leader: server.known,
    commitIndex: server.toldIndex,
    lastIndex: lastIndexOf(server, committed),
    nodes: [...nodes].sort(),
    remark: `in reign ${server.reign}`,
    details: { reign: server.reign },
  });

  return {
    committed,
    server: serverOf,
    elect,
    commit,
    commitForeign,
    isolate(...cut) {
      isolate(cut, (server) => {
        if (server.leads) clock?.enqueue(() => work(server));
      });
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
            keep(whole);
          });
        },
        listen(listener) {
          server.listener = listener;
          if (clock === undefined) begin(server);
          else clock.enqueue(() => begin(server));
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
