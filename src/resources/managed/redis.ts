/**
 * A Redis server (7.0 or later) as managers of a group steer it.
 *
 * A fenced server is a replica of nowhere: read-only, and with its position kept. Its configuration file says the same, so
 * that one which restarts by itself, maybe without its data, never is primary and is never copied from. Promotion is
 * not written there. What a claim covers is in `redis/claim.ts`, and which positions count in `redis/status.ts`.
 */

import type { GaveUp, ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';
import { pause } from '../../environment/clock.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { messageOf } from '../../environment/message.ts';
import { type Budget, budget, within } from '../deadline.ts';
import { ResourceClosedError, ResourceLoginError, ResourceUnreachableError } from '../errors.ts';
import { runCommand } from './command.ts';
import { ServerRefusedError } from './errors.ts';
import { type Claimed, claim } from './redis/claim.ts';
import {
  type ConnectParts,
  connect,
  isRefused,
  Lane,
  type RedisConnection,
  type RedisLogin,
} from './redis/connection.ts';
import type { RedisAddress } from './redis/info.ts';
import { confirmWith, fence, follow, follows, look, type Primary, promote } from './redis/operations.ts';
import { probeWith } from './redis/probe.ts';
import { type Answers, answersIn, questions, statusOf, unknownPosition } from './redis/status.ts';
import { defaultTailTimeoutMs, type Tail, takeTail, withWrites } from './redis/tail.ts';
import type { ManagedServer, ProbeResult } from './server.ts';

export type { RedisLogin } from './redis/connection.ts';
export type { RedisAddress } from './redis/info.ts';

export interface RedisServerOptions extends RedisLogin {
  readonly group: string;
  /** Which of the servers it is. */
  readonly server: string;
  /** Who reaches it. */
  readonly manager: string;
  /** All of the group, each where managers, clients and the other servers reach it. */
  readonly servers: Readonly<Record<string, RedisAddress>>;
  /** Whether to fence writes Redis's configuration file; default true. With false, it must say `replicaof 127.0.0.1 1`. */
  readonly writesConfig?: boolean;
  /**
   * How long to fence a primary may wait for the writes that its standbys may never have had, which are named when they are
   * given up; default 200 milliseconds, at most a quarter of what the operation may take.
   */
  readonly tailTimeoutMs?: number;
  /** A command that starts the server, and one that ends it, however it stands. Without them, managers do not. */
  readonly start?: readonly string[];
  readonly stop?: readonly string[];
  readonly environment?: Environment;
}

/** Makes a server; connects on first use. */
export function redisServer(options: RedisServerOptions): ManagedServer {
  if (options.servers[options.server] === undefined) {
    throw new RangeError(`expected one of ${Object.keys(options.servers).join(', ')}, not '${options.server}'`);
  }
  return new RedisServer(options);
}

/** Of a server that was stopped. */
const stopped: ServerStatus = {
  role: 'fenced',
  incarnation: '',
  position: unknownPosition,
  follows: null,
  isLinked: false,
  mark: null,
  confirmed: {},
};

/** Between two looks at a server that is starting, in milliseconds. */
const startPollMs = 20;

type ClaimedOperation = Exclude<ServerOperation, { readonly type: 'look' | 'start' | 'stop' | 'claim' }>;

interface Session {
  readonly term: number;
  readonly connection: RedisConnection;
  /** As it was when it answered last. */
  role?: ServerStatus['role'];
}

class RedisServer implements ManagedServer {
  readonly #options: RedisServerOptions;
  readonly #environment: Environment;
  readonly #looking: Lane;
  readonly #probing: Lane;
  /** The connection of the claim, until it breaks. */
  #session: Session | undefined;
  /** Of when it was fenced as primary. */
  #tail: Tail | undefined;
  #gaveUp: GaveUp | undefined;
  #isClosed = false;

  constructor(options: RedisServerOptions) {
    this.#options = options;
    this.#environment = options.environment ?? systemEnvironment();
    this.#looking = new Lane(this.#partsOf(options.server));
    this.#probing = new Lane(this.#partsOf(options.server));
  }

  async probe(timeoutMs: number): Promise<ProbeResult> {
    if (this.#isClosed) return 'silent';
    return await probeWith(this.#probing, timeoutMs);
  }

  async operate(operation: ServerOperation, timeoutMs: number): Promise<ServerStatus> {
    if (this.#isClosed) throw new ResourceClosedError(`'${this.#options.server}' was closed; reach it anew`);
    const { clock } = this.#environment;
    const left = budget(clock, timeoutMs);
    const what = `'${operation.type}' at '${this.#options.server}'`;
    try {
      return await within(clock, this.#operate(operation, left), timeoutMs, what);
    } catch (error) {
      // It may yet happen, or may have: what is asked next is not asked of the same claim.
      if ('term' in operation && !(error instanceof ServerRefusedError)) this.#endSession();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endSession();
    this.#looking.close();
    this.#probing.close();
  }

  async #operate(operation: ServerOperation, left: Budget): Promise<ServerStatus> {
    switch (operation.type) {
      case 'look':
        return this.#statusOf(answersIn(await this.#looking.send(questions(this.#options.group), left.remainingMs())));
      case 'start':
      case 'stop':
        return await this.#run(operation.type, left);
      case 'claim':
        await this.#claim(operation.term, left);
        break;
      default:
        await this.#perform(operation, left);
    }
    const status = this.#statusOf(await look(this.#claimed(operation.term, left)));
    if (this.#session !== undefined) this.#session.role = status.role;
    return status;
  }

  async #claim(term: number, left: Budget): Promise<void> {
    this.#endSession();
    const { group, server, manager } = this.#options;
    const connection = await claim(this.#partsOf(server), { group, manager, term }, left.remainingMs());
    if (this.#isClosed) connection.close();
    else this.#session = { term, connection };
  }

  #claimed(term: number, left: Budget): Claimed {
    const { group, server, servers } = this.#options;
    const session = this.#session;
    if (session?.term !== term || !session.connection.isOpen()) {
      throw new ServerRefusedError(
        'CLAIM_LOST',
        `expected a claim of term ${term} on '${server}', and none is in force; claim it anew`,
      );
    }
    const another = (timeoutMs: number) => connect(this.#partsOf(server), timeoutMs);
    return { group, server, servers, connection: session.connection, connect: another, left };
  }

  async #perform(operation: ClaimedOperation, left: Budget): Promise<void> {
    const { server, writesConfig = true, tailTimeoutMs = defaultTailTimeoutMs } = this.#options;
    const claimed = this.#claimed(operation.term, left);
    switch (operation.type) {
      case 'fence': {
        if (this.#session?.role === 'primary') {
          this.#tail = await takeTail(claimed, this.#partsOf(server), tailTimeoutMs);
        }
        await fence(claimed, writesConfig);
        break;
      }
      case 'promote':
        await promote(claimed, operation);
        this.#gaveUp = undefined;
        this.#tail = undefined;
        break;
      case 'confirmWith':
        await confirmWith(claimed, operation);
        break;
      case 'follow': {
        const source = this.#options.servers[operation.primary];
        if (source === undefined || operation.primary === this.#options.server) {
          throw this.#notPossible(`expected another server of the group to follow, not '${operation.primary}'`);
        }
        if (follows(await look(claimed), source)) break;
        const gaveUp = await follow(claimed, operation.epoch, await this.#primaryAt(operation.primary, left));
        this.#gaveUp = gaveUp === undefined ? undefined : await withWrites(claimed, gaveUp, this.#tail);
        this.#tail = undefined;
      }
    }
  }

  /** How the primary that is to be followed stands. */
  async #primaryAt(name: string, left: Budget): Promise<Primary> {
    const { group } = this.#options;
    let connection: RedisConnection | undefined;
    try {
      connection = await connect(this.#partsOf(name), left.remainingMs() / 2);
      return { name, answers: answersIn(await connection.send(questions(group), left.remainingMs() / 2)) };
    } catch (error) {
      throw this.#notPossible(`'${name}' does not say whether it is primary: ${messageOf(error)}`, error);
    } finally {
      connection?.close();
    }
  }

  /** Runs the command that starts or stops the server. A stopped one has no status; its position qualifies for nothing. */
  async #run(type: 'start' | 'stop', left: Budget): Promise<ServerStatus> {
    const { group, server, servers } = this.#options;
    const command = this.#options[type];
    if (command === undefined) throw this.#notPossible(`no command is configured that would ${type} it`);
    const { host = '', port = 0 } = servers[server] ?? {};
    const { exitCode, stderr } = await runCommand(command, {
      clock: this.#environment.clock,
      timeoutMs: left.remainingMs(),
      variables: { QUORATE_GROUP: group, QUORATE_SERVER: server, QUORATE_HOST: host, QUORATE_PORT: String(port) },
    });
    if (exitCode !== 0) {
      throw this.#notPossible(`'${command.join(' ')}' ended with ${exitCode ?? 'a signal'}: ${stderr.trim()}`);
    }
    return type === 'start' ? await this.#started(left) : stopped;
  }

  async #started(left: Budget): Promise<ServerStatus> {
    for (;;) {
      try {
        return this.#statusOf(answersIn(await this.#looking.send(questions(this.#options.group), left.remainingMs())));
      } catch (error) {
        if (left.remainingMs() === 0 || error instanceof ResourceLoginError) throw error;
        if (!(error instanceof ResourceUnreachableError && isRefused(error))) throw error;
        const { clock } = this.#environment;
        await pause(clock, Math.min(startPollMs, left.remainingMs()));
      }
    }
  }

  #statusOf(answers: Answers): ServerStatus {
    const status = statusOf(answers, this.#options.servers);
    return this.#gaveUp === undefined || status.role !== 'standby' ? status : { ...status, gaveUp: this.#gaveUp };
  }

  #partsOf(name: string): ConnectParts {
    const { servers, username, password, tls } = this.#options;
    const address = servers[name];
    if (address === undefined) throw new RangeError(`expected a server of the group, not '${name}'`);
    const login = {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
    };
    return { name, address, login, clock: this.#environment.clock };
  }

  #endSession(): void {
    this.#session?.connection.close();
    this.#session = undefined;
  }

  #notPossible(why: string, cause?: unknown): ServerRefusedError {
    return new ServerRefusedError('NOT_POSSIBLE', `'${this.#options.server}' cannot do this: ${why}`, { cause });
  }
}
