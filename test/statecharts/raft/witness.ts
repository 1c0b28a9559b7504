/**
 * The witness sees all servers at once, and what a crash would leave of them, and holds them to what Raft claims. Beside
 * that, what the drivers of this folder know alone: which commands were proposed, and what is in a snapshot.
 */

import {
  type Commit,
  commitOf,
  durableAtQuorum,
  durableBeforeSaid,
  type Problem,
  readsSeeCommits,
  stateMachineSafety,
  toldInOrder,
} from '../../../src/proof/raft/claims.ts';
import { createRaftInvariants, type RaftView } from '../../../src/proof/raft/invariants.ts';
import type { Address } from '../../../statecharts/actor.ts';
import type { Remembered } from '../../../statecharts/raft/context.ts';
import { type Entry, foundingMembers, type Members, type RaftMessage } from '../../../statecharts/raft.ts';

/** What the witness sees of a server. */
export interface Seen {
  readonly address: Address;
  /** What recovery would find in its journal. */
  readonly remembered: Remembered;
  /** What its application applied in this life, by index - 1. */
  readonly applied: string[];
}

function keep(problem: Problem): void {
  if (problem !== undefined) throw new Error(`broken promise: ${problem}`);
}

/** Far cheaper than an assertion library's, for it is asked some ten times per step. */
function promise(isKept: boolean, what: () => string): void {
  if (!isKept) keep(what());
}

export class Witness {
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

  sees(server: RaftView): void {
    keep(this.#invariants.check([server]));
  }

  seesDeath(server: Address): void {
    this.#invariants.died(server);
  }

  seesSent({ address, remembered }: Seen, to: Address, message: RaftMessage): void {
    keep(durableBeforeSaid(address, remembered, to, message));
  }

  asksProposal(id: number, commands: readonly Uint8Array[]): void {
    this.#commandsOf.set(id, commands);
  }

  asksRead(id: number): void {
    this.#committedBeforeRead.set(id, this.committed.length);
  }

  seesProposed(id: number, term: number, index: number): void {
    this.#commandsOf.get(id)?.forEach((data, place) => {
      this.#proposed.set(`${index + place}:${term}`, data.join('.'));
    });
  }

  seesReadable(server: Address, id: number, index: number): void {
    keep(readsSeeCommits(server, this.#committedBeforeRead.get(id) ?? Number.POSITIVE_INFINITY, index));
  }

  seesCommitted(server: Seen, entry: Entry, term: number, servers: readonly Seen[]): void {
    const { index } = entry;
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

  seesSnapshot(server: Seen, index: number): void {
    promise(server.applied.length === index, () => `a snapshot of ${index} holds ${server.applied.length} entries`);
    server.applied.forEach((text, at) => {
      promise(text === this.committed[at]?.entry, () => `entry ${at + 1} of a snapshot is ${text}`);
    });
  }
}
