/** One manager of a group, until it is told to stop, or fails. */

import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import { QuorateError } from '../../../statecharts/actor.ts';
import { AddressInUseError } from '../../bus/errors.ts';
import { type ClusterSecret, type HostPort, openSecretFile, readSecretFile } from '../../bus/tcp.ts';
import { pause } from '../../environment/clock.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { JournalLockedError } from '../../journal/errors.ts';
import type { ManagerNode } from '../../services/failover/manager-node.ts';
import { type DashboardOption, dashboardFor } from '../dashboard.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { createLog } from '../log.ts';
import { checkReach } from '../node/checks.ts';
import { followTls, type Security, securityOf, type TlsChoice } from '../node/tls-files.ts';
import { isLoopback } from '../options.ts';
import { askedToStop } from '../stop-asked.ts';
import type { Terminal } from '../terminal.ts';
import { type LocatedConfig, readFailoverConfig } from './config/read.ts';
import { logNews } from './log.ts';
import { reachServers } from './servers.ts';

export interface RunOptions extends TlsChoice {
  readonly config: string;
  readonly id?: string;
  readonly inspect?: true | number;
  readonly dashboard?: DashboardOption;
}

/** There is no manager of that name in the file, or none that could run here. */
export class ManagerUnknownError extends UsageError {
  readonly code = 'MANAGER_UNKNOWN';
}

/** All managers of the file that belong on this machine run already. */
export class ManagersRunError extends QuorateError {
  readonly code = 'MANAGERS_RUN';
}

/** How long a clean stop may take, in milliseconds, before the process ends anyway. */
const stopMs = 8_000;

/** @returns the exit code */
export async function runManager(options: RunOptions, terminal: Terminal): Promise<number> {
  const environment = systemEnvironment();
  const stopAsked = askedToStop();
  const located = readFailoverConfig(options.config);
  const { id, manager, follow } = await startOne(located, options, environment, terminal);
  const { group, managers } = located.config;
  const log = createLog(terminal, process.stdout.isTTY === true, { group, id });
  const inspector = options.inspect === undefined ? undefined : await inspect(manager, options.inspect);
  const others = Object.keys(managers).filter((it) => it !== id);
  const seen = { title: `group ${group}, manager ${id}`, peers: others };
  const dashboard = await dashboardFor(manager.node, options.dashboard, seen, environment);
  logNews(log, manager, environment.clock);
  const endFollowing = follow(log);
  log.info(
    {
      http: manager.httpUrl,
      managers: Object.keys(managers),
      ...(inspector && { inspector: inspector.url }),
      ...(dashboard && { dashboard: dashboard.url }),
    },
    'manager runs',
  );
  const failed = new Promise<number>((resolve) => {
    manager.failure.subscribe((error) => {
      log.fatal({ code: error instanceof QuorateError ? error.code : 'INTERNAL' }, error.message);
      resolve(exitCodes.failed);
    });
  });
  const code = await Promise.race([stopAsked.then(() => exitCodes.done), failed]);
  endFollowing();
  await Promise.race([
    Promise.all([manager.stop(), inspector?.close(), dashboard?.close()]),
    pause(environment.clock, stopMs),
  ]);
  log.info('manager has stopped');
  return code;
}

async function inspect({ node }: ManagerNode, port: true | number) {
  const { serveInspector } = await import('../../inspector/server.ts');
  return await serveInspector(node, port === true ? {} : { port });
}

/** What all managers of the file that may be started here are given. */
interface Shared extends Security {
  readonly secret: ClusterSecret | undefined;
}

/** A manager, and what lets it take up files that change; that returns what ends it. */
interface Started {
  readonly manager: ManagerNode;
  readonly follow: (log: Logger) => () => void;
}

