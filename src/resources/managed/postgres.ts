/**
 * A PostgreSQL server (14 or later) as a managed server, with streaming replication. It waits for confirmations by itself
 * (`synchronous_standby_names`), so what a client was told is committed is on that many standbys.
 *
 * Managers are superusers there. Standbys that are behind find what they lack in `wal_keep_size`, and are copied where that was
 * not enough: replication slots would have to be made anew at each primary, and would fill the disk of one whose standby
 * is gone for long.
 */

import { isId } from '../../../statecharts/actor.ts';
import { maxGroupLength } from '../../../statecharts/failover/group/plan.ts';
import type { GaveUp, ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { type Budget, budget } from '../deadline.ts';
import { ResourceClosedError, ResourceDeadlineError, ResourceSetupError } from '../errors.ts';
import type { Finding } from '../transactional.ts';
import { ServerRefusedError } from './errors.ts';
import { checkServer } from './postgres/check.ts';
import { claim } from './postgres/claims.ts';
import { confirmWith } from './postgres/confirming.ts';
import { fence } from './postgres/fencing.ts';
import { follow } from './postgres/following.ts';
import { type Controlled, type Grouped, sessionAt } from './postgres/group.ts';
import type { PostgresHost } from './postgres/host.ts';
import { createProbe, type Probe } from './postgres/probe.ts';
import { promote } from './postgres/promoting.ts';
import { openSession, type Session, withSession } from './postgres/session.ts';
import { lookAt } from './postgres/status.ts';
import type { ManagedServer, ProbeResult } from './server.ts';

export type { PostgresHost } from './postgres/host.ts';
export { type LocalHostOptions, localHost } from './postgres/local-host.ts';

export interface PostgresServerOptions {
  /** At most 40 letters, digits, dots, dashes and underscores: it is part of the names of sessions. */
  readonly group: string;
  readonly server: string;
  /**
   * All servers of the group, by their names, as `postgres://user:password@host:5432/database`; the user is a superuser, by
   * whom standbys connect, too, and the database the one that keeps the marks.
   */
  readonly servers: Readonly<Record<string, string>>;
  /** What each server keeps of its log for standbys that are behind. Default 1,024. */
  readonly walKeepMegabytes?: number;
  /** Absent: what needs the server's machine is refused. */
  readonly host?: PostgresHost;
  /** Default: the system's. */
  readonly environment?: Environment;
}

/** A managed server that a doctor can look at. */
export interface ManagedPostgres extends ManagedServer {
  /**
   * What failover needs of the server's settings, and which defaults leave commits out of its promise. A session that lowers
   * `synchronous_commit` itself is left out, too, and nothing but itself can see that.
   *
   * @throws ResourceUnreachableError, ResourceLoginError, ResourceDeadlineError
   */
  check(timeoutMs: number): Promise<readonly Finding[]>;
}

/** To rewind an old primary, and to start it, takes seconds. */
const operationDeadlineMs = 5_000;

/**
 * Reaches a server of a group. Connects on first use.
 *
 * @throws ResourceSetupError when names cannot stand in the settings of servers
 */
export function postgresServer(options: PostgresServerOptions): ManagedPostgres {
  const { group, server, servers, walKeepMegabytes = 1_024, host } = options;
  const names = Object.keys(servers);
  const distinct = new Set(names.map((name) => name.toLowerCase()));
  if (!isId(group) || group.length > maxGroupLength) {
    throw new ResourceSetupError(`expected a group's name of at most ${maxGroupLength} characters, got '${group}'`);
  }
  if (!names.includes(server) || !names.every(isId) || distinct.size < names.length) {
    throw new ResourceSetupError(
      `expected names of servers that differ in more than their case, '${server}' among them; got ${names.join(', ')}`,
    );
  }
  const { clock } = options.environment ?? systemEnvironment();
  return new PostgresServer({ group, server, clock, urls: new Map(Object.entries(servers)), walKeepMegabytes, host });
}

type Claimed = Exclude<ServerOperation, { readonly type: 'look' | 'start' | 'stop' | 'claim' }>;

/** The session of a claim. */
interface Control {
  readonly term: number;
  readonly session: Session;
}

class PostgresServer implements ManagedPostgres {
  readonly operationDeadlineMs = operationDeadlineMs;
  readonly #grouped: Grouped;
  readonly #probe: Probe;
  #looking: Session | undefined;
  #control: Control | undefined;
  #gaveUp: GaveUp | undefined;
  #isClosed = false;

  constructor(grouped: Grouped) {
    this.#grouped = grouped;
    this.#probe = createProbe(sessionAt(grouped, grouped.server), grouped.clock);
  }

  async probe(timeoutMs: number): Promise<ProbeResult> {
    return this.#isClosed ? 'silent' : await this.#probe.ask(timeoutMs);
  }

  async operate(operation: ServerOperation, timeoutMs: number): Promise<ServerStatus> {
    const { server, clock } = this.#grouped;
    if (this.#isClosed) throw new ResourceClosedError(`'${server}' was closed; reach it anew`);
    const limit = budget(clock, timeoutMs);
    switch (operation.type) {
      case 'look':
        break;
      case 'start':
        await this.#host('start').start(limit);
        break;
      case 'stop':
        await this.#host('stop').stop('fast', limit);
        break;
      case 'claim':
        await this.#claim(operation.term, limit);
        break;
      default:
        await this.#operateUnderClaim(operation, limit);
    }
    return await this.#look(limit);
  }

  check(timeoutMs: number): Promise<readonly Finding[]> {
    const at = sessionAt(this.#grouped, this.#grouped.server);
    return withSession(at, timeoutMs, (ask) => checkServer(ask, this.#grouped));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#probe.close();
    this.#looking?.end();
    this.#release();
    this.#grouped.host?.close();
  }

  async #look(limit: Budget): Promise<ServerStatus> {
    const { server } = this.#grouped;
    if (this.#looking?.isLost !== false) {
      this.#looking = await openSession({ ...sessionAt(this.#grouped, server, { isReplication: true }), limit });
    }
    const session = this.#looking;
    try {
      const { status } = await lookAt(session.within(limit), this.#grouped);
      return status.role !== 'standby' || this.#gaveUp === undefined ? status : { ...status, gaveUp: this.#gaveUp };
    } catch (error) {
      session.end();
      throw error;
    }
  }

  async #claim(term: number, limit: Budget): Promise<void> {
    this.#release();
    this.#control = { term, session: await claim(this.#grouped, term, limit) };
  }

  async #operateUnderClaim(operation: Claimed, limit: Budget): Promise<void> {
    await this.#assertClaimed(operation, limit);
    try {
      await this.#perform(operation, this.#controlled(operation.term, limit));
    } catch (error) {
      // Whether it happened is open: nothing more is asked where it may yet come to pass.
      if (!(error instanceof ServerRefusedError)) this.#release();
      throw error;
    }
  }

  /** A claim that is in force answers; before it has, nothing was done. */
  async #assertClaimed({ type, term }: Claimed, limit: Budget): Promise<void> {
    const control = this.#control;
    const lost = (cause?: unknown): ServerRefusedError => {
      this.#release();
      const { server } = this.#grouped;
      return new ServerRefusedError(
        'CLAIM_LOST',
        `'${server}' refuses '${type}': no claim of term ${term} is in force; claim it anew`,
        { cause },
      );
    };
    if (control?.term !== term || control.session.isLost) throw lost();
    try {
      await control.session.within(limit).rows('select 1');
    } catch (error) {
      if (!(error instanceof ResourceDeadlineError)) throw lost(error);
      this.#release();
      throw error;
    }
  }

  async #perform(operation: Claimed, controlled: Controlled): Promise<void> {
    switch (operation.type) {
      case 'fence':
        this.#gaveUp = undefined;
        return await fence(controlled);
      case 'promote':
        this.#gaveUp = undefined;
        return await promote(controlled, operation);
      case 'confirmWith':
        return await confirmWith(controlled, operation);
      case 'follow':
        return await follow(controlled, operation.primary);
    }
  }

  #controlled(term: number, limit: Budget): Controlled {
    return {
      ...this.#grouped,
      ask: () => {
        if (this.#control === undefined) throw new ResourceClosedError(`'${this.#grouped.server}' was closed`);
        return this.#control.session.within(limit);
      },
      reclaim: () => this.#claim(term, limit),
      onGaveUp: (it) => {
        this.#gaveUp = it;
      },
    };
  }

  #host(what: string): PostgresHost {
    const { host, server } = this.#grouped;
    if (host !== undefined) return host;
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `'${server}' cannot ${what}: give its data directory or its commands in the configuration`,
    );
  }

  #release(): void {
    this.#control?.session.end();
    this.#control = undefined;
  }
}
