/** The connection to the NATS server, which its client keeps up: messages in and out, and word of when it is gone. */

import type { NatsConnection } from '@nats-io/transport-node';
import { pause } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { messageOf } from '../../environment/message.ts';
import { BusOptionsError, ConnectionError } from '../errors.ts';
import type { Post } from './exchange.ts';
import { overheadBytes } from './wire.ts';

/** How to reach the server: a URL like `nats://user:word@host:4222`, or more of what its client takes. */
export type NatsServer = string | NatsServerOptions;

/**
 * What the client of NATS, `@nats-io/transport-node`, takes of the same names. It is said here, as that is an optional dependency: what
 * others import must have types without it.
 */
export interface NatsServerOptions {
  /** `host:port`, of one server or several of a cluster. Default `127.0.0.1:4222`. */
  readonly servers?: string | readonly string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Signs what the server asks to be signed, such as `credsAuthenticator` of that package makes. */
  readonly authenticator?: (nonce?: string) => NatsLogin;
  readonly tls?: NatsTls;
  /** How long a connection may take to be made, in milliseconds. Default 20,000. */
  readonly timeout?: number;
}

type NatsLogin =
  // What has nothing to say returns nothing.
  // biome-ignore lint/suspicious/noConfusingVoidType: as the client has it
  | void
  | { auth_token: string }
  | { user: string; pass?: string }
  | { nkey: string; sig: string }
  | { jwt: string; nkey?: string; sig?: string };

/** Texts in PEM, or the files that hold them. */
export interface NatsTls {
  readonly ca?: string;
  readonly caFile?: string;
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly handshakeFirst?: boolean;
}

export interface ServerOptions {
  readonly server: NatsServer;
  /** What the server's monitoring calls this end. */
  readonly name: string;
  /** The subject of this end. */
  readonly subject: string;
  readonly environment: Environment;
  readonly onMessage: (bytes: Uint8Array) => void;
  /** The server said that nothing listens where a call went. @param name the last token of its reply subject */
  readonly onUnanswered: (name: string) => void;
  readonly onDisconnected: (error: ConnectionError) => void;
}

export interface Server extends Post {
  /** The host and port that it was found at. */
  readonly found: string;
  /** Takes messages from now on. It resolves when the server sends them. */
  listen(): Promise<void>;
  /** Lets what was published reach the server, for a while at most, and closes. */
  close(timeoutMs: number): Promise<void>;
}

/** What a message must hold besides overhead, so that streams get on. */
const leastPartBytes = 1_024;
/** Larger parts would hold up other traffic of the server. */
const mostBytes = 64 * 1_024;
const reconnectMs = 250;
/** A server that says nothing for two to three of these is taken as lost: one whose machine is gone closes no connection. */
const pingMs = 2_000;
const unansweredPings = 2;
/** What the server sends in place of a message when nothing listens. */
const noResponders = 503;

/** @throws ConnectionError when it cannot be reached; BusOptionsError for a URL that is none, when it takes too little, or without its client */
export async function connectServer(options: ServerOptions): Promise<Server> {
  const { server, name, subject, environment, onMessage, onUnanswered, onDisconnected } = options;
  const { servers = '127.0.0.1:4222', ...wanted } = typeof server === 'string' ? serverOptionsOf(server) : server;
  const { connect } = await clientOfNats();
  let connection: NatsConnection;
  try {
    connection = await connect({
      reconnectTimeWait: reconnectMs,
      pingInterval: pingMs,
      maxPingOut: unansweredPings,
      ...wanted,
      servers: typeof servers === 'string' ? servers : [...servers],
      name,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
    });
  } catch (cause) {
    throw new ConnectionError(
      `expected a NATS server at ${String(servers)}, got: ${messageOf(cause)}; start one, or correct its URL and login`,
      { cause },
    );
  }
  const limitBytes = Math.min(mostBytes, connection.info?.max_payload ?? 0);
  if (limitBytes < overheadBytes + leastPartBytes) {
    await connection.close();
    throw new BusOptionsError(
      `expected a NATS server that takes messages of ${overheadBytes + leastPartBytes} bytes, got one that takes ${limitBytes}; raise its max_payload`,
    );
  }
  let isUp = true;
  const watch = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'staleConnection') {
        if (isUp) {
          isUp = false;
          onDisconnected(new ConnectionError(`the connection to the NATS server at ${connection.getServer()} broke`));
        }
      } else if (type === 'reconnect') isUp = true;
    }
  };
  void watch();
  return {
    found: connection.getServer(),
    limitBytes,
    get isUp() {
      return isUp && !connection.isClosed();
    },
    publish: (to, bytes, reply) => connection.publish(to, bytes, reply === undefined ? {} : { reply }),
    async listen() {
      connection.subscribe(subject, { callback: (error, { data }) => void (error === null && onMessage(data)) });
      connection.subscribe(`${subject}.*`, {
        callback(error, { data, headers, subject: at }) {
          if (error === null && data.length === 0 && headers?.code === noResponders)
            onUnanswered(at.slice(subject.length + 1));
        },
      });
      await connection.flush();
    },
    async close(timeoutMs) {
      if (isUp) await Promise.race([connection.flush().catch(() => undefined), pause(environment.clock, timeoutMs)]);
      isUp = false;
      await connection.close();
    },
  };
}

/** @throws BusOptionsError when it is not installed, as it is an optional peer of this package */
async function clientOfNats(): Promise<typeof import('@nats-io/transport-node')> {
  try {
    return await import('@nats-io/transport-node');
  } catch (cause) {
    throw new BusOptionsError(
      "expected the package '@nats-io/transport-node' (3.4 or later); install it: npm install @nats-io/transport-node",
      { cause },
    );
  }
}

function serverOptionsOf(text: string): NatsServerOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new BusOptionsError(`expected a URL like nats://127.0.0.1:4222 (or tls://...), got '${text}'`);
  }
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const login = user === '' ? {} : pass === '' ? { token: user } : { user, pass };
  return {
    servers: `${url.hostname}:${url.port === '' ? '4222' : url.port}`,
    ...login,
    ...(url.protocol === 'tls:' ? { tls: {} } : {}),
  };
}
