/** What must hold of every run of single-decree Paxos, and what must happen in some run. */

import { type Acceptors, isLater, phase1Quorum, phase2Quorum, sameAcceptors } from '../../../statecharts/paxos.ts';
import type { Predicates, SystemState } from '../../checker.ts';
import { type Accepting, rememberedBy, standingOf } from '../acceptors/standing.ts';
import { isKept } from '../claim.ts';
import type { AgreeBounds } from './bounds.ts';
import { agreement, type Decided, durability, validity } from './claims.ts';
import type { DecisionHistory } from './history.ts';
import { chosenIn } from './voting.ts';

type State = SystemState<DecisionHistory>;

/** The promises of consensus. */
export function agreeProperties(
  accepting: readonly Accepting[],
  acceptors: Acceptors,
  proposed: readonly string[],
): Predicates<DecisionHistory> {
  const seen = ({ history: { told } }: State): Decided => ({ key: 'k', proposed, told });
  return {
    'agreement: one value is told': (state) => isKept(agreement(seen(state))),
    'validity: what is told was proposed': (state) => isKept(validity(seen(state))),
    'chosen stays chosen': (state) => isKept(durability(seen(state), acceptors, rememberedBy(state, accepting))),
    'an acceptor keeps its acceptors': (state) =>
      accepting.every((it) => {
        const { acceptors: own } = standingOf(state, it);
        return own === null || sameAcceptors(own, acceptors);
      }),
  };
}

/** What must be possible, or a check says nothing. */
export function agreeGoals(
  accepting: readonly Accepting[],
  acceptors: Acceptors,
  { proposers, ballots, crashes, crashing }: AgreeBounds,
): Predicates<DecisionHistory> {
  const quorums = { phase1: phase1Quorum(acceptors), phase2: phase2Quorum(acceptors) };
  const chosen = ({ history }: State): readonly string[] =>
    chosenIn(
      accepting.map(({ address }) => ({
        acceptor: address,
        maxBallot: null,
        votes: history.votes.filter((vote) => vote.acceptor === address),
      })),
      quorums,
    );
  const goals: Record<string, (state: State) => boolean> = {
    'a value is chosen, and told': (state) => state.history.told.length === 1,
    'a value is chosen that nobody has been told of': (state) =>
      state.history.told.length === 0 && chosen(state).length === 1,
  };
  if (proposers > 1 && ballots !== 0) {
    goals['a value is chosen at a later ballot after a partial acceptance at an earlier one'] = (state) =>
      chosen(state).length === 1 &&
      state.history.votes.some(({ ballot, value }) =>
        state.history.votes.some(
          (later) =>
            isLater(later.ballot, ballot) && later.value === value && later.ballot.proposer !== ballot.proposer,
        ),
      );
    goals['two values are accepted, and one of them is chosen'] = (state) =>
      chosen(state).length === 1 && new Set(state.history.votes.map(({ value }) => value)).size === 2;
  }
  if (crashes > 0 && (crashing ?? ['n1']).includes('n1')) {
    goals['a value is told by a proposer that began again'] = ({ actors, history }) =>
      history.told.length > 0 &&
      actors.some(({ snapshot }) => snapshot?.hasTag('chosen') === true && Number(snapshot.context.round) > 1);
  }
  return goals;
}
