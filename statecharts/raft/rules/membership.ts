/**
 * How a leader replaces a server: Raft §4.1 (one change at a time, in force once appended), §4.2.1 (a learner catches
 * up), §4.2.2 (a leader that leaves) and §4.3 (joint consensus). The log's latest configuration says how far a change is,
 * so that the next leader goes on where the last one was.
 */

import { hasEnded, isFurther, isLastRound, lookedAt, nextRound } from '../../replication/learning.ts';
import { isVoter, withLearner, withoutLearner } from '../../replication/members.ts';
import { followerOf, type Progress } from '../../replication/progress.ts';
import { objectionIn, type ReplacementRefusal } from '../../replication/refusals.ts';
import type { Received, Result, ServerContext } from '../context.ts';
import { afterJoint, jointly } from '../joint.ts';
import { appendMembers, begunBy, isConfigurationCommitted, notReconfigured, objectionNow } from './members.ts';
import { leadershipOf } from './replication.ts';

type Replace = Received<'replace'>;

/** Until the latest configuration is committed, no other one is appended (§4.1), and nothing while leadership is handed over (§3.10). */
const mayAppendMembers = (context: ServerContext): boolean =>
  context.handOver === null && isConfigurationCommitted(context);

/** What stands against a change. */
const objectionTo = (context: ServerContext, change: Replace): ReplacementRefusal | undefined =>
  objectionNow(context) ?? objectionIn(context.configuration, change);

/** §4.1: whether the change may begin now. */
export const mayReplace = (context: ServerContext, message: Replace): boolean =>
  objectionTo(context, message) === undefined;

export const refuseReplacement = (context: ServerContext, message: Replace): Result =>
  notReconfigured(context, message.id, objectionTo(context, message) ?? 'not-ready');

/** §4.2.1: the server that joins learns the log, without a vote. */
export const beginReplacement = (context: ServerContext, message: Replace): Result =>
  appendMembers(context, withLearner(context.configuration, message), [begunBy(context, message.id)]);

/** Whether a server is to join, and has to learn the log before. */
export const isLearning = ({ configuration }: ServerContext): boolean => configuration.change !== null;

export const isJoint = ({ configuration }: ServerContext): boolean => configuration.nextVoters !== null;

/** §4.2.2: the configuration without this server is committed; it leads no more. */
export const hasLeft = (context: ServerContext): boolean =>
  isConfigurationCommitted(context) && !isVoter(context.configuration, context.self);

/** The leader's knowledge of the server that joins. */
function learnerOf(context: ServerContext): Progress | undefined {
  const joining = context.configuration.change?.joining;
  return followerOf(leadershipOf(context).followers, joining);
}

/** §4.2.1: a round sends what the log holds when it begins; each one has less to send, and so is shorter. */
export function beginRound(context: ServerContext): Result {
  const leadership = leadershipOf(context);
  const catchUp = nextRound(leadership.catchUp, learnerOf(context), context.log.lastIndex);
  return { context: { leadership: { ...leadership, catchUp } } };
}

/** §4.2.1: the learner has all that the round sends, and the next configuration may be appended. */
export const hasCaughtUp = (context: ServerContext): boolean =>
  mayAppendMembers(context) && hasEnded(leadershipOf(context).catchUp, learnerOf(context));

/** §4.2.1: no round was short enough: the learner cannot keep up, and would hold up what it votes on. */
export const isOutOfRounds = (context: ServerContext): boolean =>
  hasCaughtUp(context) && isLastRound(leadershipOf(context).catchUp);

/** Whether the learner has come further since the last look. While leadership is handed over, nothing is decided. */
export const makesHeadway = (context: ServerContext): boolean =>
  context.handOver !== null || isFurther(leadershipOf(context).catchUp, learnerOf(context));

/** Begins the next look. */
export function watchLearner(context: ServerContext): Result {
  const leadership = leadershipOf(context);
  if (leadership.catchUp === null) return {};
  return { context: { leadership: { ...leadership, catchUp: lookedAt(leadership.catchUp, learnerOf(context)) } } };
}

/** §4.2.1: the server that was to join does not come, or cannot keep up: the change is given up. */
export const giveUpReplacement = (context: ServerContext): Result =>
  appendMembers(context, withoutLearner(context.configuration));

/** §4.3: C_old,new. From here on decisions take a majority of the voters of before, and of those of after. */
export const beginJoint = (context: ServerContext): Result => appendMembers(context, jointly(context.configuration));

/** §4.3: C_old,new is committed, so that C_new may be appended. */
export const mayEndJoint = mayAppendMembers;

/** §4.3: C_old,new is committed, so that C_new alone may decide. */
export const endJoint = (context: ServerContext): Result => appendMembers(context, afterJoint(context.configuration));
