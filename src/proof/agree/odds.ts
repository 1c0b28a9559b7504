/**
 * The odds of one ballot of Paxos, for one decision: from the request of an application until the value is chosen, or until
 * something would have to be said again. Prepared: a majority has promised the ballot, so that the proposer asks for
 * acceptance (phase 2a). Committed: the proposer knows that the value is chosen.
 *
 * Each server is down with the probability that it is in the long run, and stays so for the attempt, which is short.
 */

import { addressOf } from '../../../statecharts/actor.ts';
import {
  acceptorAddress,
  acceptorsOf,
  decisionKey,
  type ProposerRequest,
  proposerName,
} from '../../../statecharts/paxos.ts';
import { defineModel, type Observation } from '../../checker.ts';
import { availability } from '../../odds.ts';
import { numbered } from '../nodes.ts';
import { type OddsParametersOf, usualFaults } from '../odds/parameters.ts';
import { defineOdds, type OddsPredicate, type WeighedSystem } from '../odds.ts';
import { agreeModel } from './model.ts';
import { ballotFormulas } from './odds/formulas.ts';
import { times } from './odds/times.ts';

/** What the odds of a ballot depend on. */
export type BallotOddsParameters = OddsParametersOf<'servers' | 'loss' | 'mttfMs' | 'mttrMs'>;

/** What is remembered of a run. */
export interface BallotOddsHistory {
  /** The proposer has asked for acceptance, which it does once a majority has promised. */
  readonly isPromised: boolean;
  /** The caller was told what is chosen. */
  readonly isChosen: boolean;
  /** The proposer's node was down, and with it the caller. */
  readonly isCallerGone: boolean;
}

const none: BallotOddsHistory = { isPromised: false, isChosen: false, isCallerGone: false };
const proposing = 'n1';

/** Folds what happens into the history. */
export function observeBallotOdds(history: BallotOddsHistory, happening: Observation): BallotOddsHistory {
  switch (happening.type) {
    case 'sent':
      return happening.message.type === 'accept' ? { ...history, isPromised: true } : history;
    case 'delivered':
      return happening.output.type === 'chosen' ? { ...history, isChosen: true } : history;
    case 'crashed':
      return happening.node === proposing ? { ...history, isCallerGone: true } : history;
    default:
      return history;
  }
}

/** A majority has promised the ballot. */
export const isPrepared = ({ isPromised }: BallotOddsHistory): boolean => isPromised;

/** The value is chosen, and the caller is told. */
export const isCommitted = ({ isChosen }: BallotOddsHistory): boolean => isChosen;

function system({ servers, loss, mttfMs, mttrMs }: BallotOddsParameters): WeighedSystem<BallotOddsHistory> {
  const { name, actors } = agreeModel({ proposers: 1, acceptors: servers, ballots: 0 });
  const nodes = numbered('n', servers);
  const acceptors = acceptorsOf(nodes.map((node) => acceptorAddress(node, 'agree', 'k')));
  const proposer = addressOf(proposing, proposerName, decisionKey('agree', 'k'));
  const propose: ProposerRequest = { type: 'propose', value: 'v', acceptors };
  const isOver: OddsPredicate<BallotOddsHistory> = ({ history, hasLasted }) =>
    history.isChosen || history.isCallerGone || hasLasted('attempt');
  const down = 1 - availability({ mttfMs, mttrMs });
  return {
    model: defineModel({ name, actors, history: { start: none, observe: observeBallotOdds } }),
    weights: {
      tickMs: 1,
      delay: times.messageMs,
      loss,
      // Whatever is said again, or for another ballot, is of another attempt.
      timers: { retryInterval: 'never', pause: 'never' },
      crashes: { scheduled: nodes.map((node) => ({ node, afterTicks: 0, probability: down })) },
      requests: [{ actor: proposer, request: propose, afterTicks: times.askedMs }],
    },
    isPrepared: ({ history }) => isPrepared(history),
    isCommitted: ({ history }) => isCommitted(history),
    isAnswered: isOver,
    isOver,
    blocking: {},
    lasting: { attempt: { holds: ({ hasBegun }) => hasBegun, ticks: times.attemptMs } },
    atMostBeyond: {},
    notGiven: { blocked: 'an attempt ends before: whoever proposes goes on, and nothing is locked meanwhile' },
  };
}

/** The odds of a ballot of Paxos. */
export const paxosOdds = defineOdds({
  name: 'paxos',
  about: 'one decision by one ballot of Paxos, until something would have to be said again',
  factors: {
    prepare: 'the proposer is up, and a majority of the acceptors promises its ballot',
    commit: 'a majority accepts the value, and the proposer hears of it',
  },
  remark:
    'A promise is no vote for a value: prepared, a ballot may still choose the value of an earlier one. Multi-Paxos prepares once for all ' +
    'slots, and so pays the first factor once for each leader, and not for each commit.',
  defaults: { servers: 3, ...usualFaults },
  verified: { loss: 0.1 },
  formulas: ballotFormulas,
  system,
});