/** Starts the manager that is named, or else the first that does not run yet here. */
async function startOne(
  located: LocatedConfig,
  options: RunOptions,
  environment: Environment,
  terminal: Terminal,
): Promise<Started & { readonly id: string }> {
  const { id: named } = options;
  const { managers } = located.config;
  const known = Object.keys(managers);
  if (named !== undefined && !known.includes(named)) {
    throw new ManagerUnknownError(`expected one of ${known.join(', ')}, got '${named}'; correct --id`);
  }
  const shared = { secret: secretOf(located), ...(await securityOf(options)) };
  const able = named === undefined ? Object.entries(managers).filter(([, { listen }]) => isHere(listen)) : [];
  const candidates = named === undefined ? able.map(([id]) => id) : [named];
  if (candidates.length === 0) {
    throw new ManagerUnknownError(`no manager of the file listens at an address of this machine; name one with --id`);
  }
  for (const id of candidates) {
    try {
      return { id, ...(await start(located, id, shared, environment, terminal)) };
    } catch (error) {
      const isTaken = error instanceof JournalLockedError || error instanceof AddressInUseError;
      if (!isTaken || named !== undefined) throw error;
    }
  }
  throw new ManagersRunError(`${candidates.join(', ')} run already on this machine; look at: quorate failover status`);
}

async function start(
  located: LocatedConfig,
  id: string,
  { secret, secured, insecure }: Shared,
  environment: Environment,
  terminal: Terminal,
): Promise<Started> {
  const { config, locate } = located;
  const { group, mode, confirmations, maxFlaps, primary, discardOthers, standbys, failback, timing } = config;
  const { detector = {}, hooks } = config;
  const { listen, http, data } = managerIn(config, id);
  checkReach({ [`'listen' of ${id}`]: listen, [`'http' of ${id}`]: http }, secured !== undefined || insecure);
  const { estimator, ...settings } = detector;
  const servers = await reachServers(located, id, environment);
  const { startFailoverManager } = await import('../../services/failover/manager-node.ts');
  const manager = await startFailoverManager({
    id,
    managers: Object.fromEntries(Object.entries(config.managers).map(([name, { listen }]) => [name, listen])),
    dataDirectory: locate(data),
    ...(secret && { secret }),
    ...(secured && { tls: secured.tls }),
    http: {
      ...http,
      onUnexpected: (error) => terminal.err(error instanceof Error ? (error.stack ?? '') : String(error)),
    },
    plan: {
      group,
      mode,
      servers: Object.entries(config.servers).map(([server, { priority, standby, zone, promotable, maxLagBytes }]) => ({
        server,
        priority,
        standby,
        zone,
        isPromotable: promotable,
        maxLagBytes,
        canStart: servers[server]?.canStart,
        canStop: servers[server]?.canStop,
      })),
      primary,
      discardOthers,
      standbys,
      failback,
      settings: timing,
    },
    ...(confirmations !== undefined && { confirmations }),
    ...(maxFlaps !== undefined && { maxFlaps }),
    servers,
    ...(estimator && { estimator }),
    detector: settings,
    ...(hooks && { hooks }),
    pid: process.pid,
    environment,
  });
  const { clock } = environment;
  return {
    manager,
    follow(log) {
      if (secured === undefined) return () => {};
      const notice = (code: string, message: string): void => log.warn({ code }, message);
      return followTls({ files: secured.files, first: secured.tls, node: manager, clock, notice });
    },
  };
}

function managerIn({ managers }: LocatedConfig['config'], id: string) {
  const found = managers[id];
  if (found === undefined)
    throw new ManagerUnknownError(`expected one of ${Object.keys(managers).join(', ')}, got '${id}'`);
  return found;
}

function isHere(at: HostPort): boolean {
  if (isLoopback(at) || at.host === '0.0.0.0' || at.host === '::') return true;
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === at.host));
}

/** The secret of the managers. Where all of them are on this machine, the first that runs makes it. */
function secretOf({ config, locate }: LocatedConfig): ClusterSecret | undefined {
  if (config.secretFile === undefined) return undefined;
  const path = locate(config.secretFile);
  const isOfOneMachine = Object.values(config.managers).every(({ listen }) => isLoopback(listen));
  return isOfOneMachine ? openSecretFile(path) : readSecretFile(path);
}
