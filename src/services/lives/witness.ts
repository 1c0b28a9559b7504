/**
 * The witness between a node and its bus: no message goes to a peer before that has vouched for this life of the node,
 * none comes from a peer whose life was not judged, and none at all while the node is suspended. So neither vote nor
 * acknowledgement of a rolled-back journal counts, whatever the protocol. How long the journal is travels with each
 * message: a peer that counts an acknowledgement knows the journal that it came from. Where no message goes, `position`
 * tells of it.
 */

import { type Address, addressOf, nodeOf, parseTagged, QuorateError, type Tagged } from '../../../statecharts/actor.ts';
import type { Arrival, Bus, PeerStatus } from '../../bus/bus.ts';
import { createInbox } from '../../bus/inbox.ts';
import type { Clock } from '../../environment/clock.ts';
import { JudgedPeers } from './judged.ts';
import type { LivesMemory } from './memory.ts';
import { type PositionMessage, witnessMessages } from './messages.ts';
import { createStanding, type StandingKeeper } from './standing.ts';
import { ToldPositions } from './told.ts';

const service = 'quorate.lives';

/** How often a peer that has not vouched is asked again, and one is told of a journal that has grown, in milliseconds. */
export const tellIntervalMs = 250;

export interface WitnessParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly memory: LivesMemory;
  peers(): readonly string[];
  /** Whether the journal may be an old copy, such as a directory that is not where it was. */
  readonly mustBeVouched: boolean;
  /** Every peer has vouched for it after all. */
  onCleared(): void;
}

export interface Witness {
  /** The bus for the node. Closing it closes `WitnessParts.bus`. */
  readonly bus: Bus;
  readonly standing: Pick<StandingKeeper, 'now' | 'changes' | 'failure'>;
}

/** Puts a witness between a bus and the node that gets the result. */
export const createWitness = (parts: WitnessParts): Witness => new BusWitness(parts);

class BusWitness implements Witness {
  readonly standing: StandingKeeper;
  readonly bus: Bus;
  readonly #parts: WitnessParts;
  readonly #self: Address;
  readonly #inbox = createInbox();
  readonly #judged: JudgedPeers;
  readonly #told: ToldPositions;
  /** Strangers that were asked who they are, since the peers were told last. */
  readonly #asked = new Set<string>();
  #isClosed = false;
  /** Whether this life is durable, and so may be claimed. */
  #isAlive = false;

  constructor(parts: WitnessParts) {
    const { bus, memory } = parts;
    this.#parts = parts;
    this.#self = addressOf(bus.node, service);
    this.#judged = new JudgedPeers(memory);
    this.#told = new ToldPositions(memory);
    this.standing = createStanding({
      node: bus.node,
      peers: parts.peers,
      mustBeVouched: parts.mustBeVouched || memory.rollback !== undefined,
      onObjection: (by, { reason }) => memory.setRollback({ by, reason }),
      onCleared() {
        memory.setRollback(undefined);
        parts.onCleared();
      },
    });
    this.bus = this.#busOfNode();
    this.#tellAllLater();
    memory.whenDurable(() => {
      this.#isAlive = true;
      for (const peer of parts.peers()) this.#introduce(peer);
    });
  }

