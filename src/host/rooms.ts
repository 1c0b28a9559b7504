/**
 * Rooms: how many keys the actors of some definitions may have on a node together, so that they leave all others theirs. A
 * key takes its place with its first actor, and keeps it until nothing is left of any: neither an actor nor records.
 */

import { type Address, type AnyActor, partsOf } from '../../statecharts/actor.ts';
import { RoomFullError } from './errors.ts';

/** How many there are of something, and how many there may be. More were there before the limit was lowered. */
export interface Occupancy {
  readonly count: number;
  readonly limit: number;
}

export interface Rooms {
  /** @throws RoomFullError when the key is new to the definition's room, and that is full */
  assertRoomFor(definition: AnyActor, address: Address): void;
  /** An actor lives at the address, or the journal remembers one: full or not, as what is durable stays. */
  enter(definition: AnyActor, address: Address): void;
  /** Nothing is left of the actor. */
  leave(definition: AnyActor, address: Address): void;
  /** By the name of the room; those that a definition of the node has. */
  readonly occupancy: Readonly<Record<string, Occupancy>>;
}

/** A room, and who has a place in it. */
interface Kept {
  readonly limit: number;
  readonly keys: Map<string, Set<Address>>;
}

/**
 * Makes the rooms of a node.
 *
 * @param limits what differs from what definitions say, by the name of the room
 */
export function createRooms(node: string, limits: Readonly<Record<string, number>>): Rooms {
  const rooms = new Map<string, Kept>();
  const roomOf = ({ room }: AnyActor): Kept | undefined => {
    if (room === undefined) return undefined;
    const kept = rooms.get(room.name) ?? { limit: limits[room.name] ?? room.keys, keys: new Map() };
    rooms.set(room.name, kept);
    return kept;
  };
  return {
    assertRoomFor(definition, address) {
      const room = roomOf(definition);
      if (room === undefined || room.keys.size < room.limit || room.keys.has(partsOf(address).key)) return;
      const { name } = definition.room ?? definition;
      throw new RoomFullError(
        `expected at most ${room.limit} keys in the room '${name}' of node '${node}', got one more; use a key that is there, or raise limits.rooms`,
      );
    },
    enter(definition, address) {
      const room = roomOf(definition);
      if (room === undefined) return;
      const { key } = partsOf(address);
      const actors = room.keys.get(key);
      if (actors === undefined) room.keys.set(key, new Set([address]));
      else actors.add(address);
    },
    leave(definition, address) {
      const room = roomOf(definition);
      if (room === undefined) return;
      const { key } = partsOf(address);
      const actors = room.keys.get(key);
      actors?.delete(address);
      if (actors?.size === 0) room.keys.delete(key);
    },
    get occupancy() {
      return Object.fromEntries([...rooms].map(([name, { limit, keys }]) => [name, { count: keys.size, limit }]));
    },
  };
}
