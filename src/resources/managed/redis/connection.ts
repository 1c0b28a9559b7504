/**
 * Connections to a server of Redis for managers. Whatever is asked has a deadline, and a connection on which one passed, or
 * that was lost, is never used again: no command waits for a reconnect, and none is sent a second time.
 */

import type { ConnectionOptions } from 'node:tls';
import type { Redis } from 'ioredis';
import type { Clock } from '../../../environment/clock.ts';
import { messageOf } from '../../../environment/message.ts';
import { budget, within } from '../../deadline.ts';
import { DriverMissingError, ResourceLoginError, ResourceUnreachableError } from '../../errors.ts';
import type { RedisAddress } from './info.ts';

/** How a manager is let in. */
export interface RedisLogin {
  /** Of an ACL user; without it, `password` is that of the default user. */
  readonly username?: string;
  readonly password?: string;
  /** For servers that speak TLS: options of `tls.connect`, such as `ca`. */
  readonly tls?: ConnectionOptions;
}

export type Command = readonly [name: string, ...args: readonly (string | number)[]];

/** What one command was answered: a value, or the server's error. */
export type Reply = { readonly value: unknown } | { readonly error: Error };

export interface RedisConnection {
  isOpen(): boolean;
  /** Resolves with why the connection is closed, once it is; also after `close`. */
  readonly closed: Promise<string>;
  /**
   * Sends commands in one go, so that none of another asker comes between them.
   *
   * @throws ResourceDeadlineError, ResourceUnreachableError; then the connection is closed, and whether they happened is open
   */
  send(commands: readonly Command[], timeoutMs: number): Promise<readonly Reply[]>;
  /** As `send`, of one command. @throws the server's error, too */
  ask(command: Command, timeoutMs: number): Promise<unknown>;
  /** Idempotent. */
  close(): void;
}

export interface ConnectParts {
  /** For messages: the name of the server. */
  readonly name: string;
  readonly address: RedisAddress;
  readonly login: RedisLogin;
  readonly clock: Clock;
}

/** Login was refused; but the server is there. */
const loginErrors = /^(?:NOAUTH|WRONGPASS|NOPERM)\b/;

/** @throws ResourceUnreachableError, ResourceLoginError, ResourceDeadlineError, DriverMissingError */
export async function connect(parts: ConnectParts, timeoutMs: number): Promise<RedisConnection> {
  const { name, address, login, clock } = parts;
  const Driver = await loadDriver();
  const redis = new Driver({
    ...address,
    ...login,
    protocol: 2,
    connectTimeout: Math.ceil(timeoutMs),
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    disableClientInfo: true,
  });
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    await within(clock, redis.connect(), timeoutMs, `the connection to '${name}'`);
  } catch (error) {
    redis.disconnect();
    const cause = lastError ?? error;
    if (loginErrors.test(messageOf(cause))) {
      throw new ResourceLoginError(`'${name}' refused the login: ${messageOf(cause)}; check user and password`, {
        cause,
      });
    }
    throw unreachable(name, cause);
  }
  return openedOn(redis, name, clock, () => lastError);
}

function openedOn(redis: Redis, name: string, clock: Clock, lastError: () => Error | undefined): RedisConnection {
  const closed = new Promise<string>((resolve) => {
    redis.once('end', () => resolve(messageOf(lastError() ?? 'the connection was closed')));
  });
  const send = async (commands: readonly Command[], timeoutMs: number): Promise<readonly Reply[]> => {
    const replies = commands.map(([command, ...args]) =>
      redis.call(command, ...args).then(
        (value): Reply => ({ value }),
        (error: unknown): Reply => {
          if (isServersError(error)) return { error };
          throw unreachable(name, lastError() ?? error);
        },
      ),
    );
    try {
      return await within(clock, Promise.all(replies), timeoutMs, `${commands[0]?.[0] ?? 'nothing'} at '${name}'`);
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  };
  return {
    isOpen: () => redis.status === 'ready',
    closed,
    send,
    async ask(command, timeoutMs) {
      const [reply] = await send([command], timeoutMs);
      return valueIn(reply);
    },
    close: () => redis.disconnect(),
  };
}

/** The value of a reply. @throws the server's error */
export function valueIn(reply: Reply | undefined): unknown {
  if (reply === undefined) throw new RangeError('expected a reply for each command');
  if ('error' in reply) throw reply.error;
  return reply.value;
}

/** Whether the server answered with an error, so that it is there and the command did not happen. */
export const isServersError = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** Whether nothing listens at the address. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === 'ECONNREFUSED') || isRefused(error.cause);
}

/** A connection that is made when something is asked, and anew when it was lost. */
export class Lane {
  readonly #parts: ConnectParts;
  #connection: RedisConnection | undefined;
  /** All that ask meanwhile share the attempt. */
  #connecting: Promise<RedisConnection> | undefined;
  #isClosed = false;

  constructor(parts: ConnectParts) {
    this.#parts = parts;
  }

  /** As `RedisConnection.send`; one more attempt where an earlier connection turns out to have been lost. */
  async send(commands: readonly Command[], timeoutMs: number): Promise<readonly Reply[]> {
    const left = budget(this.#parts.clock, timeoutMs);
    if (this.#connection?.isOpen() === true) {
      try {
        return await this.#connection.send(commands, left.remainingMs());
      } catch (error) {
        if (!(error instanceof ResourceUnreachableError)) throw error;
      }
    }
    this.#connecting ??= this.#connect(left.remainingMs());
    const what = `the connection to '${this.#parts.name}'`;
    const connection = await within(this.#parts.clock, this.#connecting, left.remainingMs(), what);
    return await connection.send(commands, left.remainingMs());
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }

  async #connect(timeoutMs: number): Promise<RedisConnection> {
    try {
      const connection = await connect(this.#parts, timeoutMs);
      if (this.#isClosed) connection.close();
      this.#connection = connection;
      return connection;
    } finally {
      this.#connecting = undefined;
    }
  }
}

const unreachable = (name: string, cause: unknown): ResourceUnreachableError =>
  new ResourceUnreachableError(`no connection to '${name}': ${messageOf(cause)}`, { cause });

let driver: Promise<typeof Redis> | undefined;

function loadDriver(): Promise<typeof Redis> {
  driver ??= import('ioredis').then(
    (loaded) => loaded.Redis,
    (cause: unknown) => {
      driver = undefined;
      throw new DriverMissingError("expected the package 'ioredis' (6 or later); install it: npm install ioredis", {
        cause,
      });
    },
  );
  return driver;
}
