/** Which roles actors and nodes had when, in a part of a history. */

import { type Address, nodeOf } from '../../../../statecharts/actor/address.ts';
import type { Moment } from '../moment.ts';
import { mainActor, nodeStandings } from '../node-standing.ts';
import type { Timeline } from '../timeline.ts';

/** From the item at `place` on an actor has `role`; without one where it has none, or is gone. */
interface Turn {
  readonly place: number;
  readonly role: string | undefined;
}

/** The roles in the part of `timeline` from position `first` to `end`. */
export class Roles {
  readonly #turns = new Map<Address, Turn[]>();
  /** The actor of each node whose role is that of the node. */
  readonly #mains = new Map<string, Address>();

  constructor(timeline: Timeline, first: number, end: number) {
    this.#findMains(timeline.at(end));
    const before = timeline.at(first);
    this.#findMains(before);
    for (const { actor, role } of before.actors.values()) this.#turn(actor, Number.NEGATIVE_INFINITY, role);
    let place = Math.max(first, timeline.first);
    for (const item of timeline.between(first, end)) {
      if (item.type === 'actor' || item.type === 'step') this.#turn(item.actor, place, item.role);
      if (item.type === 'gone') this.#turn(item.actor, place, undefined);
      if (item.type === 'down') this.#endAll(item.node, place);
      place += 1;
    }
  }

  /** All that an actor has had, by name. */
  get known(): readonly string[] {
    const roles = [...this.#turns.values()].flat().flatMap(({ role }) => (role === undefined ? [] : [role]));
    return [...new Set(roles)].sort();
  }

  /** The actor whose role is that of the node. */
  mainOf(node: string): Address | undefined {
    return this.#mains.get(node);
  }

  /**
   * The role of `address` when the item at `place` happened: two where that item changed it. What has none of its own, as a
   * service has none, has that of its node.
   */
  around(address: Address, place: number): readonly string[] {
    const own = this.#rolesOf(address, place);
    const main = this.#mains.get(nodeOf(address));
    return own.length > 0 || main === undefined ? own : this.#rolesOf(main, place);
  }

  #rolesOf(actor: Address, place: number): readonly string[] {
    const turns = this.#turns.get(actor) ?? [];
    const last = turns.findLastIndex((turn) => turn.place <= place);
    const turn = turns[last];
    const before = turn?.place === place ? turns[last - 1] : undefined;
    return [before?.role, turn?.role].filter((role) => role !== undefined);
  }

  #findMains(moment: Moment): void {
    for (const standing of nodeStandings(moment)) {
      const main = mainActor(standing);
      if (main !== undefined) this.#mains.set(standing.name, main.actor);
    }
  }

  #turn(actor: Address, place: number, role: string | undefined): void {
    const turns = this.#turns.get(actor) ?? [];
    if (turns.at(-1)?.role === role) return;
    turns.push({ place, role });
    this.#turns.set(actor, turns);
  }

  /** A process that is gone has no actors. */
  #endAll(node: string, place: number): void {
    for (const actor of this.#turns.keys()) if (nodeOf(actor) === node) this.#turn(actor, place, undefined);
  }
}
