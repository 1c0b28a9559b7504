/** `quorate up`: a whole cluster on this machine, each node a process of its own, watched and restarted. */

import { Command } from 'commander';
import { majoritySize } from '../../statecharts/quorum.ts';
import { openSecretFile, readSecretFile } from '../bus/tcp/secret/file.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { logProtocolNames } from '../services/store/log/protocol-names.ts';
import { withDurability } from './durability.ts';
import { exitCodes, MajorityLostError, tell } from './errors.ts';
import { integerIn, logProtocolIn, nameIn, natsIn } from './options.ts';
import { besideJson, type Terminal } from './terminal.ts';
import { timingIn, withTiming } from './timing.ts';
import type { Dashboard } from './up/dashboard.ts';
import { claimDataDirectory } from './up/data-directory.ts';
import { description } from './up/description.ts';
import { inspectorOf } from './up/inspector.ts';
import {
  argumentsOf,
  host,
  localNats,
  type Member,
  membersOf,
  mostNodes,
  requireFree,
  secretFileOf,
  tcpPortOffset,
  type UpOptions,
} from './up/members.ts';
import { createNews } from './up/news.ts';
import { forkNode } from './up/node-process.ts';
import { type Standing, type Supervisor, supervise } from './up/supervisor.ts';

/** The cluster is described once a node leads, or after this time without a leader. */
const patienceMs = 8_000;

const help = `
Node n1 serves HTTP at PORT, n2 at PORT+1, and so on; other nodes and clients connect (TCP) at PORT+${tcpPortOffset}, PORT+${tcpPortOffset + 1}, ...
All listen on ${host} only. A node that dies is started again, later after each failure. Ctrl-C stops all nodes
cleanly; the data stays, and the next start finds it. The first start makes a secret in the data directory, by which the
nodes know each other; clients on this machine need none.

Examples:
  $ quorate up
  $ quorate up --nodes 5 --port 8000 --data /tmp/five-nodes
  $ quorate up --dashboard 4700  # see it, and break it by hand, at a port of your choice
  $ quorate up --nats             # over the NATS server that runs on this machine
  $ quorate up --inspect          # watch every message in the Stately Inspector

Exit codes: 0 stopped by Ctrl-C, 1 could not run (the line says why), 2 wrong options.`;

/** Makes the command. @param program the file that child processes run */
export function upCommand(terminal: Terminal, program: string): Command {
  return withTiming(withDurability(new Command('up')))
    .summary('run a cluster on this machine')
    .description('Starts the nodes of a replicated key-value store as processes of this machine, and watches them.')
    .option('--nodes <number>', `how many; odd numbers make sense`, integerIn(1, mostNodes), 3)
    .option('--data <dir>', 'the directory of the durable data', './quorate-data')
    .option('--port <port>', 'the HTTP port of the first node', integerIn(1, 65_535), 4_701)
    .option('--cluster <name>', 'the name of the cluster', nameIn, 'quorate')
    .option(
      '--protocol <name>',
      `by which the store is replicated: ${logProtocolNames.join(', ')} (default: what the data says, or raft)`,
      logProtocolIn,
    )
    .option('--secret-file <file>', 'the secret of the cluster; by default one is made in the data directory')
    .option(
      '--nats [url]',
      `let nodes reach each other over this NATS server in place of TCP; ${localNats} when just said`,
      natsIn,
    )
    .option('--inspect', 'serve the Stately Inspector: all nodes on one page')
    .option('--dashboard [port]', 'serve the dashboard there (default: on any free port)', integerIn(0, 65_535))
    .option('--no-dashboard', 'serve none, and take no faults by hand')
    .option('--json', 'tell what the nodes report as JSON, one value a line')
    .addHelpText('after', help)
    .action(async (options: UpOptions) => {
      process.exitCode = await up(options, program, terminal, systemEnvironment());
    });
}