  #busOfNode(): Bus {
    const { bus, peers } = this.#parts;
    const subscriptions = [
      bus.envelopes().subscribe((arrival) => this.#receive(arrival)),
      bus.peers.subscribe((status) => this.#noteStatus(status)),
    ];
    return {
      node: bus.node,
      send: (envelope) => {
        const to = nodeOf(envelope.to);
        if (to !== bus.node && (this.#judged.has(to) || peers().includes(to))) {
          if (this.standing.now.isSuspended || !this.standing.hasVouched(to)) return;
          const position = this.#told.positionFor(to);
          bus.send({ from: envelope.from, to: envelope.to, message: envelope.message, position });
          return;
        }
        bus.send(envelope);
      },
      envelopes: (address) => this.#inbox.envelopes(address),
      reject: (envelope) => bus.reject(envelope),
      peers: bus.peers,
      losses: bus.losses,
      ...(bus.backlog !== undefined && { backlog: bus.backlog }),
      close: () => {
        this.#isClosed = true;
        for (const subscription of subscriptions) subscription.unsubscribe();
        this.#inbox.complete();
        this.standing.complete();
        return bus.close();
      },
    };
  }

  #say(peer: string, message: Tagged): void {
    this.#parts.bus.send({ from: this.#self, to: addressOf(peer, service), message });
  }

  #introduce(peer: string): void {
    if (!this.#isAlive || this.#isClosed) return;
    this.#told.note(peer);
    this.#say(peer, { type: 'claim', ...this.#parts.memory.claim() });
  }

  #tellAllLater(): void {
    const { clock, peers } = this.#parts;
    clock.setTimeout(() => {
      if (this.#isClosed) return;
      this.#asked.clear();
      this.standing.refresh();
      for (const peer of peers()) {
        if (this.standing.hasVouched(peer)) this.#tell(peer);
        else this.#introduce(peer);
      }
      this.#tellAllLater();
    }, tellIntervalMs);
  }

  #tell(peer: string): void {
    const position = this.#told.newsFor(peer);
    if (position === undefined) return;
    const message: PositionMessage = { type: 'position', position };
    this.#say(peer, message);
  }

  #noteStatus({ node, status, refusal, reason }: PeerStatus): void {
    if (refusal?.code === 'journal-lost' && refusal.by === 'peer') {
      this.standing.objected(node, { code: 'journal-lost', reason: reason ?? 'it knows another journal' });
    }
    if (status === 'connected') {
      if (this.#parts.peers().includes(node)) this.#parts.clock.enqueue(() => this.#introduce(node));
      return;
    }
    this.#judged.forget(node);
    this.#told.forget(node);
  }

  #receive(arrival: Arrival): void {
    const { bus } = this.#parts;
    const { from, to, message, origin, position } = arrival;
    const peer = nodeOf(from);
    if (origin === 'member' && position !== undefined) this.#judged.grown(peer, position);
    if (origin === 'member' && to === this.#self) {
      try {
        if (from === addressOf(peer, service)) this.#hear(peer, message);
      } catch (error) {
        // A peer that talks nonsense has said nothing.
        if (!(error instanceof QuorateError)) throw error;
      }
      return;
    }
    if (origin === 'member' && peer !== bus.node) {
      if (!this.#judged.has(peer)) {
        this.#askOnce(peer);
        return;
      }
      if (this.standing.now.isSuspended) return;
    }
    if (!this.#inbox.deliver(arrival)) bus.reject(arrival);
  }

  #askOnce(peer: string): void {
    if (this.#asked.has(peer)) return;
    this.#asked.add(peer);
    this.#say(peer, { type: 'introduce' });
  }

  #hear(peer: string, message: Tagged): void {
    const said = parseTagged(this.#self, 'message', witnessMessages, message);
    switch (said.type) {
      case 'claim': {
        const verdict = this.#judged.judge(peer, said);
        if (verdict === undefined) return;
        this.#say(peer, verdict);
        if (verdict.type === 'vouch' && !this.standing.hasVouched(peer)) this.#introduce(peer);
        return;
      }
      case 'introduce':
        this.#introduce(peer);
        return;
      case 'position':
        this.#judged.grown(peer, said.position);
        return;
      case 'vouch':
        if (this.#isOfThisLife(said)) this.standing.vouched(peer);
        return;
      case 'object':
        if (this.#isOfThisLife(said)) this.standing.objected(peer, { code: 'rolled-back', reason: said.reason });
    }
  }

  #isOfThisLife({ name }: { readonly name: string }): boolean {
    return name === this.#parts.memory.claim().lives.at(-1)?.name;
  }
}
