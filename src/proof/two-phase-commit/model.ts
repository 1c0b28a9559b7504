/**
 * Two-phase commit for the model checker: the coordinator and the participants that run in production, one transaction,
 * and around it crashes, lost messages, timers at any moment and databases that act late.
 *
 * What repeats itself (prepares, decisions, inquiries) costs nothing, because the network is a set that only grows, from
 * which everything may arrive at any time and again; so retries need no budget, and every delay and repetition is
 * covered. A message that is lost leaves the set until somebody says it again: a budget for losses matters to what must
 * happen `eventually`, and not to safety, since a message that does not arrive is as good as lost.
 *
 * Not covered: a single branch, forgetting after the retention, and more than one transaction. The random schedules of
 * `test/statecharts/two-phase-commit` go through the first two.
 */

import { partsOf } from '../../../statecharts/actor.ts';
import {
  acceptorRules,
  type CoordinatorBegin,
  coordinatorAddress,
  coordinatorRules,
  type DecisionPlace,
  defineTwoPhaseCommit,
  type ParticipantBegin,
  participantAddress,
  participantRules,
} from '../../../statecharts/two-phase-commit.ts';
import {
  actorOf,
  type Budget,
  bornOfMessage,
  defineModel,
  type Fair,
  type Model,
  type SystemState,
  startedOnce,
} from '../../checker.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { assertPossible, commitBounds, type GivenCommitBounds } from './bounds.ts';
import type { BrokenParts } from './broken-parts.ts';
import { type CommitHistory, emptyHistory, observeCommit } from './history.ts';
import { commitGoals, commitProperties, isResolved } from './properties.ts';
import { branchModel, receipt, registerModel } from './resources.ts';
import type { DecidingPlace } from './scenario/operations.ts';

/** How much may happen, as `commitBounds` says, where decisions are kept, and whether somebody makes a mistake. */
export interface TwoPhaseCommitOptions extends GivenCommitBounds {
  /**
   * Where decisions are kept. With a `register`, or with three acceptors (`paxos`), an heir on node `d` may take over at
   * any moment. With `last`, the last participant is a last resource, whose commit in one phase is the decision. Default
   * `journal`.
   */
  readonly place?: DecidingPlace;
  /** Rules other than the true ones, for proofs that a fault would be found. */
  readonly broken?: BrokenParts;
}

const transaction = 'tx';
/** The node on which the transaction begins. */
export const manager = 'c';
/**
 * Three nodes, as services have them: the coordinator with its participants and an acceptor, another acceptor, and the heir
 * beside the third one, which is asked last.
 */
const acceptorNodes = [manager, 'e', 'd'];

/**
 * Everything that goes on by itself: whatever of it stays possible happens at last. Where any number of messages may be
 * lost, one that is said again and again arrives at last. Nothing is owed that is a fault, such as an unknown answer.
 */
const fairness = (losses: Budget, delays: readonly string[]): readonly Fair[] => [
  { steps: 'deliver', strength: losses === 'unlimited' ? 'strong' : 'weak' },
  { steps: 'timer', named: delays.filter((delay) => !forgetting.includes(delay)) },
  ...(['local', 'flush', 'restart', 'execute', 'answer'] as const),
];
/** The delays after which what has ended is forgotten, which brings nothing to its end and never happens here. */
const forgetting: readonly string[] = ['retention', 'linger'];

/** How a system is called by what keeps its decisions. */
const places: Readonly<Record<DecidingPlace, string>> = {
  journal: '',
  last: 'a last resource, ',
  register: 'a replicated coordinator, ',
  paxos: 'three acceptors, ',
};

