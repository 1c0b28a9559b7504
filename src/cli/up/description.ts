/** What `quorate up` says once its cluster runs: where everything is, and what to try. */

import type { Replication } from '../../services/store/log/protocol-names.ts';
import type { Report } from '../reports.ts';
import type { Terminal } from '../terminal.ts';
import type { Member, UpOptions } from './members.ts';

export interface Described {
  readonly options: UpOptions;
  readonly replication: Replication;
  readonly members: readonly Member[];
  readonly ready: ReadonlyMap<string, Report & { type: 'ready' }>;
  readonly leader: string | undefined;
  readonly isNew: boolean;
  readonly terminal: Terminal;
}

/** Describes a cluster, as lines. */
export function description({ options, replication, members, ready, leader, isNew, terminal }: Described): string {
  const { bold, cyan, dim, green, yellow } = terminal.outColours;
  const url = (index: number): string => `localhost:${options.port + (index % members.length)}`;
  const leaderPid = leader === undefined ? undefined : ready.get(leader)?.pid;
  const rows = members.map(({ id }) => {
    const node = ready.get(id);
    if (node === undefined) return `  ${cyan(id.padEnd(4))} ${yellow('does not run')}`;
    const columns = `${node.httpUrl.padEnd(23)} ${node.tcp.padEnd(18)} ${String(node.pid).padEnd(8)}`;
    const inspector = node.inspectorUrl === undefined ? '' : ` inspector ${node.inspectorUrl}`;
    return `  ${cyan(id.padEnd(4))} ${columns}${inspector}${id === leader ? green(' leads') : ''}`;
  });
  const lines = [
    `${bold(`${members.length} node${members.length === 1 ? '' : 's'}`)} ${isNew ? 'new data' : 'data found'} in ${options.data}, replicated by ${[replication.protocol, replication.mode].filter((it) => it !== undefined).join(', ')}`,
    '',
    dim(`  node ${'HTTP'.padEnd(23)} ${'nodes, clients'.padEnd(18)} process`),
    ...rows,
    '',
    ...(leader === undefined ? [yellow('Nobody leads yet: a majority must run and reach each other.'), ''] : []),
    ...(members.length > 1 && members.length % 2 === 0
      ? [`${members.length} nodes survive no more failures than ${members.length - 1} do; odd numbers make sense.`, '']
      : []),
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
