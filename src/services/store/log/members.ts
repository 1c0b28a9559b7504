/** Who replicates a log: what a store needs to know of it. */

import * as v from 'valibot';
import { isId } from '../../../../statecharts/actor.ts';
import type { ReconfigurationRefusal, ReplacementRefusal } from '../../../../statecharts/replication/refusals.ts';

const node = v.pipe(v.string(), v.check(isId, 'expected the id of a node'));
const nodes = v.array(node);

/** Who takes part in a log, as one of its servers knows it. All lists are sorted. */
export const logMembers = v.object({
  /** Who votes. */
  voters: nodes,
  /** While one is replaced and both decide together: who votes afterwards. */
  nextVoters: v.nullable(nodes),
  /** Who is sent the log and has no vote. */
  learners: nodes,
  /** What is to follow once the learner has caught up. */
  change: v.nullable(v.object({ leaving: node, joining: node })),
  /** Who has left for good. */
  retired: nodes,
  /** Where nodes listen, `host:port` by id, as far as the log says so. */
  places: v.record(v.string(), v.string()),
  /** The entry that says all this. */
  index: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Whether no change is under way, and the last one is committed. */
  isSettled: v.boolean(),
});
export type LogMembers = Readonly<v.InferOutput<typeof logMembers>>;

/** One node for another. */
export interface MemberChange {
  readonly leaving: string;
  readonly joining: string;
  /** Where the node that joins listens, `host:port`. */
  readonly place: string;
}

/** A change of one node. */
export type MemberStep =
  /** Sends `node`, which was started to join and listens at `place` (`host:port`), the log, without a vote. */
  | { readonly kind: 'add'; readonly node: string; readonly place: string }
  /** Lets a learner that has caught up vote. */
  | { readonly kind: 'promote'; readonly node: string }
  /** Retires a voter or a learner, for good. */
  | { readonly kind: 'remove'; readonly node: string }
  /** From now on `node` listens at `place`. */
  | { readonly kind: 'move'; readonly node: string; readonly place: string };

/** Why a change was not begun, or not carried through. Nothing of it remains. */
export type MemberRefusal = ReplacementRefusal | ReconfigurationRefusal;

/** The membership of a log. */
export interface LogMembership {
  /** As the log says, whether that is committed or not: a change is in force from its entry on. */
  members(): LogMembers;
  /**
   * The other nodes that must be reached, and where, as far as the log says so: members, and those that leave, until that
   * is committed. The same object until that changes.
   */
  reachable(): ReadonlyMap<string, string | undefined>;
  /**
   * The voters with which the log began: the same on every node and for ever. Undefined on a node that was not taken in
   * yet, and where an earlier release replaced one of them, which did not write down who they were.
   */
  readonly founders: readonly string[] | undefined;
  /**
   * Why no node may be replaced: nodes cannot prove who they are, or the log's members stay those with which it began.
   * Undefined where that may be asked for.
   */
  readonly whyFixed: 'no-secret' | 'members-fixed' | undefined;
  /** Whether this node has left for good. */
  readonly hasLeft: boolean;
  /**
   * Asks for a change; answered by `reconfiguring` or `notReconfigured`. Throws like `ReplicatedLog.propose`.
   *
   * @throws NotReplacedError where the members stay those with which the log began
   */
  replace(id: number, change: MemberChange): void;
  /**
   * Asks for a change of one node; answered by `reconfiguring` or `notReconfigured`. Throws like `ReplicatedLog.propose`.
   *
   * @throws MembersUnchangedError where the members stay those with which the log began
   */
  reconfigure(id: number, step: MemberStep): void;
}
