/**
 * Three PostgreSQL servers, of which two are standbys in sync, and one of these confirms. One process here does what a manager in
 * office does when its detector says that the primary is gone, with the same operations and in the same order; so this is what
 * the servers take, without detectors that confirm each other and without a register.
 */

import { systemClock } from '../../../src/environment/clock.ts';
import { localHost, type ManagedPostgres, postgresServer } from '../../../src/resources/managed/postgres.ts';
import type { ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';
import { type PostgresGroup, startPostgresGroup } from '../../../test/fixtures/postgres-group.ts';
import { until } from '../../../test/fixtures/until.ts';
import { Client } from './client.ts';
import type { BenchGroup } from './group.ts';

const names = ['p1', 'p2', 'p3'] as const;
type Name = (typeof names)[number];

const timeoutMs = 60_000;
const probeIntervalMs = 20;
const term = 1;

export async function startSteered(isInMemory: boolean): Promise<BenchGroup> {
  const group = await startPostgresGroup(names, {}, { isInMemory });
  const steering = new Steering(group);
  await steering.found();
  await group.query(steering.primary, 'create table written (value bigint primary key)');
  return {
    about: `PostgreSQL, data ${isInMemory ? 'in memory' : 'on disk'}: the operations of one manager, a probe each ${probeIntervalMs} ms`,
    connect: () => new Client(() => group.urls[steering.primary] ?? ''),
    async crashPrimary() {
      await group.crash(steering.primary);
    },
    recover: () => steering.recover(),
    async contents() {
      const rows = await group.query(steering.primary, 'select value from written');
      return new Set(rows.map(({ value }) => Number(value)));
    },
    async close() {
      await steering.close();
      await group.remove();
    },
  };
}

/** What a manager in office does. */
class Steering {
  readonly #group: PostgresGroup;
  readonly #servers: ReadonlyMap<Name, ManagedPostgres>;
  #epoch = 0;
  #version = 1;
  #isClosed = false;
  #watching: Promise<void> = Promise.resolve();
  #failed: Name | undefined;
  /** Where clients are brought to. */
  primary: Name = 'p1';

  constructor(group: PostgresGroup) {
    this.#group = group;
    const reach = (server: Name): ManagedPostgres => {
      const host = localHost({ data: group.dataOf(server), binaries: group.binaries, clock: systemClock() });
      return postgresServer({ group: 'bench', server, servers: group.urls, host });
    };
    this.#servers = new Map(names.map((name) => [name, reach(name)]));
  }

  async found(): Promise<void> {
    for (const name of names) await this.#operate(name, { type: 'claim', term });
    await this.#elect(names);
    this.#watching = this.#watch();
  }

  /** Starts the server that crashed, and has its confirmations count once it holds all. */
  async recover(): Promise<void> {
    await until('the failure to be over', () => this.#failed !== undefined);
    const back = this.#failed;
    if (back === undefined) return;
    await this.#group.restart(back);
    await this.#operate(back, { type: 'claim', term });
    await this.#join(back);
    const inSync = names.filter((name) => name !== this.primary);
    await this.#confirmWith(inSync);
    this.#failed = undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#watching;
    for (const server of this.#servers.values()) await server.close();
  }

  async #watch(): Promise<void> {
    while (!this.#isClosed) {
      const gone = this.primary;
      if ((await this.#at(gone).probe(1_000)) !== 'refused') {
        await new Promise((resolve) => setTimeout(resolve, probeIntervalMs));
        continue;
      }
      await this.#elect(names.filter((name) => name !== gone));
      this.#failed = gone;
    }
  }

  /** Fences all, promotes the one that reaches farthest, and lets the others follow it. */
  async #elect(among: readonly Name[]): Promise<void> {
    this.#epoch += 1;
    this.#version = 1;
    const epoch = this.#epoch;
    const fenced = await Promise.all(
      among.map(async (name) => ({ name, at: await this.#operate(name, { type: 'fence', term, epoch }) })),
    );
    const [best, ...others] = fenced.sort((one, other) => other.at.position.offset - one.at.position.offset);
    if (best === undefined) throw new Error('expected a server to be there');
    const equal = others.filter(({ at }) => at.position.offset === best.at.position.offset).map(({ name }) => name);
    await this.#operate(best.name, { type: 'promote', term, epoch, version: 1, inSync: equal, confirmations: 1 });
    this.primary = best.name;
    await Promise.all(
      others.map(({ name }) => this.#operate(name, { type: 'follow', term, epoch, primary: best.name })),
    );
    if (equal.length < others.length) await this.#confirmWith(others.map(({ name }) => name));
  }

  async #join(name: Name): Promise<void> {
    await this.#operate(name, { type: 'follow', term, epoch: this.#epoch, primary: this.primary });
    await until(`'${name}' to be linked`, async () => (await this.#operate(name, { type: 'look' })).isLinked);
  }

  async #confirmWith(inSync: readonly Name[]): Promise<void> {
    this.#version += 1;
    const [epoch, version] = [this.#epoch, this.#version];
    await this.#operate(this.primary, { type: 'confirmWith', term, epoch, version, inSync, confirmations: 1 });
  }

  #operate(name: Name, operation: ServerOperation): Promise<ServerStatus> {
    return this.#at(name).operate(operation, timeoutMs);
  }

  #at(name: Name): ManagedPostgres {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`expected a server '${name}'`);
    return server;
  }
}
