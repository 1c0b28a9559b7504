/**
 * How a leader replaces a server, in two configurations, each of which a stop-sign begins (see `configuration.ts`): in the
 * first one the newcomer learns the log without a vote; in the second one it votes in the place of the one that leaves. The
 * latest configuration says how far a change is, so that the next leader goes on where the last one was.
 */

import { hasEnded, isFurther, isLastRound, lookedAt, nextRound } from '../../../replication/learning.ts';
import {
  type Members,
  placed,
  serverSetOf,
  withLearner,
  withoutLearner,
  withRetired,
} from '../../../replication/members.ts';
import { followerOf, type Progress } from '../../../replication/progress.ts';
import { objectionIn, type ReplacementRefusal } from '../../../replication/refusals.ts';
import type { Received, Result, ServerContext } from '../context.ts';
import { begunBy, notReconfigured, objectionNow, stopWith } from './members.ts';
import { leadershipOf } from './replication.ts';

type Replace = Received<'replace'>;

/** What stands against a change. */
const objectionTo = (context: ServerContext, change: Replace): ReplacementRefusal | undefined =>
  objectionNow(context) ?? objectionIn(context.configuration, change);

/** Whether the change may begin now. */
export const mayReplace = (context: ServerContext, message: Replace): boolean =>
  objectionTo(context, message) === undefined;

export const refuseReplacement = (context: ServerContext, message: Replace): Result =>
  notReconfigured(context, message.id, objectionTo(context, message) ?? 'not-ready');

/** The server that joins learns the log, without a vote. */
export const beginReplacement = (context: ServerContext, message: Replace): Result =>
  stopWith(context, withLearner(context.configuration, message), [begunBy(context, message.id)]);

/** Whether a server is to join, and has to learn the log before. */
export const isLearning = (context: ServerContext): boolean =>
  context.configuration.change !== null && hasGoneOn(context);

/** No stop-sign waits to be chosen. */
export const hasGoneOn = (context: ServerContext): boolean => !leadershipOf(context).isStopped;

/** The leader's knowledge of the server that joins. */
function learnerOf(context: ServerContext): Progress | undefined {
  const joining = context.configuration.change?.joining;
  return followerOf(leadershipOf(context).followers, joining);
}

/** A round sends what the log holds when it begins; each one has less to send, and so is shorter. */
export function beginRound(context: ServerContext): Result {
  const leadership = leadershipOf(context);
  const catchUp = nextRound(leadership.catchUp, learnerOf(context), leadership.lastIndex);
  return { context: { leadership: { ...leadership, catchUp } } };
}

/** The learner has all that the round sends, and nothing keeps the leader from going on. */
export const hasCaughtUp = (context: ServerContext): boolean =>
  context.handOver === null && hasGoneOn(context) && hasEnded(leadershipOf(context).catchUp, learnerOf(context));

/** No round was short enough: the learner cannot keep up, and would hold up what it votes on. */
export const isOutOfRounds = (context: ServerContext): boolean =>
  hasCaughtUp(context) && isLastRound(leadershipOf(context).catchUp);

/** Whether the learner has come further since the last look. During a hand-over a change rests, and is not given up. */
export const makesHeadway = (context: ServerContext): boolean =>
  context.handOver !== null || isFurther(leadershipOf(context).catchUp, learnerOf(context));

/** Begins the next look. */
export function watchLearner(context: ServerContext): Result {
  const leadership = leadershipOf(context);
  if (leadership.catchUp === null) return {};
  return { context: { leadership: { ...leadership, catchUp: lookedAt(leadership.catchUp, learnerOf(context)) } } };
}

/** The server that was to join does not come, or cannot keep up: the change is given up. */
export const giveUpReplacement = (context: ServerContext): Result =>
  stopWith(context, withoutLearner(context.configuration));

/** The server that has caught up votes in the place of the one that leaves, which is retired. */
export const swapVoters = (context: ServerContext): Result => stopWith(context, swapped(context.configuration));

function swapped({ change, ...members }: Members): Members {
  if (change === null) return { ...members, change };
  const { leaving, joining } = change;
  return placed({
    ...members,
    voters: serverSetOf([...members.voters.filter((voter) => voter !== leaving), joining]),
    learners: members.learners.filter((learner) => learner !== joining),
    change: null,
    ...withRetired(members, [leaving]),
  });
}
