/** The connection to the NATS server, which its client keeps up: messages in and out, and word of when it is gone. */

import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { pause } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { BusOptionsError, ConnectionError } from '../errors.ts';
import type { Post } from './exchange.ts';
import { overheadBytes } from './wire.ts';

/** How to reach the server: what `connect` of `@nats-io/transport-node` takes, or a URL like `nats://user:word@host:4222`. */
export type NatsServer = string | NatsServerOptions;
/** The options of `@nats-io/transport-node`, but for those by which this bus keeps its promises. */
export type NatsServerOptions = Omit<
  ConnectionOptions,
  'maxReconnectAttempts' | 'reconnect' | 'ignoreAuthErrorAbort' | 'noEcho'
>;

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
/** What the server sends in place of a message when nothing listens. */
const noResponders = 503;

/** @throws ConnectionError when it cannot be reached; BusOptionsError for a URL that is none, or when it takes too little */
export async function connectServer(options: ServerOptions): Promise<Server> {
  const { server, name, subject, environment, onMessage, onUnanswered, onDisconnected } = options;
  const wanted = typeof server === 'string' ? serverOptionsOf(server) : server;
  const { connect } = await import('@nats-io/transport-node');
  let connection: NatsConnection;
  try {
    connection = await connect({
      reconnectTimeWait: reconnectMs,
      ...wanted,
      name,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
    });
  } catch (cause) {
    throw new ConnectionError(
      `expected a NATS server at ${String(wanted.servers ?? '127.0.0.1:4222')}, got: ${cause instanceof Error ? cause.message : String(cause)}; start one, or correct its URL and login`,
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
