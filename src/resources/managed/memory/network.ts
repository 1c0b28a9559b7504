/** The network of a group in memory, and the processes that it reaches: what is sent, arrives in order or not at all. */

import type { ServerStatus } from '../../../../statecharts/failover/servers.ts';
import type { Clock } from '../../../environment/clock.ts';
import { type Link, MemoryServer } from './server.ts';
import type { Held } from './stream.ts';

/** The name by which `cut` knows all clients. */
export const clients = 'clients';

export interface NetworkOptions {
  readonly servers: readonly string[];
  readonly clock: Clock;
  readonly latencyMs: number;
  readonly isDurable: boolean;
  /** Hears of everything that is sent. */
  readonly onSent: (from: string, to: string) => void;
}

interface Place {
  readonly server: MemoryServer;
  state: 'runs' | 'paused' | 'gone';
  /** What arrived while it was paused. */
  inbox: (() => void)[];
}

/** What lies between servers, managers and clients. */
export class Network {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #onSent: NetworkOptions['onSent'];
  readonly #places: ReadonlyMap<string, Place>;
  readonly #cuts = new Set<string>();

  constructor({ servers, clock, latencyMs, isDurable, onSent }: NetworkOptions) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
    this.#onSent = onSent;
    this.#places = new Map(
      servers.map((name) => {
        const server = new MemoryServer(name, isDurable, () => this.#replicate(name));
        return [name, { server, state: 'runs', inbox: [] }];
      }),
    );
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  at(name: string): MemoryServer {
    return this.#placeOf(name).server;
  }

  #placeOf(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) {
      throw new RangeError(`expected one of the servers ${[...this.#places.keys()].join(', ')}, not '${name}'`);
    }
    return place;
  }

  /**
   * Brings something to a server, or from one to a manager or the clients; `refuse` is what becomes of it where no process
   * listens.
   */
  send(from: string, to: string, arrive: (server: MemoryServer) => void, refuse?: () => void): void {
    const { server: ours } = this.#placeOf(this.has(to) ? to : from);
    this.#onSent(from, to);
    this.#later(() => {
      if (this.#cuts.has(way(from, to))) return;
      const place = this.#places.get(to);
      if (place?.state === 'gone') refuse?.();
      else if (place?.state === 'paused') place.inbox.push(() => arrive(place.server));
      else arrive(ours);
    });
  }

  /** Which streams are up is for the network to know, too. */
  statusOf(server: MemoryServer): ServerStatus {
    const status = server.status();
    const { link } = server;
    const attached = Object.entries(status.confirmed).filter(([standby]) => this.#isAttached(standby, server.name));
    return {
      ...status,
      isLinked: status.isLinked && link !== undefined && this.#isOpen(server.name, link),
      confirmed: Object.fromEntries(attached),
    };
  }

  #isAttached(standby: string, primary: string): boolean {
    const { server, state } = this.#placeOf(standby);
    return state !== 'gone' && server.link?.primary === primary && this.#isOpen(standby, server.link);
  }

  /** What follows a primary is brought to where that is. */
  #replicate(name: string): void {
    for (const [standby, { server }] of this.#places) {
      const { link } = server;
      if (link?.primary === name && this.#isOpen(standby, link)) this.#stream(name, standby, link);
    }
  }

  /** A standby asks its primary for what it lacks. */
  catchUp(standby: string): void {
    const { link } = this.at(standby);
    if (link === undefined || !this.has(link.primary)) return;
    this.send(standby, link.primary, (server) => {
      if (server.isPrimary) this.#stream(link.primary, standby, link);
    });
  }

  #stream(primary: string, standby: string, link: Link): void {
    const { held } = this.at(primary);
    this.send(primary, standby, (server) => {
      if (server.take(link, held)) this.#confirm(standby, primary, held);
    });
  }

  #confirm(standby: string, primary: string, held: Held): void {
    this.send(standby, primary, (server) => server.confirm(standby, held));
  }

  #isOpen(standby: string, { primary }: Link): boolean {
    const place = this.#places.get(primary);
    return place?.state !== 'gone' && place?.server.isPrimary === true && !this.#cuts.has(way(primary, standby));
  }

  pause(name: string): void {
    const place = this.#placeOf(name);
    if (place.state === 'runs') place.state = 'paused';
  }

  resume(name: string): void {
    const place = this.#placeOf(name);
    if (place.state !== 'paused') return;
    place.state = 'runs';
    for (const arrive of place.inbox.splice(0)) arrive();
    this.#catchUpWith(name);
  }

  crash(name: string): void {
    const place = this.#placeOf(name);
    if (place.state === 'gone') return;
    place.state = 'gone';
    place.inbox = [];
    place.server.end();
  }

  restart(name: string, forgottenWrites: number): void {
    const place = this.#placeOf(name);
    if (place.state !== 'gone') return;
    place.server.begin(forgottenWrites);
    place.state = 'runs';
  }

  /** Loses what goes from one to the other; the other way works. */
  cutOneWay(from: string, to: string): void {
    this.#cuts.add(way(from, to));
  }

  cut(one: string, other: string): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  heal(one: string, other: string): void {
    this.#cuts.delete(way(one, other));
    this.#cuts.delete(way(other, one));
    for (const name of [one, other]) if (this.has(name)) this.#catchUpWith(name);
  }

  /** A server, and all that follow it, ask for what they have missed. */
  #catchUpWith(name: string): void {
    for (const [standby, { server }] of this.#places) {
      if (standby === name || server.link?.primary === name) this.catchUp(standby);
    }
  }

  #later(run: () => void): void {
    if (this.#latencyMs === 0) this.#clock.enqueue(run);
    else this.#clock.setTimeout(run, this.#latencyMs);
  }
}

const way = (from: string, to: string): string => `${from}>${to}`;
