/**
 * A node's log: one line for each change of role, each peer that is refused, lost or there again, and each failure. Any
 * logger will do that takes fields and a text, such as pino's. Repeated trouble is told once a minute, with its number.
 */

import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../environment/clock.ts';
import { systemEnvironment } from '../environment/environment.ts';
import { occasionally } from '../environment/occasionally.ts';
import type { Node } from './contract.ts';
import type { Refused } from './mail.ts';
import type { RoleChange } from './role-change.ts';

/** What a line is written to. A pino logger is one. */
export interface NodeLog {
  info(fields: Readonly<Record<string, unknown>>, text: string): void;
  warn(fields: Readonly<Record<string, unknown>>, text: string): void;
  error(fields: Readonly<Record<string, unknown>>, text: string): void;
}

export interface LogNodeOptions {
  /** The bus of the node, for what becomes of its peers; they are left out by default. */
  readonly bus?: Pick<Bus, 'peers'>;
  /** Which changes of role are told; all by default. A node with an actor for each transaction wants fewer. */
  readonly isTold?: (change: RoleChange) => boolean;
  /** By which repeated trouble is held back; the system's by default. */
  readonly clock?: Clock;
}

/**
 * Writes down what happens on `node` from now on. It costs nothing per step, as nothing of it is inspected.
 *
 * @returns ends it
 *
 * @example
 * logNode(node, pino(), { bus });
 * // {"level":30,"node":"n1","actor":"n1/raft.server/kv","role":"leader","former":"candidate","event":"voteReply",
 * //  "from":"n2/raft.server/kv","rules":["Raft §5.2"],"msg":"candidate became leader"}
 */
export function logNode(node: Node, log: NodeLog, options: LogNodeOptions = {}): () => void {
  const { bus, isTold = () => true, clock = systemEnvironment().clock } = options;
  const { id } = node;
  const admit = occasionally(clock);
  const subscriptions = [
    node.roleChanges.subscribe((change) => {
      if (isTold(change)) log.info({ node: id, ...fieldsOf(change) }, textOf(change));
    }),
    node.refusals.subscribe(({ kind, to, from, message: { type }, reason }: Refused) => {
      const admitted = admit(`${kind} ${from} ${type}`);
      if (admitted === undefined) return;
      log.warn({ node: id, actor: to, from, kind, event: type, reason, ...admitted }, 'message refused');
    }),
    node.failure.subscribe((error) => log.error({ node: id, code: error.code, reason: error.message }, 'node failed')),
    bus?.peers.subscribe(({ node: peer, status, reason, refusal }) => {
      const admitted = admit(`peer ${peer} ${status} ${reason}`);
      if (admitted === undefined) return;
      const fields = { node: id, peer, status, ...(reason !== undefined && { reason }), ...admitted };
      if (status === 'connected') log.info(fields, 'peer connected');
      else log.warn({ ...fields, ...(refusal !== undefined && { refusal: refusal.code }) }, `peer ${status}`);
    }),
  ];
  return () => {
    for (const subscription of subscriptions) subscription?.unsubscribe();
  };
}

function fieldsOf({ actor, role, former, cause }: RoleChange): Readonly<Record<string, unknown>> {
  const begun = { actor, role, former };
  return cause === undefined ? begun : { ...begun, event: cause.event, from: cause.from, rules: cause.rules() };
}

function textOf({ role = 'none', former }: RoleChange): string {
  return former === undefined ? `began as ${role}` : `${former} became ${role}`;
}
