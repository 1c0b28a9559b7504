/** What must hold of every run of single-decree Paxos, and what must happen in some run. */

import type { Tagged } from '../../../statecharts/actor.ts';
import {
  type Acceptance,
  type AcceptorContext,
  type Acceptors,
  type acceptor,
  blankAcceptor,
  isLater,
  phase1Quorum,
  phase2Quorum,
  sameAcceptors,
} from '../../../statecharts/paxos.ts';
import type { ModelActor, Predicates, SystemState } from '../../checker.ts';
import type { AgreeBounds } from './bounds.ts';
import { agreement, type Decided, durability, validity } from './claims.ts';
import type { DecisionHistory } from './history.ts';
import { chosenIn } from './voting.ts';

type State = SystemState<DecisionHistory>;
type Accepting = ModelActor<(typeof acceptor)['chart'], Tagged>;

const isContext = (value: unknown): value is AcceptorContext =>
  typeof value === 'object' && value !== null && 'promised' in value && 'accepted' in value && 'acceptors' in value;

/** What an acceptor would remember, were it to start again now. */
export function standingOf(state: State, it: Accepting): AcceptorContext {
  const { durableRecords } = state.of(it);
  const known = standings.get(durableRecords);
  if (known !== undefined) return known;
  const remembered = it.definition.recover(durableRecords);
  const standing = isContext(remembered) ? remembered : blankAcceptor;
  standings.set(durableRecords, standing);
  return standing;
}
/** A state of an actor is seen millions of times, each time with the same records. */
const standings = new WeakMap<readonly Tagged[], AcceptorContext>();

const rememberedIn = (state: State, accepting: readonly Accepting[]) =>
  new Map<string, Acceptance | null>(accepting.map((it) => [it.address, standingOf(state, it).accepted]));

/** The promises of consensus. */
export function agreeProperties(
  accepting: readonly Accepting[],
  acceptors: Acceptors,
  proposed: readonly string[],
): Predicates<DecisionHistory> {
  const seen = ({ history: { told } }: State): Decided => ({ key: 'k', proposed, told });
  return {
    'agreement: one value is told': (state) => agreement(seen(state)) === undefined,
    'validity: what is told was proposed': (state) => validity(seen(state)) === undefined,
    'chosen stays chosen': (state) => durability(seen(state), acceptors, rememberedIn(state, accepting)) === undefined,
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
