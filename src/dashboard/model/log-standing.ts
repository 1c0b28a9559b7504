/** How a server of a replicated log stands: what it has promised, and how far its log reaches and is committed. */

import { field, numberAt, recordsAt, textAt } from './fields.ts';
import type { ActorNow } from './moment.ts';

/** The servers of logs, and what numbers their leaders. */
const logs: Readonly<Record<string, 'term' | 'ballot' | 'epoch'>> = {
  'raft.server': 'term',
  'paxos.server': 'ballot',
  'primary-backup.replica': 'epoch',
};

/** How a server stands. */
export interface LogStanding {
  readonly actor: ActorNow;
  readonly numbering: 'term' | 'ballot' | 'epoch';
  /** Of its leader, as far as it knows; of a ballot, with the node that numbered it. */
  readonly number: string;
  readonly lastIndex: number;
  readonly commitIndex: number;
  /** The node that it takes for the leader. */
  readonly leader: string | undefined;
}

/** How `actor` stands; undefined where it serves no log. */
export function logStanding(actor: ActorNow): LogStanding | undefined {
  const numbering = logs[actor.chart];
  if (numbering === undefined) return undefined;
  const { context } = actor;
  return {
    actor,
    numbering,
    number: numberOf(numbering, context),
    lastIndex: lastIndexOf(context),
    commitIndex: numberAt(context, 'commitIndex') ?? 0,
    leader: leaderOf(context),
  };
}

function numberOf(numbering: LogStanding['numbering'], context: unknown): string {
  if (numbering === 'term') return String(numberAt(context, 'term') ?? '');
  if (numbering === 'epoch')
    return String(numberAt(context, 'configuration', 'epoch') ?? numberAt(context, 'promised') ?? '');
  const round = numberAt(context, 'promised', 'round');
  const proposer = textAt(context, 'promised', 'proposer');
  return round === undefined ? '' : `${round}.${nodeIn(proposer ?? '')}`;
}

const nodeIn = (address: string): string => address.split('/')[0] ?? '';

/** A log says where it ends; one that no server has yet ends where what is committed does. */
const lastIndexOf = (context: unknown): number =>
  numberAt(context, 'log', 'lastIndex') ??
  numberAt(context, 'slots', 'lastIndex') ??
  numberAt(context, 'commitIndex') ??
  0;

function leaderOf(context: unknown): string | undefined {
  const leader = textAt(context, 'leader') ?? textAt(context, 'configuration', 'primary');
  return leader === undefined ? undefined : nodeIn(leader);
}

/** The followers of a leader, and how far each has confirmed to hold its log. */
export const followersOf = ({ context }: ActorNow): readonly { readonly node: string; readonly match: number }[] =>
  recordsAt(field(context, 'leadership'), 'followers').flatMap((follower) => {
    const server = textAt(follower, 'server');
    const match = numberAt(follower, 'match');
    return server === undefined || match === undefined ? [] : [{ node: nodeIn(server), match }];
  });
