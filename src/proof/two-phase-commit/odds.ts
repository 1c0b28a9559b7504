/**
 * The odds of a transaction over several databases, each on a node of its own, that is decided in the journal of the node that
 * began it. Prepared: every participant has voted yes, which its database has made durable. Committed: the coordinator has
 * decided so, and its caller is told. In between, each yes must be heard before the coordinator's patience ends.
 */

import { defineModel, type Observation } from '../../checker.ts';
import { type OddsParametersOf, usualFaults } from '../odds/parameters.ts';
import { blockedMs } from '../odds/quantities.ts';
import { defineOdds, type OddsPredicate, type WeighedSystem } from '../odds.ts';
import { manager, twoPhaseCommitModel } from './model.ts';
import { commitFormulas } from './odds/formulas.ts';
import { times, timing } from './odds/times.ts';

/** What the odds of a commit depend on. */
export type CommitOddsParameters = OddsParametersOf<'participants' | 'voteYes' | 'loss' | 'mttfMs' | 'mttrMs'>;

/** What is remembered of a run. */
export interface CommitOddsHistory {
  /** The branches that have voted yes, sorted. */
  readonly yes: readonly string[];
  /** What the caller was told. */
  readonly verdict: 'none' | 'committed' | 'aborted';
  /** Whether the coordinator's node, and with it the caller, has died before it was told. */
  readonly isCallerGone: boolean;
  /** Whether the coordinator knows that no participant needs it any more. */
  readonly hasEnded: boolean;
}

/** Folds what happens into the history. */
export function observeCommitOdds(history: CommitOddsHistory, happening: Observation): CommitOddsHistory {
  if (happening.type === 'sent') {
    const { message } = happening;
    if (message.type !== 'vote' || !('vote' in message) || message.vote !== 'yes') return history;
    const { from } = happening;
    return history.yes.includes(from) ? history : { ...history, yes: [...history.yes, from].sort() };
  }
  if (happening.type === 'crashed') {
    const isGone = history.isCallerGone || (happening.node === manager && history.verdict === 'none');
    return { ...history, isCallerGone: isGone };
  }
  if (happening.type !== 'delivered') return history;
  const { type } = happening.output;
  if (type === 'committed' || type === 'aborted') return { ...history, verdict: type };
  return type === 'ended' ? { ...history, hasEnded: true } : history;
}

/** Every participant has voted yes. */
export const isPrepared = ({ yes }: CommitOddsHistory, participants: number): boolean => yes.length === participants;

/** The caller is told that all commit. */
export const isCommitted = ({ verdict }: CommitOddsHistory): boolean => verdict === 'committed';

const none: CommitOddsHistory = { yes: [], verdict: 'none', isCallerGone: false, hasEnded: false };

/** How many losses are followed in one run, so that a system is explored in seconds. */
const followedLosses = [0, 0, 4, 3, 2, 2];

/**
 * What is at most to be expected after one loss, or one crash, more than is followed. Votes: two messages for each of at most 20 asks
 * of each participant. Then, twice a second at most and until the decision is known and acknowledged, which takes 1/q rounds on
 * average, two messages for each participant; and once a second each that is in doubt, for at most 11 s more, asks all others, which
 * may answer. While a node is down, both go on. All of it twice, as more may happen.
 */
function messagesBeyond({ participants: n, loss }: CommitOddsParameters, downMs: number): number {
  const rounds = 1 / (1 - loss) ** 2 + (2 * downMs) / 1_000;
  return 2 * n * (2 * 20 + 2 * rounds + 2 * n * (11 + rounds));
}

function system(parameters: CommitOddsParameters): WeighedSystem<CommitOddsHistory> {
  const { participants, voteYes, loss, mttfMs, mttrMs } = parameters;
  const { name, actors, resources = {} } = twoPhaseCommitModel({ participants, refusals: true });
  const databases = Object.keys(resources);
  const isOver: OddsPredicate<CommitOddsHistory> = ({ history, resource }) =>
    history.hasEnded && databases.every((it) => resource(it) === 'committed' || resource(it) === 'aborted');
  return {
    model: defineModel({ name, actors, resources, history: { start: none, observe: observeCommitOdds } }),
    weights: {
      ...timing,
      loss,
      maxLosses: followedLosses[participants] ?? 0,
      waysOf: () => [voteYes, 1 - voteYes],
      crashes: { perTick: 1 / mttfMs, restartPerTick: 1 / mttrMs, maxCrashes: 0 },
    },
    isPrepared: ({ history }) => isPrepared(history, participants),
    isCommitted: ({ history }) => isCommitted(history),
    isAnswered: ({ history }) => history.verdict !== 'none' || history.isCallerGone,
    isOver,
    blocking: Object.fromEntries(
      databases.map((it) => [it, { holds: ({ resource }) => resource(it) === 'prepared', ticks: blockedMs }]),
    ),
    atMostBeyond: {
      // A coordinator that lives gives up in time; records are of a decision and of its end, in each of two lives.
      ticks: times.voteTimeoutMs,
      flushes: 4,
      ...(loss < 1
        ? { messages: { losses: messagesBeyond(parameters, 0), crashes: messagesBeyond(parameters, mttrMs) } }
        : {}),
    },
  };
}

/** The odds of a transaction that is decided in a journal. */
export const twoPhaseCommitOdds = defineOdds({
  name: '2pc',
  about: 'a transaction over several databases, decided in the journal of the node that began it',
  factors: {
    prepare: 'every participant can prepare, and votes yes',
    commit: "every yes is heard before the coordinator's patience ends, and the coordinator lives to decide",
  },
  defaults: { participants: 3, voteYes: 0.99, ...usualFaults },
  verified: { participants: 2, voteYes: 0.998 },
  formulas: commitFormulas,
  system,
});
