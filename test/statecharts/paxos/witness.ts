/**
 * The witness sees all servers of a Multi-Paxos log at once, and what a crash would leave of them, and holds them to what
 * the protocol claims.
 */

import type { Address, Tagged } from '../../../statecharts/actor.ts';
import type { QuorumSizes } from '../../../statecharts/paxos/acceptors.ts';
import { type Ballot, ballotText, isLater, sameBallot } from '../../../statecharts/paxos/ballot.ts';
import { memory, type Remembered, type ServerContext } from '../../../statecharts/paxos/log/context.ts';
import type { Entry, PaxosMessage, PaxosOutput, PaxosRecord } from '../../../statecharts/paxos/log/messages.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import { type Kit, limits, type Seen, type Watching } from '../replication/chaos-cluster.ts';

function promise(isKept: boolean, what: () => string): void {
  if (!isKept) throw new Error(`broken promise: ${what()}`);
}

type Server = Seen<Remembered> & { readonly context: ServerContext };

/** What an entry is, whoever accepted it last: its value, and the ballot at which that was first proposed. */
const identity = (entry: Entry, ballot: Ballot): string =>
  `${entry.kind} first at ${ballotText(entry.origin ?? ballot)} ${entry.kind === 'command' ? entry.data.join('.') : ''}`;

const isAtLeast = (one: Ballot | null, other: Ballot): boolean => one !== null && !isLater(other, one);

class Witness implements Watching<ServerContext, Remembered, PaxosOutput> {
  /** What was committed, by index - 1: the identity, and what an application makes of it. */
  readonly #chosen: { readonly identity: string; readonly text: string }[] = [];
  readonly #phase2Size: number;
  readonly #lives = new Map<Address, number>();
  readonly #preparedIn = new Map<string, number>();
  readonly #proposedAt = new Map<string, string>();
  readonly #commandsOf = new Map<number, readonly Uint8Array[]>();
  readonly #asked = new Map<string, string>();
  readonly #commitsBeforeRead = new Map<number, number>();

  constructor(phase2Size: number) {
    this.#phase2Size = phase2Size;
  }

  get commits(): number {
    return this.#chosen.length;
  }

  sees({ address, context }: { address: Address; context: ServerContext }): void {
    const { commitIndex, leadership, slots, promised } = context;
    promise(commitIndex <= slots.lastIndex, () => `${address} has committed a slot that it does not hold`);
    if (leadership === null || promised === null) return;
    const end = slots.acceptedTo(promised, commitIndex + 1);
    promise(end >= leadership.lastIndex, () => `${address} leads and has not accepted slot ${end + 1} at its ballot`);
  }

  seesDeath(server: Address): void {
    this.#lives.set(server, (this.#lives.get(server) ?? 0) + 1);
  }

  seesSent({ address, remembered }: Seen<Remembered>, to: Address, sent: Tagged): void {
    const message = sent as PaxosMessage;
    if (message.type === 'refused' || message.type === 'beat') return;
    const { ballot } = message;
    promise(
      isAtLeast(remembered.promised, ballot),
      () => `${address} says ${message.type} to ${to} at a ballot not durable`,
    );
    if (message.type === 'prepare') {
      const life = this.#lives.get(address) ?? 0;
      const before = this.#preparedIn.get(ballotText(ballot)) ?? life;
      this.#preparedIn.set(ballotText(ballot), life);
      promise(before === life, () => `${address} uses ballot ${ballotText(ballot)} in two lives`);
    } else if (message.type === 'accept') {
      for (const entry of message.entries) this.#seesProposal(ballot, entry);
    } else if (message.type === 'accepted') {
      for (let slot = this.commits + 1; slot <= message.upTo; slot += 1) {
        const isHeld = isAtLeast(remembered.slots.ballotAt(slot), ballot);
        promise(isHeld, () => `${address} says that it has accepted slot ${slot}, which is not durable`);
      }
    }
  }

