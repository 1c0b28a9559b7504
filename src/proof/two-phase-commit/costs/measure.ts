/**
 * One commit on a network on which every message takes the same time, and what it costs: messages between nodes, message
 * delays until every resource manager has heard of the commit, and writes to stable storage.
 */

import { type Address, type Effect, nodeOf } from '../../../../statecharts/actor.ts';
import {
  coordinatorAddress,
  type DecisionPlace,
  defineTwoPhaseCommit,
  type Enlisted,
  participantAddress,
  participantKey,
} from '../../../../statecharts/two-phase-commit.ts';
import type { Bus, Envelope } from '../../../bus/bus.ts';
import { createMemoryNetwork } from '../../../bus/memory.ts';
import { seededIds } from '../../../environment/ids.ts';
import { seededRandomness } from '../../../environment/random.ts';
import { createNode, type Node } from '../../../host/node.ts';
import { createMemoryStorage } from '../../../journal/memory.ts';
import type { Resource } from '../../../resources/resource.ts';
import { createVirtualClock } from '../../../simulator/virtual-clock.ts';

/** Where everything runs, and who begins. */
export interface Deployment {
  /** The nodes of the resource managers, which are the participants' ones. */
  readonly participants: readonly string[];
  readonly coordinator: string;
  /** The nodes of the acceptors; none, and the coordinator's journal decides. */
  readonly acceptors: readonly string[];
  /**
   * `resource-manager`: the first of them, on another node, prepares by itself, and asks the coordinator to commit; `application`: beside
   * the coordinator, which asks all resource managers to prepare. Where the first of them is on its node, that is the same:
   * what the two say to each other costs nothing.
   */
  readonly initiator: 'resource-manager' | 'application';
}

/** A message between two nodes, and after how many delays it was sent. */
export interface Sent {
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly atDelay: number;
}

export interface Measured {
  readonly sent: readonly Sent[];
  /** After how many message delays the last participant has heard of the commit. */
  readonly delays: number;
  /** Writes that were waited for, until then: of resource managers that prepared, and of coordinator and acceptors. */
  readonly stableWrites: number;
}

const transaction = 'tx';
/** What every message takes between two nodes, in milliseconds. */
const delayMs = 1;
/** Long after everything has been said, and long before anything is said again. */
const quietMs = 100;

/** Runs one transaction to its end. */
export function measureCommit(deployment: Deployment): Measured {
  const { participants, acceptors, initiator } = deployment;
  const time = createVirtualClock();
  const network = createMemoryNetwork({ clock: time });
  const sent: Sent[] = [];
  let stableWrites = 0;
  let delays = 0;
  const heard = new Set<Address>();
  const { coordinator, participant, acceptor } = defineTwoPhaseCommit();
  const self = coordinatorAddress({ manager: deployment.coordinator, transaction });
  const place: DecisionPlace =
    acceptors.length === 0 ? { type: 'journal' } : { type: 'acceptors', nodes: acceptors, retentionMs: 1_000 };
  const branches = participants.map((node, index): Enlisted => {
    const branch = `b${index + 1}`;
    return { branch, address: participantAddress(node, { transaction, branch }), resource: 'database', last: false };
  });

  /** Every message between two nodes is counted, and takes as long as any other. */
  const counted = (bus: Bus): Bus => ({
    ...bus,
    node: bus.node,
    send(envelope) {
      note(envelope);
      time.setTimeout(() => bus.send(envelope), delayMs);
    },
  });
  const note = ({ from, to, message }: Envelope): void => {
    sent.push({ type: message.type, from: nodeOf(from), to: nodeOf(to), atDelay: Math.round(time.nowMs() / delayMs) });
  };
  const watch = (actor: Address, type: string, effects: readonly Effect[]): void => {
    const forced = effects.some((it) => it.type === 'persist' && it.unforced !== true);
    const prepares = effects.some((it) => it.type === 'perform' && it.operation.type === 'prepare');
    if (heard.size < branches.length && (forced || prepares)) stableWrites += 1;
    const isDecision = branches.some(({ address }) => address === actor) && type === 'decision';
    if (isDecision && !heard.has(actor)) {
      heard.add(actor);
      delays = Math.round(time.nowMs() / delayMs);
    }
  };
  const nodes = new Map<string, Node>();
  for (const id of new Set([deployment.coordinator, ...participants, ...acceptors])) {
    const randomness = seededRandomness(id.length);
    const ids = seededIds(randomness.stream('ids'));
    const database: Resource = {
      perform({ operation }, answer) {
        const value = operation.type === 'prepare' ? { vote: 'yes', receipt: null } : null;
        time.enqueue(() => answer({ type: 'done', value }));
      },
      close: async () => undefined,
    };
    const node = createNode({
      id,
      bus: counted(network.join(id)),
      journal: createMemoryStorage({ node: id, clock: time, ids, flushDelayMs: 0 }).open(),
      environment: { clock: time, randomness, ids },
      resources: { database },
      definitions: [coordinator, participant, acceptor],
    });
    node.inspection.subscribe((event) => {
      if (event.type === 'step') watch(event.actor, event.cause.type, event.effects);
    });
    nodes.set(id, node);
  }
  const nodeAt = (id: string): Node => {
    const found = nodes.get(id);
    if (found === undefined) throw new Error(`no node '${id}'`);
    return found;
  };

  const manager = nodeAt(deployment.coordinator);
  manager.launch(coordinator, { key: transaction, input: { type: 'begin', place } });
  for (const { branch, address } of branches) {
    const id = { manager: manager.id, transaction, branch };
    const input = { type: 'join' as const, branch: id, resource: 'database', coordinator: self };
    nodeAt(nodeOf(address)).launch(participant, { key: participantKey(id), input });
  }
  for (const it of branches) manager.request(self, { type: 'enlist', ...it });
  if (initiator === 'application') manager.request(self, { type: 'commit' });
  else beginAtFirst();

  /** What the initiating resource manager does by itself; neither of these is a message of the protocol. */
  function beginAtFirst(): void {
    const [first, ...others] = branches;
    if (first === undefined) throw new Error('expected a participant');
    const outside = network.join('outside');
    manager.inspection.subscribe((event) => {
      if (event.type !== 'step' || event.actor !== self || event.cause.type !== 'vote') return;
      if (event.from === first.address) time.enqueue(() => manager.request(self, { type: 'commit' }));
    });
    const used = [...new Set([...acceptors.filter((it) => it === manager.id), ...acceptors])];
    const poll = { nodes: used.slice(0, Math.floor(acceptors.length / 2) + 1), branches };
    const message = {
      type: 'prepare',
      place,
      peers: others.map(({ address }) => address),
      ...(acceptors.length > 0 ? { poll } : {}),
    };
    outside.send({ from: self, to: first.address, message });
    if (acceptors.length === 0) return;
    // Phase 2a goes to the acceptors; the leader is told in the same moment to begin (BeginCommit).
    let hasBegun = false;
    nodeAt(nodeOf(first.address)).inspection.subscribe((event) => {
      if (event.type !== 'step' || event.actor !== first.address || event.cause.type !== 'performed' || hasBegun)
        return;
      hasBegun = true;
      const vote = { type: 'vote', branch: first.branch, vote: 'yes', receipt: null, reason: '' };
      const begin: Envelope = { from: first.address, to: self, message: vote };
      note(begin);
      time.setTimeout(() => outside.send(begin), delayMs);
    });
  }

  while (time.nowMs() < quietMs && time.runNext());
  if (heard.size < branches.length) throw new Error('the transaction did not commit');
  return { sent, delays, stableWrites };
}
