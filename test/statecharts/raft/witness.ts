/**
 * The witness sees all servers at once, and what a crash would leave of them, and holds them to what Raft claims. Beside
 * that, what the drivers of this folder know alone: which commands were proposed, and what is in a snapshot.
 */

import type { Problem } from '../../../src/proof/claim.ts';
import { toldInOrder } from '../../../src/proof/log/claims.ts';
import {
  type Commit,
  commitOf,
  durableAtQuorum,
  durableBeforeSaid,
  readsSeeCommits,
  stateMachineSafety,
} from '../../../src/proof/raft/claims.ts';
import { createRaftInvariants, type RaftView } from '../../../src/proof/raft/invariants.ts';
import type { Address, Tagged } from '../../../statecharts/actor.ts';
import { memory, type Remembered } from '../../../statecharts/raft/context.ts';
import {
  type Entry,
  foundingMembers,
  type Members,
  type RaftMessage,
  type RaftOutput,
  type RaftRecord,
  raftServer,
  type ServerContext,
} from '../../../statecharts/raft.ts';
import { type Kit, limits, type Seen, type Watching } from '../replication/chaos-cluster.ts';

function keep(problem: Problem): void {
  if (problem !== undefined) throw new Error(`broken promise: ${problem}`);
}

/** Far cheaper than an assertion library's, for it is asked some ten times per step. */
function promise(isKept: boolean, what: () => string): void {
  if (!isKept) keep(what());
}

type RaftServer = Seen<Remembered> & { readonly context: ServerContext };

export class Witness implements Watching<ServerContext, Remembered, RaftOutput> {
  /** Every entry that an application was ever told of. */
  readonly committed: Commit[] = [];
  readonly #members: Members;
  readonly #invariants = createRaftInvariants();
  readonly #commandsOf = new Map<number, readonly Uint8Array[]>();
  readonly #proposed = new Map<string, string>();
  readonly #committedBeforeRead = new Map<number, number>();

  constructor(voters: readonly Address[]) {
    this.#members = foundingMembers(voters);
  }

  get commits(): number {
    return this.committed.length;
  }

  sees(server: RaftView): void {
    keep(this.#invariants.check([server]));
  }

  seesDeath(server: Address): void {
    this.#invariants.died(server);
  }

  seesSent({ address, remembered }: Seen<Remembered>, to: Address, message: Tagged): void {
    keep(durableBeforeSaid(address, remembered, to, message as RaftMessage));
  }

  asksProposal(id: number, commands: readonly Uint8Array[]): void {
    this.#commandsOf.set(id, commands);
  }

  asksRead(id: number): void {
    this.#committedBeforeRead.set(id, this.committed.length);
  }

  hears(server: RaftServer, output: RaftOutput, servers: readonly Seen<Remembered>[]): void {
    if (output.type === 'committed') {
      for (const entry of output.entries) this.#seesCommitted(server, entry, servers);
    } else if (output.type === 'snapshotInstalled') this.#seesSnapshot(server, output.index);
    else if (output.type === 'proposed') this.#seesProposed(output.id, output.term, output.index);
    else if (output.type === 'readable') this.#seesReadable(server.address, output.id, output.index);
  }

  #seesProposed(id: number, term: number, index: number): void {
    this.#commandsOf.get(id)?.forEach((data, place) => {
      this.#proposed.set(`${index + place}:${term}`, data.join('.'));
    });
  }

  #seesReadable(server: Address, id: number, index: number): void {
    keep(readsSeeCommits(server, this.#committedBeforeRead.get(id) ?? Number.POSITIVE_INFINITY, index));
  }

  #seesCommitted(server: RaftServer, entry: Entry, servers: readonly Seen<Remembered>[]): void {
    const { index } = entry;
    const { term } = server.context;
    keep(toldInOrder(server.address, server.applied.length, index));
    const commit = commitOf(entry, term);
    const known = this.committed[index - 1];
    server.applied.push(commit.entry);
    if (known !== undefined) {
      keep(stateMachineSafety(known, commit));
      return;
    }
    this.committed.push(commit);
    const durable = servers.map(({ address, remembered: { log } }) => ({ address, log }));
    keep(durableAtQuorum(commit, [this.#members], durable));
    const proposed = this.#proposed.get(`${index}:${entry.term}`);
    promise(entry.kind !== 'command' || proposed === entry.data.join('.'), () => `entry ${index} was not proposed`);
  }

  #seesSnapshot(server: RaftServer, index: number): void {
    promise(server.applied.length === index, () => `a snapshot of ${index} holds ${server.applied.length} entries`);
    server.applied.forEach((text, at) => {
      promise(text === this.committed[at]?.entry, () => `entry ${at + 1} of a snapshot is ${text}`);
    });
  }
}

/** What the chaos of clusters wants to know of Raft. */
export const raftKit: Kit<ServerContext, Remembered, RaftOutput> = {
  definition: raftServer,
  memory: { start: memory.start, step: (state, record) => memory.step(state, record as RaftRecord) },
  input: (voters) => ({ voters, limits }),
  witness: (voters) => new Witness(voters),
  gaveWay(before, after) {
    const last = before.log.lastIndex;
    return last > after.log.lastIndex || before.log.lastTerm !== (after.log.termAt(last) ?? before.log.lastTerm);
  },
};