  #seesProposal(ballot: Ballot, entry: Entry): void {
    const place = `${entry.index} at ${ballotText(ballot)}`;
    const proposal = identity(entry, ballot);
    const before = this.#proposedAt.get(place) ?? proposal;
    this.#proposedAt.set(place, proposal);
    promise(before === proposal, () => `slot ${place} was proposed as ${before}, and as ${proposal}`);
    const chosen = this.#chosen[entry.index - 1];
    promise(
      chosen === undefined || chosen.identity === proposal,
      () => `chosen slot ${place} was proposed as ${proposal}`,
    );
  }

  asksProposal(id: number, commands: readonly Uint8Array[]): void {
    this.#commandsOf.set(id, commands);
  }

  asksRead(id: number): void {
    this.#commitsBeforeRead.set(id, this.commits);
  }

  hears(server: Server, output: PaxosOutput, servers: readonly Seen<Remembered>[]): void {
    if (output.type === 'committed') {
      for (const entry of output.entries) this.#seesCommitted(server, entry, output.ballot, servers);
    } else if (output.type === 'snapshotInstalled') this.#seesSnapshot(server, output.index);
    else if (output.type === 'proposed') {
      this.#commandsOf.get(output.id)?.forEach((data, place) => {
        this.#asked.set(`${output.index + place} at ${ballotText(output.ballot)}`, data.join('.'));
      });
    } else if (output.type === 'readable') {
      const known = this.#commitsBeforeRead.get(output.id) ?? Number.POSITIVE_INFINITY;
      promise(output.index >= known, () => `${server.address} reads at ${output.index} when ${known} were committed`);
    }
  }

  #seesCommitted(server: Server, entry: Entry, ballot: Ballot, servers: readonly Seen<Remembered>[]): void {
    const { index } = entry;
    promise(
      index === server.applied.length + 1,
      () => `${server.address} was told of ${index} after ${server.applied.length}`,
    );
    const text = `${index} ${entry.kind === 'command' ? entry.data.join('.') : entry.kind}`;
    server.applied.push(text);
    const told = identity(entry, ballot);
    const known = this.#chosen[index - 1];
    if (known !== undefined) {
      promise(known.identity === told, () => `slot ${index} was chosen as ${known.identity}, and as ${told}`);
      return;
    }
    this.#chosen.push({ identity: told, text });
    const origin = entry.origin ?? ballot;
    const holders = servers.filter(
      ({ remembered: { slots } }) => slots.baseIndex >= index || sameBallot(slots.originAt(index), origin),
    );
    // Slot 1 is chosen before all of them.
    promise(
      index === 1 || holders.length >= this.#phase2Size,
      () => `slot ${index} was committed when ${holders.length} held it`,
    );
    const asked = this.#asked.get(`${index} at ${ballotText(origin)}`);
    promise(entry.kind !== 'command' || asked === entry.data.join('.'), () => `entry ${index} was not proposed`);
  }

  #seesSnapshot(server: Server, index: number): void {
    promise(server.applied.length === index, () => `a snapshot of ${index} holds ${server.applied.length} entries`);
    server.applied.forEach((text, at) => {
      promise(text === this.#chosen[at]?.text, () => `entry ${at + 1} of a snapshot is ${text}`);
    });
  }
}

/** What the chaos of clusters wants to know of Multi-Paxos. */
export const paxosKit = (sizes: QuorumSizes): Kit<ServerContext, Remembered, PaxosOutput> => ({
  definition: paxosServer,
  memory: { start: memory.start, step: (state, record) => memory.step(state, record as PaxosRecord) },
  input: (voters) => ({ voters, limits, sizes }),
  witness: () => new Witness(sizes.phase2Size),
  gaveWay(before, after) {
    for (let index = after.slots.baseIndex + 1; index <= before.slots.lastIndex; index += 1) {
      const origin = before.slots.originAt(index);
      if (origin !== null && !sameBallot(origin, after.slots.originAt(index))) return true;
    }
    return false;
  },
});
