/** The servers of a configured group, as a manager or the doctor reaches them: all that the command line knows of their kinds. */

import { type HostPort, textOf } from '../../bus/tcp.ts';
import type { Environment } from '../../environment/environment.ts';
import type { ManagedServer } from '../../resources/managed/server.ts';
import type { Finding } from '../../resources/transactional.ts';
import { loginOf, redisLoginOf } from './config/login.ts';
import type { LocatedConfig } from './config/read.ts';
import type { PostgresGroupConfig, RedisGroupConfig, ScriptGroupConfig } from './config/schema.ts';

/** A server that was reached, and what a doctor may ask beside. */
export interface Reached {
  readonly address: HostPort;
  readonly server: ManagedServer & { check?(timeoutMs: number): Promise<readonly Finding[]> };
  /** Whether a manager can start it. */
  readonly canStart: boolean;
  /** Whether one can stop it, however it stands. */
  readonly canStop: boolean;
}

/** Who reaches, and with what. */
interface Reaching {
  readonly manager: string;
  readonly environment: Environment;
  readonly locate: LocatedConfig['locate'];
}

/** Reaches the servers of a group; each connects on first use. @throws FileError when a password cannot be read */
export async function reachServers(
  { config, locate }: LocatedConfig,
  manager: string,
  environment: Environment,
): Promise<Readonly<Record<string, Reached>>> {
  const by: Reaching = { manager, environment, locate };
  switch (config.kind) {
    case 'redis':
      return await reachRedis(config, by);
    case 'postgres':
      return await reachPostgres(config, by);
    case 'script':
      return await reachScripts(config, by);
  }
}

const addressesOf = (servers: Readonly<Record<string, { readonly address: HostPort }>>) =>
  Object.fromEntries(Object.entries(servers).map(([name, { address }]) => [name, address]));

async function reachRedis({ group, login = {}, servers }: RedisGroupConfig, by: Reaching) {
  const { redisServer } = await import('../../resources/managed/redis.ts');
  const known = redisLoginOf(login, by.locate);
  const all = addressesOf(servers);
  return mapServers(servers, (server, { start, stop }) => ({
    canStart: start !== undefined,
    canStop: stop !== undefined,
    server: redisServer({
      group,
      server,
      servers: all,
      manager: by.manager,
      environment: by.environment,
      ...known,
      ...(start && { start }),
      ...(stop && { stop }),
    }),
  }));
}

async function reachPostgres({ group, login, servers }: PostgresGroupConfig, by: Reaching) {
  const { localHost, postgresServer } = await import('../../resources/managed/postgres.ts');
  const { password } = loginOf(login, by.locate);
  const urlOf = (address: HostPort): string => {
    const url = new URL(`postgres://${textOf(address)}/${encodeURIComponent(login.database)}`);
    url.username = encodeURIComponent(login.username);
    if (password !== undefined) url.password = encodeURIComponent(password);
    return url.href;
  };
  const urls = Object.fromEntries(Object.entries(servers).map(([name, { address }]) => [name, urlOf(address)]));
  const { clock } = by.environment;
  return mapServers(servers, (server, { data, binaries, configFile }) => {
    const isLocal = data !== undefined && binaries !== undefined;
    return {
      canStart: isLocal,
      // To fence a primary ends it where that can be done at all.
      canStop: false,
      server: postgresServer({
        group,
        server,
        servers: urls,
        environment: by.environment,
        ...(isLocal && {
          host: localHost({ data: by.locate(data), binaries, clock, ...(configFile !== undefined && { configFile }) }),
        }),
      }),
    };
  });
}

async function reachScripts({ group, servers }: ScriptGroupConfig, by: Reaching) {
  const { scriptServer } = await import('../../resources/managed/script.ts');
  const all = addressesOf(servers);
  return mapServers(servers, (server, { command }) => ({
    canStart: true,
    canStop: true,
    server: scriptServer({ group, server, servers: all, command, manager: by.manager, environment: by.environment }),
  }));
}

const mapServers = <Config extends { readonly address: HostPort }>(
  servers: Readonly<Record<string, Config>>,
  reach: (name: string, config: Config) => Omit<Reached, 'address'>,
): Readonly<Record<string, Reached>> =>
  Object.fromEntries(
    Object.entries(servers).map(([name, config]) => [name, { address: config.address, ...reach(name, config) }]),
  );
