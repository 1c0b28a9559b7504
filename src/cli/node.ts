/** `quorate node`: one node of a cluster, for several machines, or as a child of `quorate up`. */

import { Command, Option } from 'commander';
import { QuorateError } from '../../statecharts/actor.ts';
import { ConnectionError } from '../bus/errors.ts';
import type { LiveServer } from '../dashboard/live-server.ts';
import { pause } from '../environment/clock.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import type { Node } from '../host/node.ts';
import type { InspectorServer } from '../inspector/server.ts';
import { logProtocolNames } from '../services/store/log/protocol-names.ts';
import { dashboardFor, withDashboard } from './dashboard.ts';
import { withDurability } from './durability.ts';
import { exitCodes, UsageError } from './errors.ts';
import { logFormFor, logForms, reporter, reportOn } from './node/reporting.ts';
import { type NodeOptions, type Started, startNode } from './node/start.ts';
import { withTls } from './node/tls-files.ts';
import {
  hostPortIn,
  integerIn,
  logProtocolIn,
  nameIn,
  natsIn,
  nodeIdIn,
  openClientsIn,
  peerIn,
  textOf,
} from './options.ts';
import { askedToStop } from './stop-asked.ts';
import type { Terminal } from './terminal.ts';
import { withTiming } from './timing.ts';

const help = `
All nodes of a cluster are given the same names; each is given the others as peers. The peers of the first start are
the voters; they may have moved at later starts. Once a node was replaced (quorate member), the data says who takes part and
where, and goes before --peer. With --join a node without data begins no cluster, and waits to be taken in.
Nodes prove to each other that they hold the secret in --secret-file, which only its owner may read; make one with quorate
secret new, and copy it to each machine. Clients on other machines need what quorate secret client (TCP) and quorate secret
http print.
--tokens lists further tokens, which quorate secret token prints, and what each may do: { "tokens": [{ "name": "app", "role":
"write", "prefixes": ["app/"] }] }, where roles are read, write and admin; it is read again every 10 s.
With --ca, --cert and --key all is encrypted, and a node shows a certificate that names it; quorate certs makes them. They are
read again every 10 s, and taken up when they changed, as is --crl, the list of those that count no more (quorate certs revoke).
Without them nothing is encrypted, and whoever can change what the network carries can take connections over: nodes listen on
other addresses than loopback only with --insecure then.

Examples:
  One of three machines:
    $ quorate node --id n1 --listen 10.0.0.1:4801 --http 10.0.0.1:4701 --data /var/lib/quorate \\
        --peer n2=10.0.0.2:4801 --peer n3=10.0.0.3:4801 --secret-file /etc/quorate/secret \\
        --ca /etc/quorate/ca.pem --cert /etc/quorate/n1.pem --key /etc/quorate/n1.key.pem
  A store of one node, which does not survive it:
    $ quorate node --id n1 --listen 127.0.0.1:4801 --http 127.0.0.1:4701 --data ./data

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 could not start or had to stop (the line says why), 2 wrong options.`;

/** Makes the command. */
export function nodeCommand(terminal: Terminal): Command {
  return withTls(withDashboard(withTiming(withDurability(new Command('node')))), 'this node')
    .summary('run one node of a cluster')
    .description('Runs one node of a replicated key-value store, until SIGINT or SIGTERM.')
    .option('--id <id>', 'the name of this node within the cluster', nodeIdIn)
    .option('--listen <host:port>', 'where other nodes and clients connect (TCP)', hostPortIn)
    .option('--http <host:port>', 'where to serve HTTP', hostPortIn)
    .option('--http-name <name...>', 'names under which HTTP is reached, besides addresses and localhost')
    .option('--data <dir>', 'the directory of the durable data, for this node alone; made when missing')
    .option('--peer <id=host:port>', 'another node and where it listens; repeat it for each', peerIn)
    .option(
      '--join',
      'wait to be taken into the cluster of the peers, in place of beginning one (quorate member add or replace)',
    )
    .option(
      '--cluster <name>',
      'the name of the cluster; nodes of others are refused (default: what the data says, or quorate)',
      nameIn,
    )
    .option(
      '--protocol <name>',
      `by which the store is replicated: ${logProtocolNames.join(', ')}; the same on all nodes (default: what the data says, or raft)`,
      logProtocolIn,
    )
    .option('--secret-file <file>', 'the secret that all nodes share; needed as soon as there are peers')
    .option(
      '--tokens <file>',
      'what tokens may do over HTTP and TCP (JSON); clients need one then, unless --open-clients',
    )
    .option(
      '--audit-log <file>',
      'where to note which client changed what, and which was refused (JSON, one value a line)',
    )
    .option(
      '--open-clients [which]',
      'which clients need no secret: all, loopback (those on this machine), or none; all when just said',
      openClientsIn,
    )
    .option(
      '--nats <url>',
      'reach the other nodes over this NATS server in place of TCP; addresses of nodes are then names of places',
      natsIn,
    )
    .option('--inspect [port]', 'serve the Stately Inspector, on any free port by default', integerIn(0, 65_535))
    .addOption(
      new Option('--watched', 'show the process that started it what happens, and take faults from it').hideHelp(),
    )
    .addOption(
      new Option(
        '--logs <form>',
        'how to tell what happens: in lines for people, or as JSON, one value a line (default: human in a terminal, else json)',
      ).choices(logForms),
    )
    .option('--json', 'the same as --logs json')
    .addHelpText('after', help)
    .action(async (options: Partial<NodeOptions>, command: Command) => {
      const code = await runNode(complete(options, command), terminal, systemEnvironment());
      // A disk that stalls, or a socket that lingers, must not keep a stopped node alive.
      process.exit(code);
    });
}

