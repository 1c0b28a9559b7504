/** What a node is to a person at first sight: how it is, and the actor that matters most on it. */

import { type LogStanding, logStanding } from './log-standing.ts';
import type { ActorNow, Moment, NodeNow } from './moment.ts';

/** Which charts say most about a node; what is not named comes after these. */
const rank: readonly string[] = [
  // Its configuration is kept by a log of its own.
  'primary-backup.replica',
  'raft.server',
  'paxos.server',
  'failover.manager',
  'failover.standby',
  '2pc.coordinator',
  '2pc.participant',
  'paxos.proposer',
  'paxos.register',
  'paxos.acceptor',
  '2pc.acceptor',
  'fault-detector',
];

/** A node at first sight. */
export interface NodeStanding extends NodeNow {
  /** In the order of their rank. */
  readonly actors: readonly ActorNow[];
  /** Of its main actor, where that has one. */
  readonly role: string | undefined;
  /** Of its server of a log, where it has one. */
  readonly log: LogStanding | undefined;
}

/** The nodes at `moment`, in the order in which the feed names them. */
export function nodeStandings(moment: Moment): readonly NodeStanding[] {
  const byNode = new Map<string, ActorNow[]>();
  for (const actor of moment.actors.values()) byNode.set(actor.node, [...(byNode.get(actor.node) ?? []), actor]);
  return [...moment.nodes.values()].map((node) => {
    const actors = (byNode.get(node.name) ?? []).sort((one, other) => rankOf(one) - rankOf(other));
    const log = actors.map(logStanding).find((standing) => standing !== undefined);
    return { ...node, actors, role: mainActor({ actors, log })?.role, log };
  });
}

/** The actor whose role is that of the node: its server of a log, or the first. */
export const mainActor = ({ actors, log }: Pick<NodeStanding, 'actors' | 'log'>): ActorNow | undefined =>
  log?.actor ?? actors[0];

function rankOf({ chart }: ActorNow): number {
  const at = rank.indexOf(chart);
  return at === -1 ? rank.length : at;
}
