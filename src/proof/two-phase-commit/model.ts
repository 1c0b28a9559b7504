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
  type CoordinatorBegin,
  type CoordinatorRules,
  coordinatorAddress,
  coordinatorRules,
  type DecisionPlace,
  defineTwoPhaseCommit,
  type ParticipantBegin,
  type ParticipantRules,
  participantAddress,
  participantRules,
} from '../../../statecharts/two-phase-commit.ts';
import {
  actorOf,
  type Budget,
  defineModel,
  type Model,
  type StepKind,
  type SystemState,
  startedOnce,
} from '../../checker.ts';
import { type CommitHistory, emptyHistory, observeCommit } from './history.ts';
import { commitGoals, commitProperties, isResolved } from './properties.ts';
import { branchModel, receipt, registerModel } from './resources.ts';

/** How much may happen. What is left out does not happen, except where a default is given. */
export interface TwoPhaseCommitOptions {
  /** Branches, each at a database of its own; at least 2, because a single one commits in one phase. Default 2. */
  readonly participants?: number;
  /** The first so many of them read only. Default 0. */
  readonly readers?: number;
  /** How often some node crashes and loses what it had not written down. Default 0. */
  readonly crashes?: number;
  /** How many messages are lost. Default 0. */
  readonly losses?: Budget;
  /** How often a participant in doubt asks, in all. Default: as often as nodes crash and messages are lost. */
  readonly inquiries?: Budget;
  /**
   * How often a participant in doubt gives its coordinator up, in all, and asks its peers as well: at any moment, because
   * it may take a coordinator for dead that lives. Default: as often as it asks.
   */
  readonly peerInquiries?: Budget;
  /** Whether crashed nodes start again. Default true. */
  readonly restarts?: boolean;
  /** The nodes that may crash: `c` is the coordinator's, `p1`, `p2`, ... the participants', `d` the heir's. Default all. */
  readonly crashing?: readonly string[];
  /** How often a coordinator or a participant gives up waiting, of each kind of wait. Default unlimited. */
  readonly timeouts?: Budget;
  /** How many answers of databases or of the register do not arrive. Default 0. */
  readonly unknownAnswers?: number;
  /** Whether databases may refuse to prepare. Default true. */
  readonly mayRefuse?: boolean;
  /**
   * Where decisions are kept. With a `register`, an heir on node `d` may take over at any moment. With `last`, the last
   * participant is a last resource, whose commit in one phase is the decision. Default `journal`.
   */
  readonly place?: 'journal' | 'register' | 'last';
  /**
   * Whether it is checked that every branch comes to its end. Default false. It needs `flush: 'at-once'`, because there
   * is no end to what may be asked while a record is being written.
   */
  readonly eventually?: boolean;
  /** Whether all must commit in the end; for runs in which nobody has a reason to abort. Default false. */
  readonly mustCommit?: boolean;
  /** Whether records become durable in a step of their own. Default `step`. */
  readonly flush?: Model['flush'];
  /** Rules other than the true ones, for proofs that a fault would be found. */
  readonly broken?: Broken;
}

/** What a broken twin does otherwise. */
export interface Broken {
  readonly coordinator?: Partial<CoordinatorRules>;
  readonly participant?: Partial<ParticipantRules>;
  /** A database that takes what it does not see for gone. */
  readonly readsAbsence?: boolean;
  /** A register that lets every owner decide. */
  readonly fencesNobody?: boolean;
}

const transaction = 'tx';
const manager = 'c';

/** Everything that goes on by itself: whatever of it stays possible happens at last. */
const fair: readonly StepKind[] = ['deliver', 'local', 'timer', 'flush', 'restart', 'execute', 'answer'];

