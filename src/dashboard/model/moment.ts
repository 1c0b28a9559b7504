/** The whole cluster at one moment, as a fold over what happened until then. */

import type { Address } from '../../../statecharts/actor/address.ts';
import type { Shown, ShownActor } from '../feed.ts';

export type ItemOf<Type extends Shown['type']> = Extract<Shown, { readonly type: Type }>;

/** How a node is. */
export interface NodeNow {
  readonly name: string;
  /** `unknown` until the feed has told. */
  readonly status: 'unknown' | 'up' | 'down' | 'paused';
  readonly reason?: string;
  readonly sinceMs: number;
}

/** How an actor stands, and what it did last. */
export interface ActorNow extends ShownActor {
  readonly node: string;
  readonly bornMs: number;
  /** Since when it has its role. */
  readonly roleSinceMs: number;
  /** Its last step, and the last one that took a transition. */
  readonly step?: ItemOf<'step'>;
  readonly transition?: ItemOf<'step'>;
  /** What left on account of its last step, the latest. */
  readonly sends: readonly ItemOf<'sent'>[];
}

/** What one node says of its connection to another. */
export interface PeerNow {
  readonly node: string;
  readonly peer: string;
  readonly status: string;
  readonly reason?: string;
}

/** A cluster at one moment. */
export interface Moment {
  readonly nodes: ReadonlyMap<string, NodeNow>;
  readonly actors: ReadonlyMap<Address, ActorNow>;
  /** Those that began and have not ended, by id. */
  readonly operations: ReadonlyMap<string, ItemOf<'operation'>>;
  readonly faults: ReadonlyMap<string, ItemOf<'fault'>>;
  /** By `NODE PEER`. */
  readonly peers: ReadonlyMap<string, PeerNow>;
  readonly violations: readonly ItemOf<'violation'>[];
  /** How many actors, operations and faults there was no room for. */
  readonly omitted: number;
}

const maxSends = 16;
const maxViolations = 16;

/** A moment on which things happen. */
export class RunningMoment implements Moment {
  readonly nodes: Map<string, NodeNow>;
  readonly actors: Map<Address, ActorNow>;
  readonly operations: Map<string, ItemOf<'operation'>>;
  readonly faults: Map<string, ItemOf<'fault'>>;
  readonly peers: Map<string, PeerNow>;
  violations: readonly ItemOf<'violation'>[];
  omitted: number;
  readonly #atOnce: number;

  /** @param atOnce how many actors, open operations and faults are kept, each */
  constructor(from: Moment, atOnce: number) {
    this.nodes = new Map(from.nodes);
    this.actors = new Map(from.actors);
    this.operations = new Map(from.operations);
    this.faults = new Map(from.faults);
    this.peers = new Map(from.peers);
    this.violations = from.violations;
    this.omitted = from.omitted;
    this.#atOnce = atOnce;
  }

  /** Before anything has happened. */
  static before(nodes: readonly string[], atOnce: number): RunningMoment {
    const known = nodes.map((name): [string, NodeNow] => [name, { name, status: 'unknown', sinceMs: 0 }]);
    const none = { actors: new Map(), operations: new Map(), faults: new Map(), peers: new Map(), violations: [] };
    return new RunningMoment({ ...none, nodes: new Map(known), omitted: 0 }, atOnce);
  }

  /** A copy that stays as it is. */
  copy(): RunningMoment {
    return new RunningMoment(this, this.#atOnce);
  }

  apply(item: Shown): void {
    switch (item.type) {
      case 'up':
      case 'resumed':
        this.#turn(item, 'up');
        break;
      case 'paused':
        this.#turn(item, 'paused');
        break;
      case 'down':
        this.#turn(item, 'down', item.reason);
        this.#forget(item.node);
        break;
      case 'actor':
        this.#put(this.actors, item.actor, standing(item, this.actors.get(item.actor)));
        break;
      case 'gone':
        this.actors.delete(item.actor);
        break;
      case 'step':
        this.#put(this.actors, item.actor, stepped(item, this.actors.get(item.actor)));
        break;
      case 'sent':
        this.#send(item);
        break;
      case 'peer':
        this.#put(this.peers, `${item.node} ${item.peer}`, item);
        break;
      case 'operation':
        if (item.phase === 'began') this.#put(this.operations, item.id, item);
        else this.operations.delete(item.id);
        break;
      case 'fault':
        if (item.isActive) this.#put(this.faults, item.id, item);
        else this.faults.delete(item.id);
        break;
      case 'violation':
        this.violations = [...this.violations, item].slice(-maxViolations);
        break;
      case 'lost':
      case 'arrived':
      case 'flushed':
      case 'summary':
        break;
    }
  }

  #turn({ node: name, atMs: sinceMs }: Shown, status: NodeNow['status'], reason?: string): void {
    this.#put(this.nodes, name, { name, status, sinceMs, ...(reason === undefined ? {} : { reason }) });
  }

  /** A process that is gone has no actors, and no connections. */
  #forget(node: string): void {
    for (const [address, actor] of this.actors) if (actor.node === node) this.actors.delete(address);
    for (const [key, peer] of this.peers) if (peer.node === node) this.peers.delete(key);
  }

  #send(item: ItemOf<'sent'>): void {
    const sender = this.actors.get(item.from);
    if (sender?.step === undefined || sender.step.id !== item.step) return;
    this.actors.set(item.from, { ...sender, sends: [...sender.sends, item].slice(-maxSends) });
  }

  #put<Key, Value>(into: Map<Key, Value>, key: Key, value: Value): void {
    if (into.size < this.#atOnce || into.has(key)) into.set(key, value);
    else this.omitted += 1;
  }
}

function standing(item: ItemOf<'actor'>, before: ActorNow | undefined): ActorNow {
  const { type: _type, node, atMs, ...shown } = item;
  const isSameRole = before !== undefined && before.role === shown.role;
  return {
    ...shown,
    node,
    bornMs: before?.bornMs ?? atMs,
    roleSinceMs: isSameRole ? before.roleSinceMs : atMs,
    sends: [],
  };
}

function stepped(item: ItemOf<'step'>, before: ActorNow | undefined): ActorNow {
  const { node, atMs, actor, chart, value, role, context } = item;
  const transition = item.transitions.length > 0 ? item : before?.transition;
  return {
    actor,
    chart,
    value,
    context,
    ...(role === undefined ? {} : { role }),
    node,
    bornMs: before?.bornMs ?? atMs,
    roleSinceMs: before !== undefined && before.role === role ? before.roleSinceMs : atMs,
    step: item,
    ...(transition === undefined ? {} : { transition }),
    sends: [],
  };
}
