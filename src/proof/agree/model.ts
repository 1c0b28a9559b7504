/**
 * Single-decree Paxos for the model checker: the acceptors, proposers and learner that run in production, one decision, and
 * around it crashes, lost and repeated messages, and timers at any moment.
 *
 * Votes are what acceptors have told, which they do when it is durable, and ballots are given up when that is durable: so
 * the model refines Voting, which knows no crashes.
 */

import { nodeOf } from '../../../statecharts/actor.ts';
import {
  type AcceptorRules,
  acceptorAddress,
  acceptorRules,
  acceptorsOf,
  decisionKey,
  defineAcceptor,
  defineLearner,
  defineProposer,
  type LearnerRules,
  learnerRules,
  type ProposerRules,
  phase1Quorum,
  phase2Quorum,
  proposerRules,
} from '../../../statecharts/paxos.ts';
import { majoritySize } from '../../../statecharts/quorum.ts';
import {
  actorOf,
  bornOfMessage,
  defineModel,
  type Model,
  refinement,
  request,
  type SystemState,
} from '../../checker.ts';
import { standingOf } from '../acceptors/standing.ts';
import { surroundingsOf } from '../acceptors/surroundings.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { numbered } from '../nodes.ts';
import { agreeBounds, assertPossible, type GivenAgreeBounds } from './bounds.ts';
import { type DecisionHistory, emptyHistory, observeDecision } from './history.ts';
import { agreeGoals, agreeProperties } from './properties.ts';
import { type Voting, votingOf } from './voting.ts';

/** Rules that differ from the true ones. */
export interface BrokenRoles {
  readonly acceptor?: Partial<AcceptorRules>;
  readonly proposer?: Partial<ProposerRules>;
  readonly learner?: Partial<LearnerRules>;
}

/** How much may happen, as `agreeBounds` says, and what is wrong with it. */
export interface AgreeModelOptions extends GivenAgreeBounds {
  readonly broken?: BrokenRoles;
}

/** Says nothing where the true acceptor refuses. */
const silent: Partial<AcceptorRules> = { refuse: () => ({}) };

/** The model of one decision. */
export function agreeModel(options: AgreeModelOptions = {}): Model<DecisionHistory> {
  const { broken = {}, ...given } = options;
  const bounds = boundsOf(agreeBounds, given);
  assertPossible(bounds);
  const { proposers, apart, refusals, learner: learns } = bounds;
  const { promises: phase1Size = majoritySize(bounds.acceptors) } = bounds;
  const nodes = numbered('n', bounds.acceptors);
  const key = decisionKey('agree', 'k');
  const acceptors = acceptorsOf(
    nodes.map((node) => acceptorAddress(node, 'agree', 'k')),
    given.promises === undefined ? undefined : { phase1Size, phase2Size: nodes.length - phase1Size + 1 },
  );
  const acceptor = defineAcceptor({ ...acceptorRules, ...(refusals ? {} : silent), ...broken.acceptor });
  const proposer = defineProposer({ ...proposerRules, ...broken.proposer });
  const learner = defineLearner({ ...learnerRules, ...broken.learner });
  const accepting = nodes.map((node) => bornOfMessage(acceptor, node, key));
  const proposing = numbered(apart ? 'p' : 'n', proposers).map((node) =>
    actorOf(proposer, node, { key, input: { acceptors } }),
  );
  const learning = learns ? [actorOf(learner, 'm1', { key, input: { acceptors } })] : [];
  const proposalOf = (index: number, isLater: boolean): string => `${isLater ? 'w' : 'v'}${index + 1}`;
  const values = proposing.flatMap((_it, index) => [proposalOf(index, false), proposalOf(index, true)]);

  return defineModel<DecisionHistory>({
    name: `Paxos with ${systemNameOf(agreeBounds, given)}`,
    actors: [...proposing, ...accepting, ...learning],
    requests: proposing.map((it, index) =>
      // Once in each life, and with another value in a later one. What is asked of a busy proposer adds nothing.
      request(it, (state: SystemState<DecisionHistory>) =>
        state.of(it).snapshot?.hasTag('idle') === true
          ? [
              {
                type: 'propose' as const,
                value: proposalOf(index, state.history.crashed.includes(nodeOf(it.address))),
                acceptors,
              },
            ]
          : [],
      ),
    ),
    ...surroundingsOf(bounds),
    history: { start: emptyHistory, observe: observeDecision },
    always: agreeProperties(accepting, acceptors, values),
    sometimes: agreeGoals(accepting, acceptors, bounds),
    refines: {
      Voting: refinement<Voting, DecisionHistory>({
        ...votingOf({ phase1: phase1Quorum(acceptors), phase2: phase2Quorum(acceptors) }),
        maps: (state) =>
          accepting.map((it) => ({
            acceptor: it.address,
            maxBallot: standingOf(state, it).promised,
            votes: state.history.votes.flatMap(({ acceptor: voter, ballot, value }) =>
              voter === it.address ? [{ ballot, value }] : [],
            ),
          })),
      }),
    },
  });
}