/** The model of one transaction. */
export function twoPhaseCommitModel(options: TwoPhaseCommitOptions = {}): Model<CommitHistory> {
  const { place = 'journal', broken = {}, ...given } = options;
  const bounds = boundsOf(commitBounds, given);
  assertPossible(bounds, place);
  const { participants, readers, crashes, crashing, restarts, losses, unknownAnswers } = bounds;
  const { timeouts, pauses, wider, refusals: mayRefuse, eventually, mustCommit } = bounds;
  // A run that ends because no question is left tells nothing of one in which questions go on.
  const inquiries = given.inquiries ?? (eventually ? 'unlimited' : bounds.inquiries);
  const peerInquiries = given.peerInquiries ?? (eventually ? inquiries : bounds.peerInquiries);
  // Without a crash, nothing can be lost that is being written.
  const isCalm = place === 'paxos' && crashes === 0;
  const flush = eventually || mustCommit || isCalm ? 'at-once' : 'step';
  const branches = Array.from({ length: participants }, (_, index) => {
    const id = `b${index + 1}`;
    const node = place === 'paxos' ? manager : `p${index + 1}`;
    const address = participantAddress(node, { transaction, branch: id });
    const resource = `r${index + 1}`;
    return {
      id,
      node,
      address,
      resource,
      isReadOnly: index < readers,
      last: place === 'last' && index === participants - 1,
    };
  });
  const decider = branches.find(({ last }) => last);
  const origin = coordinatorAddress({ manager, transaction });
  const keepsRegister = place === 'register';
  const hasHeir = bounds.heir && (keepsRegister || place === 'paxos');

  // The application enlists every branch and asks to commit, all in the turn in which it begins.
  const keptIn: DecisionPlace = keepsRegister
    ? { type: 'register', resource: 'register' }
    : place === 'paxos'
      ? { type: 'acceptors', nodes: acceptorNodes, retentionMs: 0 }
      : { type: 'journal' };
  const begin: CoordinatorBegin = { type: 'begin', place: keptIn };
  const asked = branches.map(({ id: branch, address, resource, last }) => ({
    type: 'enlist' as const,
    branch,
    address,
    resource,
    last,
  }));
  const { coordinator, participant, acceptor } = defineTwoPhaseCommit({
    coordinator: { rules: { ...coordinatorRules, ...broken.coordinator } },
    participant: { rules: { ...participantRules, ...broken.participant } },
    acceptor: { rules: { ...acceptorRules, ...broken.acceptor } },
  });
  const coordinating = startedOnce(coordinator, manager, {
    key: transaction,
    input: begin,
    asks: [...asked, { type: 'commit' }],
  });
  const heir = actorOf(coordinator, 'd', {
    key: transaction,
    input: { type: 'take-over', manager, place: keptIn, epoch: 2 },
  });
  const decidedIn: DecisionPlace =
    decider !== undefined
      ? { type: 'branch', branch: decider.id, resource: decider.resource, address: decider.address }
      : keptIn;
  const participating = branches.map(({ id, node, address, resource, isReadOnly, last }) => {
    const branch = { manager, transaction, branch: id };
    const join: ParticipantBegin = { type: 'join', branch, resource, coordinator: origin };
    // Only the database remembers a yes, and recovery cannot tell what a prepare under way will still do: to be safe, it
    // takes the branch for a prepared one, unless it can never become that.
    const isPreparable = !isReadOnly && !last;
    const found: ParticipantBegin = {
      type: 'found',
      branch,
      resource,
      place: decidedIn,
      receipt,
      peers: branches.flatMap((other) => (other.id === id ? [] : other.address)),
    };
    const lives = { input: join, ...(isPreparable ? { later: found } : {}) };
    return startedOnce(participant, node, { key: partsOf(address).key, ...lives });
  });
  const coordinators = hasHeir ? [coordinating, heir] : [coordinating];
  const acceptors = place === 'paxos' ? acceptorNodes.map((node) => bornOfMessage(acceptor, node, transaction)) : [];
  const resources = branches.map(({ resource }) => resource);

  // What died before it was registered asked nobody to prepare: the participants give up by themselves, sooner or later.
  // The session of a reader, or of a last resource that was not asked to commit, ends with its node.
  const prepared = isResolved(branches.flatMap((it) => (it.isReadOnly || it.last ? [] : it.resource)));
  const isUnused = (state: SystemState<CommitHistory>, index: number): boolean => {
    const it = participating[index];
    return it === undefined || state.of(it).life !== 'running';
  };
  const resolved = (state: SystemState<CommitHistory>): boolean =>
    prepared(state) &&
    branches.every(
      ({ isReadOnly, last, resource }, index) =>
        !(isReadOnly || last) || state.resource(resource) !== 'open' || isUnused(state, index),
    );
  const isOver = (state: SystemState<CommitHistory>): boolean =>
    resolved(state) || (keepsRegister && state.resource('register') === null && state.of(coordinating).life === 'down');

  return defineModel<CommitHistory>({
    name: `two-phase commit with ${places[place]}${systemNameOf(commitBounds, given)}`,
    actors: [...coordinators, ...participating, ...acceptors],
    network: { kind: 'duplicating', losses },
    deliveries: 'changing',
    timers: {
      voteTimeout: timeouts,
      idleTimeout: timeouts,
      transactionTimeout: 0,
      inquiryInterval: inquiries,
      peerInquiryDelay: peerInquiries,
      ...(place === 'paxos' ? { voteRetryInterval: wider, leadPause: pauses, reminderInterval: 0 } : {}),
      // Nobody forgets what has ended while the run lasts.
      retention: 0,
      linger: 0,
    },
    flush,
    localMessages: 'at-once',
    crashes: { times: crashes, restarts, ...(crashing === undefined ? {} : { nodes: crashing }) },
    unknownAnswers,
    resources: {
      ...Object.fromEntries(
        branches.map(({ resource, isReadOnly }) => [
          resource,
          branchModel({ mayRefuse, isReadOnly, mistakes: broken.database ?? {} }),
        ]),
      ),
      ...(keepsRegister ? { register: registerModel(broken.fencesNobody !== true) } : {}),
    },
    history: { start: emptyHistory, observe: observeCommit },
    // While a record is being written, timers and repeated questions only add to what waits for it.
    boundary: (state) =>
      !(
        place === 'paxos' &&
        !eventually &&
        coordinators.some((it) => state.of(it).snapshot?.matches({ decided: 'retained' }))
      ) &&
      (flush === 'at-once' ||
        state.actors.every(({ address, heldEffects }) => heldEffects <= (address === origin ? participants + 2 : 2))),
    always: commitProperties(coordinators, participating, resources),
    sometimes: commitGoals(resources, {
      crashes,
      restarts,
      crashing,
      mayAbort: mayRefuse || timeouts !== 0,
      heir: place === 'paxos' && hasHeir ? heir : undefined,
    }),
    fair: fairness(
      losses,
      [coordinator, participant, acceptor].flatMap((it) => [...it.allTimers.values()].map(({ delay }) => delay)),
    ),
    ...(eventually || mustCommit
      ? {
          eventually: {
            ...(eventually ? { 'every branch comes to its end': { holds: isOver } } : {}),
            ...(mustCommit ? { 'all commit': { holds: isResolved(resources, 'committed') } } : {}),
          },
        }
      : {}),
  });
}
