/**
 * A node of a run that is played: it runs the actors of a model that live there on the host that runs them in production, tells
 * what it sees of them as the checker does, and dies and comes back when told to.
 */

import { type ActorDefinition, type Address, type AnyActor, partsOf, type Tagged } from '../../../statecharts/actor.ts';
import type { Observation } from '../../checker/steps.ts';
import { type ModelActor, ModelError } from '../../checker.ts';
import { seededIds } from '../../environment/ids.ts';
import type { Randomness } from '../../environment/random.ts';
import type { InspectionEvent } from '../../host/inspection.ts';
import { createNode, type Node } from '../../host/node.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from '../../host/outbox.ts';
import { createMemoryStorage, type MemoryStorage } from '../../journal/memory.ts';
import { createMachineClock, type MachineClock } from '../../simulator/machine-clock.ts';
import type { VirtualClock } from '../../simulator/virtual-clock.ts';
import type { Reaction, Weights } from '../timed/weights.ts';
import type { ChanceNetwork } from './network.ts';
import type { PlayedResources } from './resources.ts';

/** Models know less of a definition than nodes ask for. */
const isStartable = (definition: AnyActor): definition is ActorDefinition =>
  'at' in definition && 'step' in definition && 'timers' in definition;

export interface PlayedMachineOptions {
  readonly id: string;
  /** Those of the model that live there. */
  readonly actors: readonly ModelActor[];
  readonly time: VirtualClock;
  readonly randomness: Randomness;
  readonly network: ChanceNetwork;
  readonly resources: PlayedResources;
  /** Gives a definition the delays of the weights. */
  readonly timed: (definition: AnyActor) => AnyActor;
  readonly observe: (observation: Observation) => void;
  /** What applications ask because of what an actor has told them. */
  readonly reactions: NonNullable<Weights['reactions']>;
  /** Hears of each write of records. */
  readonly wrote: () => void;
  /** Hears that an actor, or the node, has failed. */
  readonly failed: (error: Error) => void;
}

/** One node. */
export class PlayedMachine {
  readonly id: string;
  readonly #options: PlayedMachineOptions;
  readonly #storage: MemoryStorage;
  readonly #askers = new Map<string, Address>();
  #outboxes = new Map<Address, Outbox>();
  #incarnation = 0;
  #running: { readonly node: Node; readonly clock: MachineClock } | undefined;

  constructor(options: PlayedMachineOptions) {
    const { id, time, randomness } = options;
    this.id = id;
    this.#options = options;
    this.#storage = createMemoryStorage({ node: id, clock: time, ids: seededIds(randomness.stream(`ids/${id}`)) });
  }

  /** How often it has begun. */
  get incarnation(): number {
    return this.#incarnation;
  }

  get isUp(): boolean {
    return this.#running !== undefined;
  }

  /** Begins for the first time: the application starts its actors, and asks what it has to ask. */
  start(): void {
    const { node } = this.#boot();
    for (const actor of this.#options.actors) {
      if (actor.isBornOfMessage && actor.laterLives === undefined) continue;
      this.#launch(node, actor, actor.input);
      for (const asked of actor.asks ?? []) node.request(actor.address, asked);
    }
  }

  crash(): void {
    const { network, observe } = this.#options;
    if (this.#running === undefined) return;
    observe({ type: 'crashed', node: this.id });
    this.#running.clock.kill();
    this.#running = undefined;
    this.#outboxes = new Map();
    this.#storage.crash();
    network.leave(this.id);
  }

  /** Starts again, with what its journal holds. */
  restart(): void {
    if (this.#running !== undefined) return;
    this.#options.observe({ type: 'restarted', node: this.id });
    const { node, remembered } = this.#boot();
    for (const actor of this.#options.actors) {
      const { address, isBornOfMessage, laterLives, input } = actor;
      if (!isBornOfMessage) this.#launch(node, actor, input);
      else if (laterLives?.input !== undefined && !remembered.has(address)) this.#launch(node, actor, laterLives.input);
    }
  }

  request(actor: Address, request: Tagged): void {
    // An application that has died with its node asks nothing.
    if (this.#running?.node.isAlive(actor) === true) this.#running.node.request(actor, request);
  }

  /** Where an actor stands. */
  standingOf(address: Address): { readonly life: 'running' | 'down' | 'absent'; readonly role: string | undefined } {
    if (this.#running === undefined) return { life: 'down', role: undefined };
    const seen = this.#running.node.peek(address);
    return seen === undefined
      ? { life: 'absent', role: undefined }
      : { life: 'running', role: seen.definition.roleAt(seen.state) };
  }

  #boot(): { readonly node: Node; readonly remembered: ReadonlySet<Address> } {
    const { id, time, randomness, network, resources, actors, timed } = this.#options;
    this.#incarnation += 1;
    const clock = createMachineClock(time);
    const journal = this.#storage.open();
    const remembered = new Set(journal.actors());
    const born = new Set(actors.filter(({ isBornOfMessage }) => isBornOfMessage).map(({ definition }) => definition));
    const node = createNode({
      id,
      bus: network.join(id),
      journal,
      environment: { clock, randomness, ids: seededIds(randomness.stream(`ids/${id}`)) },
      resources: resources.seenBy((operation) => this.#askerOf(operation)),
      definitions: [...born].map(timed),
      inspect: ({ inspection }) => inspection.subscribe((event) => this.#see(event)),
    });
    this.#running = { node, clock };
    return { node, remembered };
  }

  #launch(node: Node, { address, definition }: ModelActor, input: unknown): void {
    const timed = this.#options.timed(definition);
    if (!isStartable(timed))
      throw new ModelError(`expected a definition of defineActor at '${address}', got another one`);
    // Soon, and not now: what the first says to the second must find it.
    node.start(timed, { key: partsOf(address).key, input });
  }

  #askerOf(operation: string): Address {
    const asker = this.#askers.get(operation);
    if (asker !== undefined) return asker;
    throw new ModelError(`expected an operation that an actor of '${this.id}' has asked for, got '${operation}'`);
  }

  #see(event: InspectionEvent): void {
    switch (event.type) {
      case 'step': {
        const { outbox, released, records } = offer(this.#outboxes.get(event.actor) ?? emptyOutbox, event.effects);
        this.#outboxes.set(event.actor, outbox);
        if (records.length > 0) this.#options.wrote();
        this.#released(event.actor, released);
        break;
      }
      case 'flushed': {
        const outbox = this.#outboxes.get(event.actor);
        if (outbox !== undefined) this.#outboxes.set(event.actor, flushed(outbox, event.batch).outbox);
        break;
      }
      case 'released':
        this.#released(event.actor, event.effects);
        break;
      case 'stopped':
        this.#outboxes.delete(event.actor);
        break;
      case 'failed':
        this.#options.failed(event.error);
    }
  }

  /** In a later turn of the same instant, as what an application asks comes. */
  #react({ actor, request }: Reaction): void {
    this.#running?.clock.enqueue(() => this.request(actor, request));
  }

  #released(actor: Address, effects: readonly Released[]): void {
    const { observe, reactions } = this.#options;
    for (const effect of effects) {
      if (effect.type === 'send') observe({ type: 'sent', from: actor, to: effect.to, message: effect.message });
      else if (effect.type === 'deliver') {
        observe({ type: 'delivered', actor, output: effect.output });
        for (const asked of reactions(actor, effect.output)) this.#react(asked);
      } else this.#askers.set(effect.id, actor);
    }
  }
}