/** The model of one transaction. */
export function twoPhaseCommitModel(options: TwoPhaseCommitOptions = {}): Model<CommitHistory> {
  const { participants = 2, crashes = 0, losses = 0, restarts = true, crashing, timeouts = 'unlimited' } = options;
  const { place = 'journal', readers = 0, unknownAnswers = 0, mayRefuse = true, flush = 'step' } = options;
  const { inquiries = losses === 'unlimited' ? losses : crashes + losses } = options;
  const { peerInquiries = inquiries } = options;
  const { eventually = false, mustCommit = false, broken = {} } = options;
  const branches = Array.from({ length: participants }, (_, index) => {
    const id = `b${index + 1}`;
    const node = `p${index + 1}`;
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

  // The application enlists every branch and asks to commit, all in the turn in which it begins.
  const begin: CoordinatorBegin = keepsRegister ? { type: 'begin', register: 'register' } : { type: 'begin' };
  const asked = branches.map(({ id: branch, address, resource, last }) => ({
    type: 'enlist' as const,
    branch,
    address,
    resource,
    last,
  }));
  const { coordinator, participant } = defineTwoPhaseCommit({
    coordinator: { rules: { ...coordinatorRules, ...broken.coordinator } },
    participant: { rules: { ...participantRules, ...broken.participant } },
  });
  const coordinating = startedOnce(coordinator, manager, {
    key: transaction,
    input: begin,
    asks: [...asked, { type: 'commit' }],
  });
  const heir = actorOf(coordinator, 'd', {
    key: transaction,
    input: { type: 'take-over', manager, register: 'register', epoch: 2 },
  });
  const decidedIn: DecisionPlace =
    decider !== undefined
      ? { type: 'branch', branch: decider.id, resource: decider.resource, address: decider.address }
      : keepsRegister
        ? { type: 'register', resource: 'register' }
        : { type: 'journal' };
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
  const coordinators = keepsRegister ? [coordinating, heir] : [coordinating];
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
    name: nameOf(options),
    actors: [...coordinators, ...participating],
    network: { kind: 'duplicating', losses },
    deliveries: 'changing',
    timers: {
      voteTimeout: timeouts,
      idleTimeout: timeouts,
      transactionTimeout: 0,
      inquiryInterval: inquiries,
      peerInquiryDelay: peerInquiries,
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
          branchModel({ mayRefuse, isReadOnly, readsAbsence: broken.readsAbsence ?? false }),
        ]),
      ),
      ...(keepsRegister ? { register: registerModel(broken.fencesNobody !== true) } : {}),
    },
    history: { start: emptyHistory, observe: observeCommit },
    // While a record is being written, timers and repeated questions only add to what waits for it.
    boundary: ({ actors }) =>
      flush === 'at-once' ||
      actors.every(({ address, heldEffects }) => heldEffects <= (address === origin ? participants + 2 : 2)),
    always: commitProperties(coordinators, participating, resources),
    sometimes: commitGoals(resources, { crashes, restarts, mayAbort: mayRefuse || timeouts !== 0 }),
    ...(eventually || mustCommit
      ? {
          eventually: {
            ...(eventually ? { 'every branch comes to its end': { holds: isOver, fair } } : {}),
            ...(mustCommit ? { 'all commit': { holds: isResolved(resources, 'committed'), fair } } : {}),
          },
        }
      : {}),
  });
}

/** `two-phase commit with 3 participants, 1 crash, 1 loss`. */
function nameOf(options: TwoPhaseCommitOptions): string {
  const counted = (count: Budget, one: string, many: string): string[] =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  const {
    participants = 2,
    readers = 0,
    crashes = 0,
    losses = 0,
    timeouts = 'unlimited',
    unknownAnswers = 0,
  } = options;
  const { restarts = true, crashing, inquiries, peerInquiries, mayRefuse = true, place = 'journal' } = options;
  const places = { journal: [], register: ['a replicated coordinator'], last: ['a last resource'] };
  const parts = [
    ...counted(participants, 'participant', 'participants'),
    ...counted(readers, 'reader', 'readers'),
    ...places[place],
    ...counted(crashes, 'crash', 'crashes').map((text) => (crashing ? `${text} of ${crashing.join(' or ')}` : text)),
    ...(restarts || crashes === 0 ? [] : ['no restart']),
    ...counted(losses, 'loss', 'losses'),
    ...counted(unknownAnswers, 'unknown answer', 'unknown answers'),
    ...(inquiries === 0 ? ['no inquiry'] : counted(inquiries ?? 0, 'inquiry', 'inquiries')),
    ...(peerInquiries === 0 ? ['none of peers'] : counted(peerInquiries ?? 0, 'of peers', 'of peers')),
    ...counted(timeouts, 'timeout', 'timeouts'),
    ...(mayRefuse ? [] : ['no refusal']),
    ...(options.eventually === true || options.mustCommit === true ? ['to the end'] : []),
  ];
  return `two-phase commit with ${parts.join(', ')}`;
}
