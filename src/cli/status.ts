/** `quorate status`: how the nodes of a store stand, side by side. It asks each over HTTP. */

import { Command } from 'commander';
import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';
import type { HostPort } from '../bus/tcp.ts';
import { jsonIn } from '../services/http/json.ts';
import { exitCodes } from './errors.ts';
import { type Access, problemIn, requestNode, withAccess } from './node-request.ts';
import { hostPortIn, textOf } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
LAG is how many entries a node has not applied of those that any node knows to be committed. What an operator should know
stands below the table, with the node that it is of.

Examples:
  $ quorate status                                                  # the nodes of quorate up
  $ quorate status --node 10.0.0.1:4701 --node 10.0.0.2:4701 --node 10.0.0.3:4701 --secret-file /etc/quorate/secret

Exit codes: 0 all nodes answer and none has an alarm, 1 one does not, or has, 2 wrong options.`;

/** Where the nodes of `quorate up` serve HTTP by default. */
const defaultNodes = [4_701, 4_702, 4_703].map((port) => ({ host: '127.0.0.1', port }));
/** How long a node may take to answer, in milliseconds. */
const timeoutMs = 5_000;

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
      const asked = node.map((it) => ask(it, access));
      const report = judged(await Promise.all(asked));
      terminal.out(json ? JSON.stringify(report) : tableOf(report));
      if (report.alarms.length > 0) process.exitCode = exitCodes.failed;
    });
}

/** @throws InvalidArgumentError */
const collected = (text: string, before: readonly HostPort[] = []): readonly HostPort[] => [
  ...before,
  hostPortIn(text),
];

const name = v.union([v.string(), v.number()]);
const status = v.object({
  id: v.string(),
  cluster: v.exactOptional(v.string()),
  protocol: v.exactOptional(v.string()),
  role: v.string(),
  leader: v.nullable(v.string()),
  term: v.exactOptional(name),
  round: v.exactOptional(name),
  epoch: v.exactOptional(name),
  commitIndex: v.number(),
  appliedIndex: v.number(),
  isCaughtUp: v.boolean(),
  revision: v.number(),
  standing: v.exactOptional(
    v.object({
      isSuspended: v.boolean(),
      refusedBy: v.record(v.string(), v.string()),
      awaiting: v.array(v.string()),
    }),
  ),
});

/** What a node has said of itself, or why it has not. */
export type AnsweredNode =
  | { readonly at: string; readonly status: v.InferOutput<typeof status> }
  | { readonly at: string; readonly unreachable: { readonly code: string; readonly message: string } };

/** Asks a node how it stands. */
async function ask(node: HostPort, access: Access): Promise<AnsweredNode> {
  const at = textOf(node);
  try {
    const asked = { node, ...access };
    const answer = await requestNode(asked, { method: 'GET', path: '/status', timeoutMs });
    const parsed = v.safeParse(status, jsonIn(answer.text));
    if (answer.isOk && parsed.success) return { at, status: parsed.output };
    const { code, message, whatToDo } = problemIn(asked, answer);
    return { at, unreachable: { code, message: `${message}; ${whatToDo}` } };
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    return { at, unreachable: { code: error.code, message: error.message } };
  }
}

interface Alarm {
  /** The node, by its id where it has told it; undefined for the cluster. */
  readonly node: string | undefined;
  readonly code: string;
  readonly message: string;
}

export interface ClusterReport {
  readonly nodes: readonly (AnsweredNode & { readonly lag?: number })[];
  readonly alarms: readonly Alarm[];
}

/** What the answers say together. */
export function judged(answers: readonly AnsweredNode[]): ClusterReport {
  const told = answers.flatMap((it) => ('status' in it ? [it.status] : []));
  const committed = Math.max(0, ...told.map(({ commitIndex }) => commitIndex));
  const nodes = answers.map((it) =>
    'status' in it ? { ...it, lag: Math.max(0, committed - it.status.appliedIndex) } : it,
  );
  const alarms = [...answers.flatMap(alarmsOf), ...togetherOf(told)];
  return { nodes, alarms };
}

function alarmsOf(answer: AnsweredNode): readonly Alarm[] {
  if ('unreachable' in answer) return [{ node: answer.at, ...answer.unreachable }];
  const { id, leader, isCaughtUp, standing } = answer.status;
  const alarms: Alarm[] = [];
  const alarm = (code: string, message: string): void => void alarms.push({ node: id, code, message });
  if (leader === null)
    alarm('NO_LEADER', 'it knows of no leader; a majority of the nodes must run and reach each other');
  if (!isCaughtUp) alarm('NOT_CAUGHT_UP', 'it has not applied yet what it had when it was started; wait for it');
  if (standing?.isSuspended === true) {
    const said = Object.entries(standing.refusedBy).map(([peer, reason]) => `${peer} says ${reason}`);
    const awaited = standing.awaiting.map((peer) => `${peer} must vouch for it`);
    alarm('SUSPENDED', `its journal may not be what it was: ${[...said, ...awaited].join('; ')}`);
  }
  return alarms;
}

type Told = v.InferOutput<typeof status>;

/** What no node can see by itself. */
function togetherOf(told: readonly Told[]): readonly Alarm[] {
  const differing = (code: string, what: string, of: (it: Told) => string | undefined): readonly Alarm[] => {
    const values = new Set(told.flatMap((it) => of(it) ?? []));
    if (values.size < 2) return [];
    const message = `expected one ${what}, got ${[...values].sort().join(', ')}; name the nodes of one cluster with --node`;
    return [{ node: undefined, code, message }];
  };
  const twice = told.map(({ id }) => id).filter((id, index, ids) => ids.indexOf(id) < index);
  return [
    ...differing('CLUSTERS_DIFFER', 'cluster', ({ cluster }) => cluster),
    ...differing('PROTOCOLS_DIFFER', 'protocol', ({ protocol }) => protocol),
    ...twice.map((id) => ({
      node: id,
      code: 'NODE_TWICE',
      message: 'two addresses answer as this node; name each once',
    })),
  ];
}

const columns = ['NODE', 'AT', 'ROLE', 'SINCE', 'LEADER', 'COMMITTED', 'APPLIED', 'LAG', 'REVISION'] as const;

/** For people. */
function tableOf({ nodes, alarms }: ClusterReport): string {
  const rows = nodes.map((it): readonly string[] => {
    if ('unreachable' in it) return ['?', it.at, 'no answer', '', '', '', '', '', ''];
    const { id, role, leader, commitIndex, appliedIndex, revision } = it.status;
    const numbers = [commitIndex, appliedIndex, it.lag ?? 0, revision].map(String);
    return [id, it.at, role, sinceOf(it.status), leader ?? '-', ...numbers];
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
