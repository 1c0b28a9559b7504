/**
 * A replicated group in memory, for tests of what steers real ones: servers, the standbys that follow a primary, clients
 * that write, and the faults that befall them. Everything that goes from one to another takes the same time, and arrives in
 * order or not at all.
 *
 * A server that crashed comes back fenced, as real ones are set up to. A paused one takes what waited for it when it goes on.
 */

import type { ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';
import type { Clock } from '../../environment/clock.ts';
import { within } from '../deadline.ts';
import { ResourceClosedError, ResourceUnreachableError } from '../errors.ts';
import { ServerRefusedError } from './errors.ts';
import { clients, Network } from './memory/network.ts';
import type { MemoryServer, Session, WriteOutcome } from './memory/server.ts';
import { valuesOf } from './memory/stream.ts';
import type { ManagedServer, ProbeResult } from './server.ts';

export type { WriteOutcome } from './memory/server.ts';

export interface MemoryGroupOptions {
  readonly servers: readonly string[];
  readonly clock: Clock;
  /** From one to another, in milliseconds; default 0, which is a later turn of the clock's queue. */
  readonly latencyMs?: number;
  /** Whether a server is the same incarnation after a restart, as of PostgreSQL; default false, as of Redis. */
  readonly isDurable?: boolean;
  /** Hears of everything that is sent between servers, managers and clients. Default: nothing does. */
  readonly onSent?: (from: string, to: string) => void;
}

export interface MemoryGroup {
  /** The server as this manager reaches it. */
  reach(server: string, manager: string): ManagedServer;
  /** A client's write at this server. `unknown` after `timeoutMs`. */
  write(server: string, value: string, timeoutMs: number): Promise<WriteOutcome>;
  /** The clients' writes that a server holds, in order. */
  contents(server: string): readonly string[];
  /** Where a server stands, as one sees it who stands beside it. */
  status(server: string): ServerStatus;
  /** Stops a server as SIGSTOP does, and lets it go on. */
  pause(server: string): void;
  resume(server: string): void;
  /** Ends a server as SIGKILL does. */
  crash(server: string): void;
  /** Begins a server that has crashed: fenced, and without its last `forgottenWrites` (default 0; `Infinity`: with none). */
  restart(server: string, forgottenWrites?: number): void;
  /** Loses all that goes between two servers, a server and a manager, or a server and its `clients`, until `heal`. */
  cut(one: string, other: string): void;
  /** Loses what goes from one to the other, until `heal`; the other way works. */
  cutOneWay(from: string, to: string): void;
  heal(one: string, other: string): void;
}

/** Makes a group whose servers run, are fenced and hold nothing. */
export function memoryGroup(options: MemoryGroupOptions): MemoryGroup {
  const { servers, clock, latencyMs = 0, isDurable = false, onSent = () => {} } = options;
  const network = new Network({ servers, clock, latencyMs, isDurable, onSent });
  return {
    reach: (server, manager) => new ReachedServer(network, clock, server, manager),
    write: (server, value, timeoutMs) =>
      within(
        clock,
        new Promise<WriteOutcome>((resolve) => {
          const answer = (outcome: WriteOutcome): void => network.send(server, clients, () => resolve(outcome));
          network.send(
            clients,
            server,
            (at) => at.write(value, answer),
            () => resolve('refused'),
          );
        }),
        timeoutMs,
        `a write at '${server}'`,
      ).catch(() => 'unknown'),
    contents: (server) => valuesOf(network.at(server).held),
    status: (server) => network.statusOf(network.at(server)),
    pause: (server) => network.pause(server),
    resume: (server) => network.resume(server),
    crash: (server) => network.crash(server),
    restart: (server, forgottenWrites = 0) => network.restart(server, forgottenWrites),
    cut: (one, other) => network.cut(one, other),
    cutOneWay: (from, to) => network.cutOneWay(from, to),
    heal: (one, other) => network.heal(one, other),
  };
}

/** A server from where a manager is. */
class ReachedServer implements ManagedServer {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #server: string;
  readonly #manager: string;
  #session: Session | undefined;
  #isClosed = false;

  constructor(network: Network, clock: Clock, server: string, manager: string) {
    network.at(server);
    this.#network = network;
    this.#clock = clock;
    this.#server = server;
    this.#manager = manager;
  }

  async probe(timeoutMs: number): Promise<ProbeResult> {
    if (this.#isClosed) return 'silent';
    const asked = new Promise<ProbeResult>((resolve) =>
      this.#network.send(
        this.#manager,
        this.#server,
        () => this.#network.send(this.#server, this.#manager, () => resolve('answers')),
        () => resolve('refused'),
      ),
    );
    return await within(this.#clock, asked, timeoutMs, 'a probe').catch(() => 'silent');
  }

  async operate(operation: ServerOperation, timeoutMs: number): Promise<ServerStatus> {
    if (this.#isClosed) throw new ResourceClosedError(`'${this.#server}' was closed; reach it anew`);
    if (operation.type === 'start') this.#network.restart(this.#server, 0);
    if (operation.type === 'stop') {
      // By a hand beside the server, which need not answer.
      this.#network.crash(this.#server);
      return this.#network.statusOf(this.#network.at(this.#server));
    }
    if (operation.type === 'claim') this.#session = { term: undefined, isEnded: false };
    const session = this.#session;
    const done = new Promise<ServerStatus>((resolve, reject) => {
      const answer = (result: ServerStatus | Error): void =>
        this.#network.send(this.#server, this.#manager, () =>
          result instanceof Error ? reject(result) : resolve(result),
        );
      this.#network.send(
        this.#manager,
        this.#server,
        (server) => this.#perform(server, session, operation, answer),
        () => reject(new ResourceUnreachableError(`nothing listens at '${this.#server}'`)),
      );
    });
    try {
      return await within(this.#clock, done, timeoutMs, `'${operation.type}' at '${this.#server}'`);
    } catch (error) {
      // Whether it happened is open: what is asked next must not be asked where it may yet come to pass.
      if ('term' in operation && !(error instanceof ServerRefusedError)) this.#session = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#session = undefined;
  }

  #perform(
    server: MemoryServer,
    session: Session | undefined,
    operation: Exclude<ServerOperation, { readonly type: 'stop' }>,
    answer: (result: ServerStatus | Error) => void,
  ): void {
    const told = (error?: Error): void => answer(error ?? this.#network.statusOf(server));
    if (operation.type === 'look' || operation.type === 'start') {
      told();
    } else if (operation.type === 'follow' && !this.#network.has(operation.primary)) {
      told(new ServerRefusedError('NOT_POSSIBLE', `expected a server of the group, not '${operation.primary}'`));
    } else {
      server.operate(session, operation, told);
      if (operation.type === 'follow') this.#network.catchUp(this.#server);
    }
  }
}
