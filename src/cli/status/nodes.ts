/** How nodes of a store stand, as each tells over HTTP, and what those answers say together. */

import * as v from 'valibot';
import { isId, QuorateError } from '../../../statecharts/actor.ts';
import type { HostPort } from '../../bus/tcp.ts';
import { type Access, jsonTold, problemIn, requestNode } from '../node-request.ts';
import { textOf } from '../options.ts';

/** How long a node may take to answer, in milliseconds. */
const timeoutMs = 5_000;

const name = v.union([v.string(), v.number()]);
/** Ids and processes go into commands and signals, where others would mean something else: -1 is every process. */
const id = v.pipe(v.string(), v.check(isId, 'expected the id of a node'));
const pid = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const status = v.object({
  id,
  version: v.exactOptional(v.string()),
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
  peers: v.exactOptional(v.array(v.string()), () => []),
  pid: v.exactOptional(pid),
  uptimeMs: v.exactOptional(v.number()),
  standing: v.exactOptional(
    v.object({
      isSuspended: v.boolean(),
      refusedBy: v.record(v.string(), v.string()),
      awaiting: v.array(v.string()),
    }),
  ),
  comparison: v.exactOptional(
    v.object({ comparedIndex: v.number(), differing: v.array(v.string()), suspect: v.exactOptional(v.string()) }),
  ),
});

/** What a node has said of itself. */
export type Told = v.InferOutput<typeof status>;

/** What a node has said of itself, or why it has not. */
export type AnsweredNode =
  | { readonly at: string; readonly status: Told }
  | { readonly at: string; readonly unreachable: { readonly code: string; readonly message: string } };

/** Asks a node how it stands. */
export async function askNode(node: HostPort, access: Access): Promise<AnsweredNode> {
  const at = textOf(node);
  try {
    const asked = { node, ...access };
    const answer = await requestNode(asked, { method: 'GET', path: '/status', timeoutMs });
    const parsed = v.safeParse(status, jsonTold(answer.text));
    if (answer.isOk && parsed.success) return { at, status: parsed.output };
    const { code, message, whatToDo } = problemIn(asked, answer);
    return { at, unreachable: { code, message: `${message}; ${whatToDo}` } };
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    return { at, unreachable: { code: error.code, message: error.message } };
  }
}

/** What an operator should know. */
export interface Alarm {
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
  const { id, leader, isCaughtUp, standing, comparison } = answer.status;
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
  if (comparison !== undefined && comparison.differing.length > 0) {
    const { comparedIndex, differing, suspect } = comparison;
    const alone = suspect === undefined ? '' : `; ${suspect} stands alone: let a new node take its place`;
    alarm(
      'STATE_DIFFERS',
      `its state is not that of ${differing.join(', ')}, compared up to entry ${comparedIndex}${alone}`,
    );
  }
  return alarms;
}

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
