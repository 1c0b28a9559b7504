/** What `quorate up` says once its cluster runs: where everything is, and what to try. */

import type { Replication } from '../../services/store/log/protocol-names.ts';
import type { Terminal } from '../terminal.ts';
import { type Member, natsOf, type UpOptions } from './members.ts';
import type { Ready } from './news.ts';
import type { Standing } from './supervisor.ts';

export interface Described {
  readonly options: UpOptions;
  readonly replication: Replication;
  readonly members: readonly (Member & { readonly standing: Standing })[];
  readonly ready: Ready;
  readonly leader: string | undefined;
  readonly isNew: boolean;
  readonly terminal: Terminal;
  /** Where all nodes are watched, if that was asked for. */
  readonly inspectorUrl?: string | undefined;
  /** Where the dashboard is, if there is one. */
  readonly dashboardUrl?: string | undefined;
}

/** Of nodes that do not answer, or do not answer again yet. */
const standingTexts: Readonly<Record<Standing, string>> = {
  starting: 'is starting',
  ready: 'answers',
  waiting: 'has died, and is started again soon',
  held: 'was ended by hand on the dashboard',
  'given-up': 'does not run: it could not be kept alive, as the lines above say',
  stopped: 'has been stopped',
};

/** Describes a cluster, as lines. */
export function description({
  options,
  replication,
  members,
  ready,
  leader,
  isNew,
  terminal,
  inspectorUrl,
  dashboardUrl,
}: Described): string {
  const { bold, cyan, dim, green, yellow } = terminal.outColours;
  const url = (index: number): string => `localhost:${options.port + (index % members.length)}`;
  const leaderPid = leader === undefined ? undefined : ready.get(leader)?.pid;
  const rows = members.map(({ id, standing }) => {
    const node = ready.get(id);
    if (node === undefined || standing !== 'ready') return `  ${cyan(id.padEnd(4))} ${yellow(standingTexts[standing])}`;
    const columns = `${node.httpUrl.padEnd(23)} ${node.tcp.padEnd(18)} ${String(node.pid).padEnd(8)}`;
    return `  ${cyan(id.padEnd(4))} ${columns}${id === leader ? green(' leads') : ''}`;
  });
  const nats = natsOf(options);
  const lines = [
    `${bold(`${members.length} node${members.length === 1 ? '' : 's'}`)} ${isNew ? 'new data' : 'data found'} in ${options.data}, replicated by ${replicationText(replication)}`,
    '',
    dim(`  node ${'HTTP'.padEnd(23)} ${(nats === undefined ? 'nodes, clients' : 'place').padEnd(18)} process`),
    ...rows,
    '',
    ...(nats === undefined
      ? []
      : [`Nodes reach each other over the NATS server at ${new URL(nats).host}, clients over HTTP, or NATS.`, '']),
    ...(leader === undefined ? [yellow('Nobody leads yet: a majority must run and reach each other.'), ''] : []),
    ...(members.length > 1 && members.length % 2 === 0
      ? [`${members.length} nodes survive no more failures than ${members.length - 1} do; odd numbers make sense.`, '']
      : []),
    ...(dashboardUrl === undefined ? [] : [`See it, and break it: ${dashboardUrl}`, '']),
    ...(inspectorUrl === undefined ? [] : [`Watch all nodes in the Stately Inspector: ${inspectorUrl}`, '']),
    'Try:',
    `  curl -X PUT --data hello ${url(0)}/kv/greeting`,
    `  curl ${url(1)}/kv/greeting`,
    `  curl ${url(2)}/status`,
    ...(leaderPid === undefined || members.length < 3
      ? []
      : [`  kill -9 ${leaderPid}${' '.repeat(8)}${dim(`# ${leader} leads: watch the others elect another leader`)}`]),
    '',
    'Ctrl-C stops all nodes; the data stays.',
  ];
  return lines.join('\n');
}

function replicationText({ maxLoss = 0, minInSync = 1, mode, protocol }: Replication): string {
  return [
    protocol,
    ...(mode === undefined ? [] : [`mode ${mode}`]),
    ...(maxLoss === 0 ? [] : [`where a failover may lose ${maxLoss} entries`]),
    ...(minInSync === 1 ? [] : [`${minInSync} in sync at least`]),
  ].join(', ');
}
