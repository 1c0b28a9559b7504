/** `quorate proxy`: brings clients to the primary of a group, and readers to its standbys. */

import { Command } from 'commander';
import type { Logger } from 'pino';
import { systemClock } from '../environment/clock.ts';
import { occasionally } from '../environment/occasionally.ts';
import type { InspectorServer } from '../inspector/server.ts';
import type { ManagerNewsError } from '../services/failover/topology/errors.ts';
import { followTopology } from '../services/failover/topology/follow.ts';
import { askingSecurely } from '../services/failover/topology/secure.ts';
import { type GroupProxy, type HostPort, type ProxyNotice, serveProxyHttp, startProxy } from '../services/proxy.ts';
import { exitCodes, UsageError } from './errors.ts';
import { proxyTokenOf, redisLoginOf } from './failover/config/login.ts';
import { readFailoverConfig } from './failover/config/read.ts';
import { caOption, crlOption } from './failover/operator.ts';
import { createLog } from './log.ts';
import { followTrust, readTrust, type TrustFiles, trustFilesIn } from './node/tls-files.ts';
import { hostPortIn, integerIn, textOf } from './options.ts';
import { askedToStop } from './stop-asked.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Partial<TrustFiles> {
  readonly config: string;
  readonly listen?: HostPort;
  readonly reads?: HostPort;
  readonly http?: HostPort;
  readonly inspect?: true | number;
}

const help = `
The file is that of 'quorate failover'; its section "proxy" says where to listen:
  "proxy": { "listen": "127.0.0.1:6400", "reads": "127.0.0.1:6401", "maxReadLagBytes": 1048576 }

Managers of other machines want a token of clients: put what 'quorate secret http' prints into a file, and name that as
"tokenFile" there. Where managers speak TLS, name their authority with --ca, and its list of revoked certificates with --crl: both are
read again every 10 s. Where "login" has "tls", the proxy speaks TLS with the Redis servers, and plainly with its clients.

In durable mode of a Redis group, replies are held until enough in-sync standbys hold what they speak of. A client whose
connection is cut does not know what became of its last commands; it is never told OK for what a failover takes back.
The log is written to the standard output, one line of JSON each.`;

/** Where to listen is said neither in the file nor by an option. */
export class ProxyListenMissingError extends UsageError {
  readonly code = 'PROXY_LISTEN_MISSING';
}

export function proxyCommand(terminal: Terminal): Command {
  return new Command('proxy')
    .description('bring clients to the primary of a group, and readers to its standbys')
    .requiredOption('--config <file>', 'the configuration of the group')
    .option(
      '--listen <host:port>',
      'where clients come in that go to the primary (default: what the file says)',
      hostPortIn,
    )
    .option('--reads <host:port>', 'where readers come in (default: what the file says)', hostPortIn)
    .option('--ca <file>', caOption)
    .option('--crl <file>', crlOption)
    .option('--http <host:port>', 'serve /healthz, /readyz, /status and /metrics', hostPortIn)
    .option('--inspect [port]', 'serve the Stately Inspector, on any free port by default', integerIn(0, 65_535))
    .addHelpText('after', help)
    .action(async (options: Options) => {
      const code = await runProxy(options, terminal);
      // A socket that lingers must not keep a stopped proxy alive.
      process.exit(code);
    });
}

/** @returns the exit code */
async function runProxy(options: Options, terminal: Terminal): Promise<number> {
  const located = readFailoverConfig(options.config);
  const { config, locate } = located;
  const token = proxyTokenOf(located);
  const files = trustFilesIn(options);
  const trust = files && (await readTrust(files));
  const asking = trust && askingSecurely(trust);
  const stopAsked = askedToStop();
  const listen = options.listen ?? config.proxy?.listen;
  const reads = options.reads ?? config.proxy?.reads;
  const maxReadLagBytes = config.proxy?.maxReadLagBytes;
  if (listen === undefined) {
    const message = `expected where to listen: "proxy": { "listen": "127.0.0.1:6400" } in '${options.config}', or --listen`;
    throw new ProxyListenMissingError(message);
  }
  const log = createLog(terminal, process.stdout.isTTY === true, { group: config.group });
  const proxy = await startProxy({
    group: config.group,
    kind: config.kind,
    topology: followTopology({
      managers: Object.values(config.managers).map(
        ({ http }) => `${asking === undefined ? 'http' : 'https'}://${textOf(http)}`,
      ),
      ...(asking && { ask: asking.ask }),
      group: config.group,
      ...(token !== undefined && { token }),
      repeats: true,
      report: tellingOf(log, asking !== undefined),
    }),
    listen,
    ...(reads && { reads }),
    ...(maxReadLagBytes !== undefined && { maxReadLagBytes }),
    ...(config.kind === 'redis' && { redis: redisLoginOf(config.login ?? {}, locate) }),
  });
  proxy.notices.subscribe(({ level, code, message }: ProxyNotice) => log[level]({ code }, message));
  const notice = (code: string, message: string): void => log.warn({ code }, message);
  const unfollow =
    files && trust && asking && followTrust({ files, first: trust, node: asking, clock: systemClock(), notice });
  const closing = await watchers(proxy, options);
  log.info({ listen: textOf(proxy.address), reads: reads && textOf(reads), ...closing.urls }, 'clients are let in');
  const failed = new Promise<number>((resolve) =>
    proxy.notices.subscribe({ complete: () => resolve(exitCodes.failed) }),
  );
  const code = await Promise.race([stopAsked.then(() => exitCodes.done), failed]);
  unfollow?.();
  await Promise.all([proxy.stop(), ...closing.servers.map((it) => it.close())]);
  terminal.err('stopped');
  return code;
}

/** Tells why nothing is learned from a manager: each reason once a minute, as they are asked several times a second. */
function tellingOf(log: Logger, isSecure: boolean): (error: ManagerNewsError) => void {
  const admit = occasionally(systemClock());
  return ({ code, message }) => {
    if (admit(`${code} ${message}`) === undefined) return;
    const hint = isSecure || code !== 'MANAGER_UNREACHABLE' ? '' : '; if it speaks TLS, name its authority with --ca';
    log.warn({ code }, `${message}${hint}`);
  };
}

/** What else is served, for those who look. */
async function watchers(proxy: GroupProxy, { http, inspect }: Options) {
  const servers: { readonly url: string; close(): Promise<void> }[] = [];
  const urls: Record<string, string> = {};
  if (http !== undefined) {
    const server = await serveProxyHttp(proxy, http);
    urls.http = server.url;
    servers.push(server);
  }
  if (inspect !== undefined) {
    const { serveInspector } = await import('../inspector/server.ts');
    const server: InspectorServer = await serveInspector(proxy.node, inspect === true ? {} : { port: inspect });
    urls.inspector = server.url;
    servers.push(server);
  }
  return { servers, urls };
}
