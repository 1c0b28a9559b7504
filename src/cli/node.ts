/** `quorate node`: one node of a cluster, for several machines, or as a child of `quorate up`. */

import { Command, Option } from 'commander';
import { QuorateError } from '../../statecharts/actor.ts';
import { readSecretFile } from '../bus/tcp/secret/file.ts';
import type { HostPort, OpenClients } from '../bus/tcp.ts';
import { pause } from '../environment/clock.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import type { Node } from '../host/node.ts';
import type { InspectorServer } from '../inspector/server.ts';
import type { KeyValueNode } from '../services/kv-node.ts';
import type { Durability } from '../services/store/log/primary-backup/founding.ts';
import { durabilityIn, type LogProtocolName, logProtocolNames } from '../services/store/log/protocol-names.ts';
import { withDurability } from './durability.ts';
import { ClusterOptionsError, exitCodes } from './errors.ts';
import { reporter, reportOn } from './node/reporting.ts';
import {
  hostPortIn,
  integerIn,
  logProtocolIn,
  nameIn,
  nodeIdIn,
  openClientsIn,
  type Peers,
  peerIn,
  textOf,
} from './options.ts';
import { askedToStop } from './stop-asked.ts';
import type { Terminal } from './terminal.ts';
import { type TimingOptions, timingIn, withTiming } from './timing.ts';

interface NodeOptions extends Durability, TimingOptions {
  readonly id: string;
  readonly listen: HostPort;
  readonly http: HostPort;
  readonly httpName?: readonly string[];
  readonly data: string;
  readonly peer?: Peers;
  readonly join?: true;
  readonly cluster?: string;
  readonly protocol?: LogProtocolName;
  readonly secretFile?: string;
  readonly openClients?: true | OpenClients;
  readonly nats?: string;
  readonly inspect?: true | number;
  readonly watched?: true;
  readonly json?: true;
}

const help = `
All nodes of a cluster are given the same names; each is given the others as peers. The peers of the first start are
the voters; they may have moved at later starts. Once a node was replaced (quorate member), the data says who takes part and
where, and goes before --peer. With --join a node without data begins no cluster, and waits to be taken in.
Nodes prove to each other that they hold the secret in --secret-file, which only its owner may read; make one with quorate
secret new, and copy it to each machine. Clients on other machines need what quorate secret client (TCP) and quorate secret
http print. Nothing is encrypted, and whoever can change what the network carries can take connections over: keep it private.

Examples:
  One of three machines:
    $ quorate node --id n1 --listen 10.0.0.1:4801 --http 10.0.0.1:4701 --data /var/lib/quorate \\
        --peer n2=10.0.0.2:4801 --peer n3=10.0.0.3:4801 --secret-file /etc/quorate/secret
  A store of one node, which does not survive it:
    $ quorate node --id n1 --listen 127.0.0.1:4801 --http 127.0.0.1:4701 --data ./data

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 could not start or had to stop (the line says why), 2 wrong options.`;

/** Makes the command. */
export function nodeCommand(terminal: Terminal): Command {
  return withTiming(withDurability(new Command('node')))
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
      '--open-clients [which]',
      'which clients need no secret: all, loopback (those on this machine), or none; all when just said',
      openClientsIn,
    )
    .option(
      '--nats <url>',
      'reach the other nodes over this NATS server in place of TCP; addresses of nodes are then names of places',
    )
    .option('--inspect [port]', 'serve the Stately Inspector, on any free port by default', integerIn(0, 65_535))
    .addOption(
      new Option('--watched', 'show the process that started it what happens, and take faults from it').hideHelp(),
    )
    .option('--json', 'tell what happens as JSON, one value a line')
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

type ServingNode = KeyValueNode & { readonly httpUrl: string };

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
  const {
    id,
    listen,
    http,
    httpName = [],
    data,
    peer = new Map(),
    cluster,
    inspect,
    openClients,
    join,
    nats,
    protocol,
  } = options;
  const { clock } = environment;
  const tell = reporter(terminal, environment, options.json);
  // From the first moment on: a watcher may be gone before the node runs.
  const stopAsked = askedToStop();
  const fail = async (error: unknown, isFinal: boolean): Promise<number> => {
    if (!(error instanceof QuorateError)) throw error;
    await tell({ type: 'failed', id, code: error.code, message: error.message, isFinal });
    return error instanceof ClusterOptionsError ? exitCodes.usage : exitCodes.failed;
  };
  let running: ServingNode | undefined;
  let inspector: InspectorServer | undefined;
  const watching = options.watched === true ? await watchedBy(environment) : undefined;
  try {
    checkMembers(options);
    const secret = options.secretFile === undefined ? undefined : readSecretFile(options.secretFile);
    // Loaded here, so that other commands, and mistakes in this one, need not wait for all of a node.
    const { startKeyValueNode } = await import('../services/kv-node.ts');
    running = await startKeyValueNode({
      id,
      ...(cluster === undefined ? {} : { cluster }),
      dataDirectory: data,
      listen,
      http: { ...http, hostNames: httpName },
      peers: Object.fromEntries(peer),
      joins: join === true,
      ...(protocol === undefined ? {} : { protocol }),
      ...(nats === undefined ? {} : { nats }),
      ...durabilityIn(options),
      timing: timingIn(options),
      ...(secret === undefined ? {} : { secret }),
      openClients: openClients === true ? 'all' : (openClients ?? 'loopback'),
      pid: process.pid,
      environment,
      ...(watching === undefined ? {} : { faults: watching.faults }),
      onUnexpected: (error) => terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    });
    if (inspect !== undefined) {
      const { serveInspector } = await import('../inspector/server.ts');
      inspector = await serveInspector(running.node, {
        hostNames: httpName,
        ...(inspect === true ? {} : { port: inspect }),
      });
    }
  } catch (error) {
    await running?.stop();
    return await fail(error, true);
  }
  const node = running;
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
  });
  reportOn(node, { id, peers: peer, joins: join === true }, environment, tell);
  const failed = new Promise<number>((resolve) => {
    node.failure.subscribe((error) => resolve(fail(error, finalCodes.includes(error.code))));
  });
  const code = await Promise.race([stopAsked.then(() => exitCodes.done), failed]);
  await Promise.race([Promise.all([node.stop(), inspector?.close()]), pause(clock, stopMs)]);
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

/** Refuses what cannot become a cluster. @throws ClusterOptionsError */
function checkMembers({ id, listen, http, peer = new Map(), secretFile }: NodeOptions): void {
  if (peer.has(id)) {
    throw new ClusterOptionsError(
      `expected the other nodes as peers, got ${id} itself; leave out --peer ${id}=..., or correct --id`,
    );
  }
  const owners = new Map([[textOf(listen), `--listen of ${id}`]]);
  const claims: [address: HostPort, owner: string][] = [[http, `--http of ${id}`]];
  for (const [name, address] of peer) claims.push([address, `--peer ${name}`]);
  for (const [address, owner] of claims) {
    const text = textOf(address);
    const other = owners.get(text);
    if (other !== undefined && address.port !== 0) {
      throw new ClusterOptionsError(`expected an address of its own for each, got ${text} for ${other} and ${owner}`);
    }
    owners.set(text, owner);
  }
  if (peer.size > 0 && secretFile === undefined) {
    throw new ClusterOptionsError(
      'expected --secret-file with what all nodes share, as there are peers, got none; make one with: quorate secret new --secret-file FILE',
    );
  }
}
