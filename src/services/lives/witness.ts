/**
 * The witness between a node and its bus: no message goes to a peer before that has vouched for this life of the node,
 * none comes from a peer whose life was not judged, and none at all while the node is suspended. So neither vote nor
 * acknowledgement of a rolled-back journal counts, whatever the protocol. How long the journal is travels with each
 * message: a peer that counts an acknowledgement knows the journal that it came from. Where no message goes, `position`
 * tells of it.
 */

import * as v from 'valibot';
import { type Address, addressOf, nodeOf, parseTagged, QuorateError, type Tagged } from '../../../statecharts/actor.ts';
import type { Arrival, Bus } from '../../bus/bus.ts';
import { createInbox } from '../../bus/inbox.ts';
import type { Clock } from '../../environment/clock.ts';
import { claim, judgeClaim, type KnownLife, knownOf, type Rollback, rollbacks } from './claim.ts';
import type { LivesMemory } from './memory.ts';
import { createStanding, type StandingKeeper } from './standing.ts';

const service = 'quorate.lives';
const ofLife = { number: v.number(), name: v.string() };
const messages = {
  /** Judge me. */
  claim,
  /** Who are you? I have not heard since I live. */
  introduce: v.object({}),
  /** Your life is what I know, or news. */
  vouch: v.object(ofLife),
  /** Your life is not what I know. */
  /** My journal has grown. */
  position: v.object({ position: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
  object: v.object({ ...ofLife, rollback: v.picklist(rollbacks), reason: v.string() }),
};

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
export function createWitness(parts: WitnessParts): Witness {
  const { bus, clock, memory, peers } = parts;
  const self: Address = addressOf(bus.node, service);
  const inbox = createInbox();
  /** The peers whose present life was judged and accepted, and what they have said last. */
  const heard = new Map<string, KnownLife>();
  /** Which position each peer was told, and how much of the news. */
  const told = new Map<string, Pick<LivesMemory, 'position' | 'news'>>();
  const asked = new Set<string>();
  let isClosed = false;
  let isAlive = false;

  const standing = createStanding({
    node: bus.node,
    peers,
    mustBeVouched: parts.mustBeVouched || memory.rollback !== undefined,
    onObjection: (by, { reason }) => memory.setRollback({ by, reason }),
    onCleared() {
      memory.setRollback(undefined);
      parts.onCleared();
    },
  });

  const say = (peer: string, message: Tagged): void => bus.send({ from: self, to: addressOf(peer, service), message });
  const introduce = (peer: string): void => {
    if (!isAlive || isClosed) return;
    told.set(peer, { position: memory.position, news: memory.news });
    say(peer, { type: 'claim', ...memory.claim() });
  };
  /** Told with every message, so that a lost one takes no knowledge along: the last position that was news to the peer. */
  const positionFor = (peer: string): number => {
    const { position, news } = memory;
    const last = told.get(peer);
    if (last !== undefined && (last.position === position || (news !== undefined && last.news === news))) {
      return last.position;
    }
    told.set(peer, { position, news });
    return position;
  };
  const tell = (peer: string): void => {
    const last = told.get(peer)?.position;
    const position = positionFor(peer);
    if (position !== last) say(peer, Object.assign({ type: 'position' }, { position }));
  };
  const present = () => memory.claim().lives.at(-1);

  const judge = (peer: string, claimed: v.InferOutput<typeof claim>): void => {
    const known = memory.recall(peer) ?? heard.get(peer);
    const rollback = judgeClaim(known, claimed);
    const life = claimed.lives.at(-1);
    const next = knownOf(claimed);
    if (life === undefined || next === undefined) return;
    const { number, name } = life;
    if (rollback !== undefined && known !== undefined) {
      heard.delete(peer);
      say(
        peer,
        Object.assign({ type: 'object' }, { number, name, rollback, reason: reasonOf(rollback, known, claimed) }),
      );
      return;
    }
    heard.set(peer, next);
    memory.remember(peer, next);
    say(peer, Object.assign({ type: 'vouch' }, { number, name }));
    if (!standing.hasVouched(peer)) introduce(peer);
  };
  const grown = (peer: string, position: number): void => {
    const known = heard.get(peer);
    if (known === undefined || position <= known.position) return;
    const next = { ...known, position };
    heard.set(peer, next);
    memory.remember(peer, next);
  };
  const hear = (peer: string, message: Tagged): void => {
    const said = parseTagged(self, 'message', messages, message);
    switch (said.type) {
      case 'claim':
        judge(peer, said);
        return;
      case 'introduce':
        introduce(peer);
        return;
      case 'position':
        grown(peer, said.position);
        return;
      case 'vouch':
        if (said.name === present()?.name) standing.vouched(peer);
        return;
      case 'object':
        if (said.name === present()?.name) standing.objected(peer, { code: 'rolled-back', reason: said.reason });
    }
  };

  const receive = (arrival: Arrival): void => {
    const { from, to, message, origin, position } = arrival;
    const peer = nodeOf(from);
    if (origin === 'member' && position !== undefined) grown(peer, position);
    if (origin === 'member' && to === self) {
      try {
        if (from === addressOf(peer, service)) hear(peer, message);
      } catch (error) {
        // A peer that talks nonsense has said nothing.
        if (!(error instanceof QuorateError)) throw error;
      }
      return;
    }
    if (origin === 'member' && peer !== bus.node) {
      if (!heard.has(peer)) {
        if (asked.has(peer)) return;
        asked.add(peer);
        say(peer, { type: 'introduce' });
        return;
      }
      if (standing.now.isSuspended) return;
    }
    if (!inbox.deliver(arrival)) bus.reject(arrival);
  };

  const forget = (peer: string): void => {
    heard.delete(peer);
    told.delete(peer);
  };
  const introduceAgain = (peer: string): void => {
    if (peers().includes(peer)) clock.enqueue(() => introduce(peer));
  };
  const subscriptions = [
    bus.envelopes().subscribe(receive),
    bus.peers.subscribe(({ node, status, refusal, reason }) => {
      if (refusal?.code === 'journal-lost' && refusal.by === 'peer') {
        standing.objected(node, { code: 'journal-lost', reason: reason ?? 'it knows another journal' });
      }
      if (status === 'connected') introduceAgain(node);
      else forget(node);
    }),
  ];
  const tellAll = (): void => {
    if (isClosed) return;
    asked.clear();
    standing.refresh();
    for (const peer of peers()) {
      if (standing.hasVouched(peer)) tell(peer);
      else introduce(peer);
    }
    clock.setTimeout(tellAll, tellIntervalMs);
  };
  clock.setTimeout(tellAll, tellIntervalMs);
  memory.whenDurable(() => {
    isAlive = true;
    for (const peer of peers()) introduce(peer);
  });

  return {
    standing,
    bus: {
      node: bus.node,
      send(envelope) {
        const to = nodeOf(envelope.to);
        if (to !== bus.node && (heard.has(to) || peers().includes(to))) {
          if (standing.now.isSuspended || !standing.hasVouched(to)) return;
          bus.send({ from: envelope.from, to: envelope.to, message: envelope.message, position: positionFor(to) });
          return;
        }
        bus.send(envelope);
      },
      envelopes: (address) => inbox.envelopes(address),
      reject: (envelope) => bus.reject(envelope),
      peers: bus.peers,
      losses: bus.losses,
      close() {
        isClosed = true;
        for (const subscription of subscriptions) subscription.unsubscribe();
        inbox.complete();
        standing.complete();
        return bus.close();
      },
    },
  };
}

function reasonOf(rollback: Rollback, known: KnownLife, { lives, position }: v.InferOutput<typeof claim>): string {
  const now = lives.at(-1);
  switch (rollback) {
    case 'older-life':
      return `older-life: it has met life ${known.number} of the node, and this is life ${now?.number}`;
    case 'other-life':
      return `other-life: it has met another life ${known.number} of the node, so its directory was copied and ran twice`;
    case 'shorter-journal':
      return `shorter-journal: it knows ${known.position} records of the journal, of which life ${now?.number} began with ${now?.start} and has ${position}`;
  }
}