/** Runs the cluster until it is told to stop. @returns the exit code */
async function up(options: UpOptions, program: string, system: Terminal, environment: Environment): Promise<number> {
  const { clock } = environment;
  const terminal = options.json === true ? besideJson(system) : system;
  const { out } = terminal;
  const members = membersOf(options);
  timingIn(options);
  await requireFree(members);
  // The nodes read it themselves. What is wrong with it is said here once, before anything is made or started.
  if (options.secretFile !== undefined) readSecretFile(options.secretFile);
  const { cluster, data } = options;
  const { isNew, ...replication } = claimDataDirectory(data, { cluster, nodes: members.map(({ id }) => id) }, options);
  if (options.secretFile === undefined) openSecretFile(secretFileOf(options));
  const supervisors = new Map<string, Supervisor>();
  const dashboard = await openDashboard(options, members, (node) => supervisors.get(node), environment);
  const standings = (): readonly Standing[] => [...supervisors.values()].map(({ standing }) => standing);
  const news = createNews({
    ...{ clock, terminal, dashboard, standings },
    json: options.json === true ? system.out : undefined,
    table(ready, leader) {
      const nodes = members.map((it) => ({ ...it, standing: supervisors.get(it.id)?.standing ?? 'starting' }));
      const urls = { inspectorUrl: inspector?.url, dashboardUrl: dashboard?.url };
      return description({ options, replication, members: nodes, ready, leader, isNew, terminal, ...urls });
    },
  });
  const inspector = options.inspect === undefined ? undefined : await inspectorOf(clock, () => news.ready);
  let finish = (_code: number): void => {};
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const patience = clock.setTimeout(news.insist, patienceMs);
  for (const member of members) {
    const { id } = member;
    const args = argumentsOf(member, members, options, replication);
    const supervisor = supervise({
      clock,
      start: (listener) => forkNode(program, args, (text) => news.line(id, text), listener),
      onReport: news.heard,
      onMessage: (message) => dashboard?.heard(message),
      onHeld: (reason) => news.held(id, reason),
      onDeath(reason, restartInMs) {
        news.died(id, reason, restartInMs);
        const lost = majorityLost(standings(), members.length);
        if (lost !== undefined) finish(tell(lost, terminal));
      },
    });
    supervisors.set(id, supervisor);
  }
  onInterrupt((isFirst) => {
    if (isFirst) {
      out(`Stopping ${members.length} nodes; once more to stop at once.`);
      finish(exitCodes.done);
    } else {
      for (const supervisor of supervisors.values()) supervisor.kill();
    }
  });
  const code = await finished;
  clock.clearTimeout(patience);
  await Promise.all([inspector?.close(), ...[...supervisors.values()].map((supervisor) => supervisor.stop())]);
  await dashboard?.close();
  news.stopped(code);
  if (code === exitCodes.done) out(`Stopped. The data is in ${options.data}.`);
  return code;
}

/** Nodes that are held can be started by hand; those that were given up cannot run. */
function majorityLost(standings: readonly Standing[], members: number): MajorityLostError | undefined {
  const able = standings.filter((standing) => standing !== 'given-up').length;
  if (able >= majoritySize(members)) return undefined;
  return new MajorityLostError(
    `${able} of ${members} nodes can run, and that is no majority; the lines above say why, and what to do`,
  );
}

/** Calls `interrupt` at each signal that asks for an end. */
function onInterrupt(interrupt: (isFirst: boolean) => void): void {
  let isFirst = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupt(isFirst);
      isFirst = false;
    });
  }
}

/** The dashboard, unless none is wanted, or none was asked for and its pages are not built. @throws PagesMissingError, PagePortError */
async function openDashboard(
  { cluster, dashboard }: UpOptions,
  members: readonly Member[],
  supervisorOf: (node: string) => Supervisor | undefined,
  environment: Environment,
): Promise<Dashboard | undefined> {
  if (dashboard === false) return undefined;
  const [{ dashboardOf }, { PagesMissingError }] = await Promise.all([
    import('./up/dashboard.ts'),
    import('../dashboard/page-server.ts'),
  ]);
  const nodes = members.map(({ id }) => id);
  const port = typeof dashboard === 'number' ? { port: dashboard } : {};
  try {
    return await dashboardOf({ environment, cluster, nodes, supervisorOf, ...port });
  } catch (error) {
    if (dashboard === undefined && error instanceof PagesMissingError) return undefined;
    throw error;
  }
}
