/** `quorate status`: how the nodes of a store stand, side by side. It asks each over HTTP. */

import { Command } from 'commander';
import type { HostPort } from '../bus/tcp.ts';
import { exitCodes } from './errors.ts';
import { type Access, withAccess } from './node-request.ts';
import { hostPortIn } from './options.ts';
import { askNode, type ClusterReport, judged, type Told } from './status/nodes.ts';
import type { Terminal } from './terminal.ts';

const help = `
LAG is how many entries a node has not applied of those that any node knows to be committed. What an operator should know
stands below the table, with the node that it is of.

Examples:
  $ quorate status                                                  # the nodes of quorate up
  $ quorate status --node 10.0.0.1:4701 --node 10.0.0.2:4701 --node 10.0.0.3:4701 --secret-file /etc/quorate/secret

Exit codes: 0 all nodes answer and none has an alarm, 1 one does not, or has, 2 wrong options.`;

/** Where the nodes of `quorate up` serve HTTP by default. */
export const defaultNodes = [4_701, 4_702, 4_703].map((port) => ({ host: '127.0.0.1', port }));
interface StatusOptions extends Access {
  readonly node?: readonly HostPort[];
  readonly json: boolean;
}

/** Makes the command. */
export function statusCommand(terminal: Terminal): Command {
  return withAccess(new Command('status'))
    .summary('how the nodes of a store stand')
    .description('Tells how the nodes of a store stand, side by side, and what is wrong with them.')
    .option(
      '--node <host:port>',
      'where a node serves HTTP; repeat it for each (default: those of quorate up)',
      collected,
    )
    .option('--json', 'tell it as JSON', false)
    .addHelpText('after', help)
    .action(async ({ node = defaultNodes, json, ...access }: StatusOptions) => {
      const asked = node.map((it) => askNode(it, access));
      const report = judged(await Promise.all(asked));
      terminal.out(json ? JSON.stringify(report) : tableOf(report));
      if (report.alarms.length > 0) process.exitCode = exitCodes.failed;
    });
}

/** @throws InvalidArgumentError */
export const collected = (text: string, before: readonly HostPort[] = []): readonly HostPort[] => [
  ...before,
  hostPortIn(text),
];

const columns = [
  'NODE',
  'AT',
  'ROLE',
  'SINCE',
  'LEADER',
  'COMMITTED',
  'APPLIED',
  'LAG',
  'REVISION',
  'VERSION',
] as const;

/** For people. */
function tableOf({ nodes, alarms }: ClusterReport): string {
  const rows = nodes.map((it): readonly string[] => {
    if ('unreachable' in it) return ['?', it.at, 'no answer', '', '', '', '', '', '', ''];
    const { id, role, leader, commitIndex, appliedIndex, revision, version = '' } = it.status;
    const numbers = [commitIndex, appliedIndex, it.lag ?? 0, revision].map(String);
    return [id, it.at, role, sinceOf(it.status), leader ?? '-', ...numbers, version];
  });
  const widths = columns.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const lines = [columns, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const told = alarms.map(({ node, code, message }) => `${node === undefined ? '' : `${node}: `}${code}: ${message}`);
  return [...lines, ...(told.length === 0 ? [] : ['']), ...told].join('\n');
}

/** In whose reign: by Raft a term, by Paxos the round of a ballot, by primary-backup an epoch. */
function sinceOf({ term, round, epoch }: Told): string {
  if (term !== undefined) return `term ${term}`;
  if (round !== undefined) return `round ${round}`;
  return epoch === undefined ? '' : `epoch ${epoch}`;
}
