/**
 * A client and the server that its connection leads to. Bytes go both ways as they come, never through an actor, and no
 * faster than they are taken: a side that does not read stops the other one from being read.
 */

import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import type { Replies } from './replies.ts';
import type { Destination, ProxyLimits } from './settings.ts';

/** Why a connection ended. */
export type LinkEnd =
  /** Both sides had said all, or one of them broke. */
  | 'over'
  | 'idle'
  | 'half-open'
  /** Its replies were not confirmed in time: the client does not learn the outcome. */
  | 'unconfirmed'
  /** Its server is no longer the one that it was routed to. */
  | 'cut';

export interface LinkOptions {
  readonly client: Socket;
  readonly destination: Destination;
  readonly replies: (link: LinkControl) => Replies;
  readonly limits: ProxyLimits;
  readonly clock: Clock;
  /** How to speak TLS with the server; left out where that does not. */
  readonly tls?: ConnectionOptions | undefined;
  /** The server has taken the connection. */
  readonly onOpen: () => void;
  /** The server did not take the connection. Nothing of the client's was read, and it is still the caller's. */
  readonly onFailed: (problem: string) => void;
  readonly onClosed: (end: LinkEnd) => void;
}

/** What the way of replies may ask of its connection. */
export interface LinkControl {
  /** Reads the server again. */
  resume(): void;
  /** Ends both sides, as the replies are not confirmed. */
  cutUnconfirmed(): void;
}

const keepAliveMs = 30_000;

/** How long a connection may be quiet before the system asks whether the other side is still there. */
export const keptAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs } as const;

/** A connection through the proxy. */
export class Link {
  readonly destination: Destination;
  readonly #options: LinkOptions;
  readonly #server: Socket;
  readonly #replies: Replies;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #end: LinkEnd = 'over';
  #timeout: TimeoutHandle | undefined;

  /** Begins to connect to the server. */
  constructor(options: LinkOptions) {
    const { destination, limits, clock, tls } = options;
    this.#options = options;
    this.destination = destination;
    const replies = options.replies({
      resume: () => this.#server.resume(),
      cutUnconfirmed: () => this.cut('unconfirmed'),
    });
    this.#replies = replies;
    const { host, port } = destination;
    const at = {
      host,
      port,
      allowHalfOpen: true,
      ...keptAlive,
      // Reading into a buffer of one's own spares an allocation for each chunk, and most of the work of a stream.
      onread: { buffer: () => replies.buffer, callback: (sizeBytes: number) => replies.take(sizeBytes) },
    };
    // An address is no name that a server could have a certificate by (RFC 6066, §3).
    const named = isIP(host) === 0 ? { servername: host } : {};
    this.#server = tls === undefined ? connect(at) : connectTls({ ...named, ...tls, ...at });
    this.#timeout = clock.setTimeout(
      () => this.#server.destroy(new Error(`no answer within ${limits.connectTimeoutMs} ms`)),
      limits.connectTimeoutMs,
    );
    let problem = 'the connection was closed';
    this.#server.on('error', (error) => {
      problem = error.message;
    });
    this.#server.once(tls === undefined ? 'connect' : 'secureConnect', () => this.#open());
    this.#server.once('close', (isBroken) => {
      // What it said in good order may still wait for confirmation; the client's side ends after it.
      if (this.#state !== 'connecting') return isBroken || !this.#server.readableEnded ? this.#close() : undefined;
      this.#forgetTimeout();
      this.#state = 'closed';
      options.onFailed(problem);
    });
  }

  /** Bytes that wait for one of the two sides. */
  get heldBytes(): number {
    return this.#replies.heldBytes + this.#server.writableLength;
  }

  /** Bytes that came from the client, and from the server. */
  get bytes(): { readonly fromClient: number; readonly fromServer: number } {
    if (this.#state === 'connecting') return { fromClient: 0, fromServer: 0 };
    return { fromClient: this.#options.client.bytesRead, fromServer: this.#server.bytesRead };
  }

  /** Ends both sides at once; nothing that waits here or in the system is delivered. */
  cut(end: LinkEnd = 'cut'): void {
    if (this.#state === 'connecting') this.#server.destroy();
    if (this.#state !== 'open') return;
    this.#end = end;
    reset(this.#server);
    reset(this.#options.client);
    this.#close();
  }

  #open(): void {
    const { client, limits, onOpen } = this.#options;
    const server = this.#server;
    this.#forgetTimeout();
    this.#state = 'open';
    client.on('data', (chunk: Buffer) => {
      if (!server.write(chunk)) client.pause();
    });
    server.on('drain', () => client.resume());
    client.on('drain', () => this.#replies.drained());
    client.once('end', () => {
      server.end();
      this.#limitHalfOpen();
    });
    server.once('end', () => {
      this.#replies.end();
      this.#limitHalfOpen();
    });
    client.once('close', () => this.#close());
    if (limits.idleTimeoutMs > 0) client.setTimeout(limits.idleTimeoutMs, () => this.cut('idle'));
    onOpen();
    if (client.destroyed) this.#close();
    else client.resume();
  }

  #limitHalfOpen(): void {
    const { limits, clock } = this.#options;
    this.#timeout ??= clock.setTimeout(() => this.cut('half-open'), limits.halfOpenMs);
  }

  #close(): void {
    if (this.#state === 'closed') return;
    const { client, onClosed } = this.#options;
    this.#state = 'closed';
    this.#forgetTimeout();
    this.#replies.discard();
    // One side that broke takes the other one along; one that had ended in good order is closed already, or was flushed.
    if (!client.destroyed) finish(client);
    if (!this.#server.destroyed) finish(this.#server);
    onClosed(this.#end);
  }

  #forgetTimeout(): void {
    if (this.#timeout !== undefined) this.#options.clock.clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }
}

/** Ends a side whose other one is gone: what it was told in good order it still gets. */
function finish(socket: Socket): void {
  if (socket.writableEnded) socket.destroySoon();
  else reset(socket);
}

/** Ends a side at once; under TLS there is no way to have the system say that it was not in good order. */
function reset(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
