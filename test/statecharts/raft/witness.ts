/**
 * The witness sees all servers at once, and holds them to what Raft promises: the properties of Figure 3.2 of the
 * dissertation, that what is committed is durable on a majority, and that reads are linearizable (§6.4).
 */

import type { Address } from '../../../statecharts/actor.ts';
import type { Remembered } from '../../../statecharts/raft/context.ts';
import type { Entry, Log, RaftMessage, ServerContext } from '../../../statecharts/raft.ts';

/** What the witness sees of a server. */
export interface Seen {
  readonly address: Address;
  /** What recovery would find in its journal. */
  readonly remembered: Remembered;
  /** What its application applied in this life, by index - 1. */
  readonly applied: string[];
}

/** Far cheaper than an assertion library's, for it is asked some ten times per step. */
export function promise(isKept: boolean, what: () => string): void {
  if (!isKept) throw new Error(`broken promise: ${what()}`);
}

/** An entry without its index, as text that is equal for equal entries. */
export function textOf(entry: Entry): string {
  const data =
    entry.kind === 'command' ? entry.data.join('.') : entry.kind === 'noop' ? '' : JSON.stringify(entry.members);
  return `${entry.term}:${entry.kind}:${data}`;
}

export class Witness {
  /** Every entry ever committed, and the term in which somebody first knew it. */
  readonly committed: { readonly text: string; readonly byTerm: number }[] = [];
  readonly #leaderOf = new Map<number, Address>();
  readonly #commandsOf = new Map<number, readonly Uint8Array[]>();
  readonly #proposed = new Map<string, string>();
  readonly #committedBeforeRead = new Map<number, number>();

  /** Nothing is said that a crash at this very moment would make untrue (§3.8). */
  seesSent({ address, remembered }: Seen, to: Address, message: RaftMessage): void {
    const { log, snapshot, term, votedFor } = remembered;
    let isTrue = true;
    switch (message.type) {
      case 'vote':
        isTrue = term > message.term || (term === message.term && votedFor === address);
        break;
      case 'voteReply':
        isTrue = !message.granted || term > message.term || (term === message.term && votedFor === to);
        break;
      case 'appendReply':
        isTrue = term > message.term || !message.matches || log.lastIndex >= message.index;
        break;
      case 'snapshotReply':
        isTrue =
          message.standing !== 'installed' ||
          (snapshot?.index ?? 0) >= message.lastIndex ||
          log.lastIndex >= message.lastIndex;
        break;
      case 'append':
      case 'installSnapshot':
        isTrue = term >= message.term;
        break;
    }
    promise(
      isTrue,
      () =>
        `${address} says ${JSON.stringify(message)}, but its journal has term ${term}, a vote for ${votedFor} and ${log.lastIndex} entries`,
    );
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

  /** Linearizability: a read sees all that was committed before it was asked for. */
  seesReadable(id: number, index: number): void {
    const least = this.#committedBeforeRead.get(id) ?? Number.POSITIVE_INFINITY;
    promise(index >= least, () => `read ${id} at ${index} misses entries up to ${least}`);
  }

  /** State machine safety: nobody ever applies another entry at that index. */
  seesCommitted(server: Seen, entry: Entry, term: number, everybody: readonly Seen[]): void {
    const { index } = entry;
    promise(index === server.applied.length + 1, () => `entry ${index} follows ${server.applied.length}`);
    const text = textOf(entry);
    const known = this.committed[index - 1];
    server.applied.push(text);
    if (known !== undefined) {
      promise(text === known.text, () => `entry ${index} of ${server.address} is ${text}, elsewhere ${known.text}`);
      return;
    }
    this.committed.push({ text, byTerm: term });
    const holders = everybody.filter(({ remembered: { log, snapshot } }) => {
      const held = log.entryAt(index);
      return (held !== undefined && textOf(held) === text) || (snapshot?.index ?? 0) >= index;
    });
    promise(holders.length * 2 > everybody.length, () => `entry ${index} is durable on ${holders.length} only`);
    const proposed = this.#proposed.get(`${index}:${entry.term}`);
    promise(entry.kind !== 'command' || proposed === entry.data.join('.'), () => `entry ${index} was not proposed`);
  }

  seesSnapshot(server: Seen, index: number): void {
    promise(server.applied.length === index, () => `a snapshot of ${index} holds ${server.applied.length} entries`);
    server.applied.forEach((text, at) => {
      promise(text === this.committed[at]?.text, () => `entry ${at + 1} of a snapshot is ${text}`);
    });
  }

  /** Election safety and leader completeness. */
  seesLeader(leader: Address, { log, term }: ServerContext): void {
    const other = this.#leaderOf.get(term) ?? leader;
    promise(other === leader, () => `${leader} and ${other} lead term ${term}`);
    this.#leaderOf.set(term, leader);
    this.committed.forEach(({ byTerm, text }, at) => {
      if (byTerm >= term || at + 1 <= log.baseIndex) return;
      const entry = log.entryAt(at + 1);
      promise(
        entry !== undefined && textOf(entry) === text,
        () => `the leader of term ${term} lacks committed entry ${at + 1}, ${text}`,
      );
    });
  }

  seesStep(before: ServerContext, after: ServerContext): void {
    const { commitIndex, log, snapshot, term } = after;
    promise(term >= before.term, () => `term ${before.term} became ${term}`);
    promise(
      term > before.term || before.votedFor === null || after.votedFor === before.votedFor,
      () => `the vote of term ${term} changed from ${before.votedFor} to ${after.votedFor}`,
    );
    promise(commitIndex >= before.commitIndex, () => `commit index ${before.commitIndex} became ${commitIndex}`);
    promise(commitIndex <= log.lastIndex, () => `commit index ${commitIndex} is beyond the log's ${log.lastIndex}`);
    promise((snapshot?.index ?? 0) >= log.baseIndex, () => `no snapshot reaches the base ${log.baseIndex}`);
  }

  /** Log matching: where two logs have an entry of one index and term, they are equal up to there. */
  seesLogs(logs: readonly Log[]): void {
    for (const one of logs) {
      for (const other of logs) {
        let hasMatched = false;
        const lowest = Math.max(one.baseIndex, other.baseIndex);
        for (let index = Math.min(one.lastIndex, other.lastIndex); index > lowest; index -= 1) {
          const [mine, theirs] = [one.entryAt(index), other.entryAt(index)];
          if (mine === undefined || theirs === undefined) throw new Error(`no entry ${index}`);
          hasMatched ||= mine.term === theirs.term;
          promise(
            !hasMatched || mine === theirs || textOf(mine) === textOf(theirs),
            () => `logs match later, but entry ${index} is ${textOf(mine)} and ${textOf(theirs)}`,
          );
        }
      }
    }
  }
}
