/** The roster of a node: the definitions that it knows, and which actors and endpoints live at which addresses. */

import { type Address, type AnyActor, partsOf } from '../../statecharts/actor.ts';
import { ShortLivedMap } from '../environment/short-lived-map.ts';
import type { EndpointParts } from './endpoint.ts';
import { ActorFailedError, AddressTakenError, NodeOverloadedError } from './errors.ts';
import type { Inspection } from './inspection.ts';
import { createRooms, type Occupancy, type Rooms } from './rooms.ts';
import type { Runner } from './runner/contract.ts';

export interface RosterParts {
  /** The id of the node. */
  readonly node: string;
  /** Actors that may be alive at once, with those that failed and whose records are still there. */
  readonly maxActors: number;
  /** Keys that the rooms of definitions have, by their names, where that differs from what those say. */
  readonly rooms: Readonly<Record<string, number>>;
  readonly inspection: Inspection;
}

export interface Roster {
  /** The actors that are alive. */
  readonly runners: Pick<ShortLivedMap<Address, Runner>, 'get' | 'has' | 'keys' | 'values'>;
  readonly endpoints: ReadonlyMap<Address, EndpointParts>;
  /** The names of the definitions. */
  readonly definitions: readonly string[];
  /** The definition whose actors may live at an address. */
  definitionAt(address: Address): AnyActor | undefined;
  /** Adds definitions. @returns those that were not known @throws AddressTakenError when another has the name */
  define(definitions: readonly AnyActor[]): readonly AnyActor[];
  /** @throws ActorFailedError, AddressTakenError: no actor may begin there now */
  assertFree(address: Address): void;
  /** @throws NodeOverloadedError, RoomFullError: no actor may begin there that is not remembered */
  assertRoomFor(definition: AnyActor, address: Address): void;
  /** The journal has records of an actor, alive or not. */
  remember(definition: AnyActor, address: Address): void;
  /** How many actors there are, and keys in each room, and how many there may be. */
  readonly occupancy: { readonly actors: Occupancy; readonly rooms: Readonly<Record<string, Occupancy>> };
  /** Whether an actor or an endpoint has the address. */
  isTaken(address: Address): boolean;
  /** An actor is alive from now on. */
  enter(runner: Runner): void;
  /** An endpoint is open from now on. */
  open(address: Address, endpoint: EndpointParts): void;
  /** An endpoint has closed. */
  closed(address: Address): void;
  /** An actor has ended: its chart is final, or it failed. */
  ended(runner: Runner, error?: Error): void;
  /** Ends all actors and endpoints. */
  endAll(error?: Error): void;
}

/** Makes the roster of a node. */
export const createRoster = (parts: RosterParts): Roster => new NodeRoster(parts);

class NodeRoster implements Roster {
  readonly runners = new ShortLivedMap<Address, Runner>();
  readonly endpoints = new Map<Address, EndpointParts>();
  readonly #parts: RosterParts;
  readonly #definitions = new Map<string, AnyActor>();
  /** Actors that failed, and have records that only another node, on the same journal, will read. */
  readonly #failed = new Set<Address>();
  readonly #rooms: Rooms;

  constructor(parts: RosterParts) {
    this.#parts = parts;
    this.#rooms = createRooms(parts.node, parts.rooms);
  }

  get definitions(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  definitionAt(address: Address): AnyActor | undefined {
    return this.#definitions.get(partsOf(address).name);
  }

  define(definitions: readonly AnyActor[]): readonly AnyActor[] {
    const added: AnyActor[] = [];
    for (const definition of definitions) {
      const known = this.#definitions.get(definition.name);
      if (known === definition) continue;
      if (known !== undefined) {
        throw new AddressTakenError(
          `node '${this.#parts.node}' has another definition of the name '${definition.name}'`,
        );
      }
      this.#definitions.set(definition.name, definition);
      added.push(definition);
    }
    return added;
  }

  assertFree(address: Address): void {
    if (this.#failed.has(address)) {
      throw new ActorFailedError(
        `'${address}' failed, and its records are read only when a node starts: make a new one`,
      );
    }
    if (this.isTaken(address)) {
      throw new AddressTakenError(`'${address}' is taken; choose another key, or stop the actor that has it`);
    }
  }

  assertRoomFor(definition: AnyActor, address: Address): void {
    const { count, limit } = this.#actors;
    if (count >= limit) {
      throw new NodeOverloadedError(
        `expected at most ${limit} actors on node '${this.#parts.node}', got one more; try again later, or raise limits.actors`,
      );
    }
    this.#rooms.assertRoomFor(definition, address);
  }

  remember(definition: AnyActor, address: Address): void {
    this.#rooms.enter(definition, address);
  }

  get occupancy(): Roster['occupancy'] {
    return { actors: this.#actors, rooms: this.#rooms.occupancy };
  }

  get #actors(): Occupancy {
    return { count: this.runners.size + this.#failed.size, limit: this.#parts.maxActors };
  }

  isTaken(address: Address): boolean {
    return this.runners.has(address) || this.endpoints.has(address);
  }

  enter(runner: Runner): void {
    this.runners.set(runner.address, runner);
    this.#rooms.enter(runner.definition, runner.address);
  }

  open(address: Address, endpoint: EndpointParts): void {
    this.endpoints.set(address, endpoint);
  }

  closed(address: Address): void {
    this.endpoints.delete(address);
  }

  ended(runner: Runner, error?: Error): void {
    const { address } = runner;
    this.runners.delete(address);
    if (error !== undefined && runner.hasRecords) this.#failed.add(address);
    else this.#rooms.leave(runner.definition, address);
    const { inspection } = this.#parts;
    if (!inspection.observed) return;
    inspection.report(
      error === undefined ? { type: 'stopped', actor: address } : { type: 'failed', actor: address, error },
    );
  }

  endAll(error?: Error): void {
    const dying = this.runners.values();
    this.runners.clear();
    const closing = [...this.endpoints.values()];
    this.endpoints.clear();
    for (const endpoint of closing) endpoint.close();
    for (const runner of dying) runner.kill(error);
  }
}
