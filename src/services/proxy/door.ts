/**
 * A port at which clients come in. Each is sent to a server; where there is none, or it does not take the connection, the
 * client waits, unread, for as long as it may. Nothing is unbounded: connections, those that wait, and their time.
 */

import { createServer, type Server, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { DoorListenError } from './errors.ts';
import { keptAlive, Link, type LinkControl, type LinkEnd } from './link.ts';
import { type RefusalReason, refuse } from './refusals.ts';
import type { Replies } from './replies.ts';
import type { Destination, ProxyLimits, ServerKind } from './settings.ts';

/** A port of a host. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where the next client goes. */
export interface Way {
  readonly destination: Destination;
  readonly replies: (client: Socket, link: LinkControl) => Replies;
}

export interface DoorOptions {
  /** Whom this port is for, as metrics and log call it. */
  readonly name: string;
  readonly group: string;
  readonly kind: ServerKind;
  readonly listen: HostPort;
  readonly limits: ProxyLimits;
  readonly clock: Clock;
  /** How to speak TLS with the servers; left out where they do not. */
  readonly tls?: ConnectionOptions | undefined;
  /** Where the next client goes; undefined while there is nowhere. Asked again when `open` is called, and now and then. */
  readonly way: () => Way | undefined;
  readonly events: DoorEvents;
}

/** What a door tells. */
export interface DoorEvents {
  refused(door: string, reason: RefusalReason): void;
  ended(door: string, end: LinkEnd, bytes: Link['bytes']): void;
  /** A server did not take a connection. */
  failed(door: string, destination: Destination, problem: string): void;
}

/** What a door holds now. */
export interface DoorStanding {
  readonly connections: number;
  readonly waiting: number;
  readonly heldBytes: number;
}

interface Waiting {
  readonly client: Socket;
  readonly deadlineMs: number;
  readonly timeout: TimeoutHandle;
}

/** A client waits at least this long before another attempt at a server that did not take its connection, in milliseconds. */
const retryMs = 100;

/** A port for clients. Nothing comes in before `listen`. */
export class Door {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #waiting = new Map<Socket, Waiting>();
  /** Those whose server is being connected to. */
  readonly #connecting = new Set<Link>();
  readonly #pending = new Map<string, number>();
  #isStopping = false;
  #retry: TimeoutHandle | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, ...keptAlive }, (client) =>
      this.#accept(client),
    );
  }

  /** @throws DoorListenError */
  async listen(): Promise<void> {
    const { host, port } = this.#options.listen;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(
          new DoorListenError(`cannot listen on ${host}:${port} for clients: ${cause.message}; choose another one`, {
            cause,
          }),
        );
      });
      this.#server.listen({ host, port, backlog: 1_024 }, resolve);
    });
    // A connection that could not be accepted is the system's limit; those that stand go on.
    this.#server.on('error', () => {});
  }

  /** Where clients come in. */
  get address(): HostPort {
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) return { host: address.address, port: address.port };
    return this.#options.listen;
  }

  get standing(): DoorStanding {
    let heldBytes = 0;
    for (const link of this.#links) heldBytes += link.heldBytes;
    return { connections: this.#links.size, waiting: this.#waiting.size + this.#connecting.size, heldBytes };
  }

  /** How many connections lead to a server, or are about to. */
  pendingAt(server: string): number {
    return this.#pending.get(server) ?? 0;
  }

  /** There is a way now, or another one: those who wait are sent on it. */
  open(): void {
    const waiting = [...this.#waiting.values()];
    for (const { client, deadlineMs, timeout } of waiting) {
      this.#options.clock.clearTimeout(timeout);
      this.#waiting.delete(client);
      this.#admit(client, deadlineMs);
    }
  }

  /** Ends the connections to servers that `isCut` names; clients of whom nothing was sent yet wait again. @returns how many */
  cut(isCut: (destination: Destination) => boolean): number {
    const cut = [...this.#links, ...this.#connecting].filter(({ destination }) => isCut(destination));
    for (const link of cut) link.cut();
    return cut.length;
  }

  /** Takes no more clients, refuses those that wait, lets the others finish for a while, and cuts the rest. */
  async stop(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#isStopping = true;
    this.#server.close();
    if (this.#retry !== undefined) clock.clearTimeout(this.#retry);
    for (const link of this.#connecting) link.cut();
    for (const { client, timeout } of [...this.#waiting.values()]) {
      clock.clearTimeout(timeout);
      this.#refuse(client, 'stopping');
    }
    this.#waiting.clear();
    if (this.#links.size === 0) return;
    const timeout = clock.setTimeout(() => this.cut(() => true), limits.drainMs);
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    clock.clearTimeout(timeout);
  }

  #accept(client: Socket): void {
    const { limits, clock } = this.#options;
    // What broke shows in the close that follows.
    client.on('error', () => {});
    client.once('close', () => this.#forgetWaiting(client));
    const clients = this.#links.size + this.#connecting.size + this.#waiting.size;
    if (clients >= limits.connections) this.#refuse(client, 'connection-limit');
    else this.#admit(client, clock.nowMs() + limits.waitMs);
  }

  #admit(client: Socket, deadlineMs: number): void {
    const way = client.destroyed || this.#isStopping ? undefined : this.#options.way();
    if (way === undefined) this.#wait(client, deadlineMs);
    else this.#connect(client, way, deadlineMs);
  }

  #connect(client: Socket, { destination, replies }: Way, deadlineMs: number): void {
    const { name, limits, clock, tls, events } = this.#options;
    this.#count(destination, 1);
    const link = new Link({
      client,
      destination,
      replies: (control) => replies(client, control),
      limits,
      clock,
      tls,
      onOpen: () => {
        this.#connecting.delete(link);
        this.#links.add(link);
      },
      onFailed: (problem) => {
        this.#connecting.delete(link);
        this.#count(destination, -1);
        events.failed(name, destination, problem);
        this.#waitForRetry(client, deadlineMs);
      },
      onClosed: (end) => {
        this.#links.delete(link);
        this.#count(destination, -1);
        events.ended(name, end, link.bytes);
        if (this.#links.size === 0) this.#onEmpty?.();
      },
    });
    this.#connecting.add(link);
  }

  #wait(client: Socket, deadlineMs: number): void {
    const { limits, clock } = this.#options;
    if (client.destroyed) return;
    if (this.#isStopping || this.#waiting.size >= limits.waiting) {
      this.#refuse(client, this.#isStopping ? 'stopping' : 'waiting-limit');
      return;
    }
    const giveUp = (): void => {
      this.#waiting.delete(client);
      this.#refuse(client, 'no-server');
    };
    const timeout = clock.setTimeout(giveUp, Math.max(0, deadlineMs - clock.nowMs()));
    this.#waiting.set(client, { client, deadlineMs, timeout });
  }

  #waitForRetry(client: Socket, deadlineMs: number): void {
    this.#wait(client, deadlineMs);
    if (this.#isStopping) return;
    this.#retry ??= this.#options.clock.setTimeout(() => {
      this.#retry = undefined;
      this.open();
    }, retryMs);
  }

  #forgetWaiting(client: Socket): void {
    const waiting = this.#waiting.get(client);
    if (waiting === undefined) return;
    this.#options.clock.clearTimeout(waiting.timeout);
    this.#waiting.delete(client);
  }

  #refuse(client: Socket, reason: RefusalReason): void {
    const { kind, group, clock, name, events } = this.#options;
    events.refused(name, reason);
    refuse(kind, group, client, reason, clock);
  }

  #count({ server }: Destination, change: 1 | -1): void {
    const count = this.pendingAt(server) + change;
    if (count === 0) this.#pending.delete(server);
    else this.#pending.set(server, count);
  }
}