/** Asked after the options were read, so that one that is only misspelt is named, and not the one that it misses. */
function complete(options: Partial<NodeOptions>, command: Command): NodeOptions {
  const { id, listen, http, data, ...rest } = options;
  const required = { id, listen, http, data };
  const missing = Object.entries(required).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
  if (id === undefined || listen === undefined || http === undefined || data === undefined) {
    return command.error(`error: a node needs ${missing.join(', ')} as well`);
  }
  return { ...rest, id, listen, http, data };
}

/** What another start would not mend. */
const finalCodes: readonly string[] = [
  'JOURNAL_LOST',
  'JOURNAL_ROLLED_BACK',
  'MEMBER_RETIRED',
  'MEMBER_PLACE_MISSING',
  'FOUNDING_MISMATCH',
];

/** How long a clean stop may take, in milliseconds, before the process ends anyway. */
const stopMs = 8_000;

/** Runs a node until it is told to stop, or fails. @returns the exit code */
async function runNode(options: NodeOptions, terminal: Terminal, environment: Environment): Promise<number> {
  const { id, data, peer = new Map(), inspect, httpName = [], join } = options;
  const { clock } = environment;
  // From the first moment on: a watcher may be gone before the node runs.
  const stopAsked = askedToStop();
  const { logs = options.json === true ? 'json' : logFormFor(process.stdout.isTTY === true) } = options;
  const tell = await reporter(terminal, environment, logs);
  const fail = async (error: unknown, isFinal: boolean): Promise<number> => {
    if (!(error instanceof QuorateError)) throw error;
    await tell({ type: 'failed', id, code: error.code, message: error.message, isFinal });
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
  };
  let started: Started | undefined;
  let inspector: InspectorServer | undefined;
  let dashboard: LiveServer | undefined;
  const watching = options.watched === true ? await watchedBy(environment) : undefined;
  try {
    started = await startNode(options, terminal, environment, watching?.faults);
    if (inspect !== undefined) {
      const { serveInspector } = await import('../inspector/server.ts');
      inspector = await serveInspector(started.node.node, {
        hostNames: httpName,
        ...(inspect === true ? {} : { port: inspect }),
      });
    }
    if (watching === undefined) {
      const seen = {
        title: options.cluster === undefined ? `node ${id}` : `node ${id} of cluster ${options.cluster}`,
        peers: [...peer.keys()],
      };
      dashboard = await dashboardFor(started.node.node, options.dashboard, seen, environment);
    }
  } catch (error) {
    await started?.node.stop();
    // A NATS server may come back.
    return await fail(error, !(error instanceof ConnectionError));
  }
  const { node, followFiles, closeFiles } = started;
  watching?.obey(node.node);
  void tell({
    type: 'ready',
    id,
    pid: process.pid,
    httpUrl: node.httpUrl,
    tcp: textOf(node.bus.address()),
    dataDirectory: data,
    isNew: node.journal.isNew,
    ...(inspector === undefined ? {} : { inspectorUrl: inspector.url }),
    ...(dashboard === undefined ? {} : { dashboardUrl: dashboard.url }),
  });
  reportOn(node, { id, peers: peer, joins: join === true }, environment, tell);
  const unfollow = followFiles(clock, (code, message) => void tell({ type: 'notice', id, code, message }));
  const failed = new Promise<number>((resolve) => {
    node.failure.subscribe((error) => resolve(fail(error, finalCodes.includes(error.code))));
  });
  const code = await Promise.race([stopAsked.then(() => exitCodes.done), failed]);
  unfollow();
  const stopped = Promise.all([node.stop().then(closeFiles), inspector?.close(), dashboard?.close()]);
  await Promise.race([stopped, pause(clock, stopMs)]);
  return code;
}

/** What lets the process that started this one watch a node, and order faults of it; undefined where none started it. */
async function watchedBy(environment: Environment) {
  const { obey, orderedFaults, parentChannel } = await import('./node/watched.ts');
  const channel = parentChannel();
  if (channel === undefined) return undefined;
  const faults = orderedFaults(environment);
  return { faults, obey: (node: Node): void => obey(node, faults, channel, environment) };
}
