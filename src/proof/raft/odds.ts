/**
 * The odds of the first election of Raft: from when all servers begin to wait for a leader until the first one that stands has
 * committed the entry with which its term begins, or until it is clear that something must be said again, or another one stands
 * as well. Prepared: it is elected, so that it sends that entry. Committed: a majority holds the entry (§3.6.2), and the leader tells
 * its application.
 *
 * Each server is down with the probability that it is in the long run, and stays so for the attempt, which is short.
 */

import type { Address } from '../../../statecharts/actor.ts';
import { defineModel, type Observation } from '../../checker.ts';
import { availability } from '../../odds.ts';
import { numbered } from '../nodes.ts';
import { type OddsParametersOf, usualFaults } from '../odds/parameters.ts';
import { defineOdds, type OddsPredicate, type WeighedSystem } from '../odds.ts';
import { raftModel } from './model.ts';
import { electionFormulas } from './odds/formulas.ts';
import { instantsMs, times } from './odds/times.ts';

/** What the odds of an election depend on. */
export type ElectionOddsParameters = OddsParametersOf<'servers' | 'loss' | 'mttfMs' | 'mttrMs'>;

/** What is remembered of a run. */
export interface ElectionOddsHistory {
  /** Who has asked for pre-votes, sorted. */
  readonly stood: readonly Address[];
  /** One that stood alone sends the first entry of its term. */
  readonly isElected: boolean;
  /** It has told its application that the entry is committed. */
  readonly isCommitted: boolean;
  /** How many servers are down. */
  readonly down: number;
}

const none: ElectionOddsHistory = { stood: [], isElected: false, isCommitted: false, down: 0 };

/** Folds what happens into the history. */
export function observeElectionOdds(history: ElectionOddsHistory, happening: Observation): ElectionOddsHistory {
  const { stood, isElected, down } = history;
  switch (happening.type) {
    case 'sent': {
      const { from, message } = happening;
      if (message.type === 'append') return { ...history, isElected: isElected || stood.length === 1 };
      if (message.type !== 'preVote' || stood.includes(from)) return history;
      return { ...history, stood: [...stood, from].sort() };
    }
    case 'delivered':
      return isElected && happening.output.type === 'committed' ? { ...history, isCommitted: true } : history;
    case 'crashed':
      return { ...history, down: down + 1 };
    default:
      return history;
  }
}

/** The first server that stood is elected. */
export const isPrepared = ({ isElected }: ElectionOddsHistory): boolean => isElected;

/** The first entry of its term is committed. */
export const isCommitted = ({ isCommitted: is }: ElectionOddsHistory): boolean => is;

/** Of more servers, what comes of a second loss, or of a second server that is down, is not followed. */
const mostFollowed = 3;

function system({ servers, loss, mttfMs, mttrMs }: ElectionOddsParameters): WeighedSystem<ElectionOddsHistory> {
  const { name, actors } = raftModel({ nodes: servers });
  const instants = instantsMs(servers);
  const lastMs = instants.at(-1) ?? 0;
  const down = 1 - availability({ mttfMs, mttrMs });
  const isOver: OddsPredicate<ElectionOddsHistory> = ({ history, hasLasted }) =>
    history.isCommitted || history.stood.length > 1 || history.down === servers || hasLasted('attempt');
  return {
    model: defineModel({ name, actors, history: { start: none, observe: observeElectionOdds } }),
    weights: {
      tickMs: 1,
      delay: times.messageMs,
      loss,
      timers: { electionTimeout: instants.map((ticks) => ({ ticks, probability: 1 / instants.length })) },
      drawnAt: [{ fraction: 0, probability: 1 }],
      ...(servers > mostFollowed ? { maxLosses: 1 } : {}),
      crashes: {
        ...(servers > mostFollowed ? { maxCrashes: 1 } : {}),
        scheduled: numbered('n', servers).map((node) => ({ node, afterTicks: 0, probability: down })),
      },
    },
    isPrepared: ({ history }) => isPrepared(history),
    isCommitted: ({ history }) => isCommitted(history),
    isAnswered: isOver,
    isOver,
    blocking: {},
    lasting: { attempt: { holds: ({ history }) => history.stood.length > 0, ticks: times.attemptMs } },
    // Three rounds, each of a question to all others and their answers; and a record or two of each in each of them.
    atMostBeyond: { messages: 6 * (servers - 1), flushes: 4 * servers, ticks: lastMs + times.attemptMs },
    maxStates: 300_000,
    notGiven: { blocked: 'an attempt ends before, and another server stands' },
  };
}

/** The odds of an election of Raft. */
export const raftOdds = defineOdds({
  name: 'raft',
  about:
    'the first election of Raft, and the entry with which the term begins, until something would have to be said again',
  factors: {
    prepare: 'one server stands alone, and a majority gives it its pre-votes and its votes',
    commit: 'a majority holds the first entry of the term, and the leader hears of it',
  },
  remark:
    'The usual reading, a leader is elected and then entries commit, counts an entry of an earlier term that a majority holds as committed. It is ' +
    'not (§3.6.2): only with an entry of the own term is it, and that is what is counted here. Who leads pays the first factor once for its term.',
  defaults: { servers: 3, ...usualFaults },
  verified: { loss: 0.1 },
  formulas: electionFormulas,
  system,
});
