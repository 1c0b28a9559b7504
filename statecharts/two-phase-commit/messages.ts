/**
 * What coordinator, participants and acceptors say to each other, and what applications ask of them. All of it is plain
 * data with a schema, because all of it may come off a wire.
 */

import * as v from 'valibot';
import { type Address, isAddress, type Sender, type Senders, type TaggedBy } from '../actor.ts';
import { maxAcceptors } from '../paxos/acceptors.ts';
import { ballot } from '../paxos/ballot.ts';
import { acceptorName, coordinatorName, participantName } from './addresses.ts';

const address = v.custom<Address>(isAddress, 'expected an address like n1/2pc.participant/tx-1/orders');
const text = v.pipe(v.string(), v.maxLength(4_096));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(128));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));

/** How a transaction ends. */
export const outcome = v.picklist(['committed', 'aborted']);
export type Outcome = v.InferOutput<typeof outcome>;

/**
 * Names a branch in every incarnation and on every node; resources derive their own identifiers from it. `manager` is
 * the node that began the transaction, and stays so when another one takes it over.
 */
export const branchId = v.object({ manager: name, transaction: name, branch: name });
export type BranchId = Readonly<v.InferOutput<typeof branchId>>;

/** The nodes on which a transaction has its acceptors, the ones to be used first in front. */
const acceptorNodes = v.pipe(v.array(name), v.minLength(1), v.maxLength(maxAcceptors), v.readonly());

/**
 * Where the decision becomes durable: in the coordinator's journal; in a decision register, such as a replicated
 * store; with acceptors, a majority of which remembers every vote, and the outcome for `retentionMs` after its end; or in
 * the one branch that is committed without having been prepared.
 */
export const decisionPlace = v.variant('type', [
  v.object({ type: v.literal('journal') }),
  v.object({ type: v.literal('register'), resource: name }),
  v.object({ type: v.literal('acceptors'), nodes: acceptorNodes, retentionMs: milliseconds }),
  v.object({ type: v.literal('branch'), branch: name, resource: name, address }),
]);
export type DecisionPlace = Readonly<v.InferOutput<typeof decisionPlace>>;

/** What a resource gave out at prepare so that it can tell later what became of the branch; opaque to the protocol. */
export const receipt = v.nullable(text);

/** How long a coordinator waits, in milliseconds. */
export const coordinatorTimes = v.object({
  /** From the beginning of the transaction to the request to commit it. */
  transactionTimeoutMs: milliseconds,
  /** From the first prepare to the last vote; longer aborts. */
  voteTimeoutMs: milliseconds,
  /** Between repetitions of whatever has not been answered. */
  retryIntervalMs: milliseconds,
  /** For one answer of the decision register. */
  resourceDeadlineMs: milliseconds,
  /** How long the outcome is remembered when no participant needs it any more. */
  retentionMs: milliseconds,
});
export type CoordinatorTimes = Readonly<v.InferOutput<typeof coordinatorTimes>>;

/** How long a participant waits, in milliseconds. */
export const participantTimes = v.object({
  /** For the first word of the coordinator; longer aborts the branch. */
  idleTimeoutMs: milliseconds,
  /** Between inquiries while in doubt. */
  inquiryIntervalMs: milliseconds,
  /**
   * From the vote until peers are asked as well, of whom those that have not voted then abort. Longer than the
   * coordinator's `voteTimeoutMs`, so that one that lives has decided by then.
   */
  peerInquiryDelayMs: milliseconds,
  /** Between repetitions of an operation whose answer was `unknown`. */
  retryIntervalMs: milliseconds,
  /** For one answer of the resource. */
  resourceDeadlineMs: milliseconds,
  /** How long a finished participant still answers its peers. */
  lingerMs: milliseconds,
});
export type ParticipantTimes = Readonly<v.InferOutput<typeof participantTimes>>;

/** A participant as its coordinator knows it. `last` has no prepare: it is committed in one phase, after all votes. */
export const enlisted = v.object({ branch: name, address, resource: name, last: v.boolean() });
export type Enlisted = Readonly<v.InferOutput<typeof enlisted>>;
/** All branches that take part in a transaction. */
export const enlistedBranches = v.pipe(v.array(enlisted), v.readonly());

/**
 * The value of a branch's instance of consensus: prepared (`yes`, `read-only`), or aborted (`no`). A participant alone
 * proposes the former, at ballot 0; a leader at a later ballot proposes what it must, or `no` (Gray & Lamport §4.2).
 */
export const instance = v.object({ branch: name, vote: v.picklist(['yes', 'no', 'read-only']), receipt });
export type Instance = Readonly<v.InferOutput<typeof instance>>;
export const instances = v.pipe(v.array(instance), v.readonly());

/** Where votes go: to these acceptors, with who takes part, so that a later leader knows the instances (§6.2). */
export const poll = v.object({ nodes: acceptorNodes, branches: enlistedBranches });
export type Poll = Readonly<v.InferOutput<typeof poll>>;

/** A participant in doubt asks the coordinator, and at last its peers. */
const inquiry = v.object({ branch: branchId, resource: name, place: decisionPlace });

/** What a participant may be sent by other actors. */
export const participantMessages = {
  /** `poll`: where acceptors decide, they take the votes. */
  prepare: v.object({ place: decisionPlace, peers: v.array(address), poll: v.optional(poll) }),
  /** From the coordinator, or from a peer that knows. `acknowledge`: the coordinator waits for an acknowledgement. */
  decision: v.object({
    branch: branchId,
    resource: name,
    outcome,
    receipt,
    coordinator: address,
    acknowledge: v.boolean(),
  }),
  inquiry,
  /** Commit without having prepared: the participant's resource decides. */
  'commit-one-phase': v.object({ branch: branchId, resource: name, idempotencyKey: v.nullable(text) }),
  /** Find out for certain what became of a one-phase commit; what has not happened yet must not happen any more. */
  settle: v.object({ branch: branchId, resource: name }),
};
export type ParticipantMessage = TaggedBy<typeof participantMessages>;

const aCoordinator: Sender = { actor: coordinatorName };
const aParticipant: Sender = { actor: participantName };
const anAcceptor: Sender = { actor: acceptorName };

/** Who may say it to a participant. */
export const participantSenders: Senders<ParticipantMessage['type']> = {
  prepare: aCoordinator,
  decision: [aCoordinator, aParticipant],
  inquiry: aParticipant,
  'commit-one-phase': aCoordinator,
  settle: aCoordinator,
};

/** What a coordinator may be sent by other actors. */
export const coordinatorMessages = {
  vote: v.object({ ...instance.entries, reason: text }),
  /** The branch has the decided outcome; `found` differs from it when the resource was interfered with. */
  acknowledgement: v.object({ branch: name, found: outcome }),
  /** How a one-phase commit ended. */
  settled: v.object({ branch: name, outcome, reason: text }),
  inquiry,
  /** A promise, with what was accepted before: votes at ballot 0, and what the latest leader proposed for all instances. */
  'phase-1b': v.object({
    ballot,
    branches: enlistedBranches,
    votes: instances,
    accepted: v.nullable(v.object({ ballot, instances })),
  }),
  /** What was accepted at `ballot`, all instances in one message (Gray & Lamport §4.3). */
  'phase-2b': v.object({ ballot, instances }),
  /** A later ballot is promised than the one that was asked for. */
  outvoted: v.object({ ballot, promised: ballot }),
  /** The acceptor has heard how the transaction ended, and nothing else is remembered. */
  remembered: v.object({ outcome }),
  /** The acceptor has held votes for long, and has not heard of the end. */
  reminder: v.object({ manager: name, place: decisionPlace }),
};
export type CoordinatorMessage = TaggedBy<typeof coordinatorMessages>;

/** Who may say it to a coordinator. */
export const coordinatorSenders: Senders<CoordinatorMessage['type']> = {
  vote: aParticipant,
  acknowledgement: aParticipant,
  settled: aParticipant,
  inquiry: aParticipant,
  'phase-1b': anAcceptor,
  'phase-2b': anAcceptor,
  outvoted: anAcceptor,
  remembered: anAcceptor,
  reminder: anAcceptor,
};

/** What an acceptor is told of a transaction with each first word: it may be the first that it hears. */
const introduction = { manager: name, place: decisionPlace };

/** What an acceptor may be sent by other actors; it answers the proposer of the ballot. */
export const acceptorMessages = {
  'phase-1a': v.object({ ...introduction, ballot }),
  /**
   * At ballot 0 from a participant, with the instance that is its own; at a later one from a leader, with all of them,
   * and `no` for any instance that is not named.
   */
  'phase-2a': v.object({ ...introduction, ballot, branches: enlistedBranches, instances }),
  /** Every branch has the outcome: no participant can be in doubt any more. */
  end: v.object({ outcome }),
};
export type AcceptorMessage = TaggedBy<typeof acceptorMessages>;

/** Who may say it to an acceptor. */
export const acceptorSenders: Senders<AcceptorMessage['type']> = {
  'phase-1a': aCoordinator,
  'phase-2a': [aCoordinator, aParticipant],
  end: aCoordinator,
};

/**
 * What repetitions under an idempotency key are answered: a fingerprint of what was asked, and the result as the application
 * has written it down, null for none.
 */
export const keptAnswer = v.object({ fingerprint: text, result: v.nullable(text) });
export type KeptAnswer = Readonly<v.InferOutput<typeof keptAnswer>>;

/** What the application asks of a coordinator. */
export const coordinatorRequests = {
  enlist: enlisted,
  /** `answer` is kept by a register, with the key. */
  commit: v.object({ answer: v.optional(keptAnswer) }),
  abort: v.object({ reason: text }),
  /** Asks a fenced coordinator to claim the transaction after all, because the owner that fenced it is dead. */
  'take-over': v.object({ epoch: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }),
};
export type CoordinatorRequest = TaggedBy<typeof coordinatorRequests>;

/** What the application asks of a participant: to give up before it has voted. */
export const participantRequests = { abort: v.object({ reason: text }) };
export type ParticipantRequest = TaggedBy<typeof participantRequests>;

export type Message<Type extends string> = Extract<
  ParticipantMessage | CoordinatorMessage | AcceptorMessage,
  { type: Type }
>;

/** Why a transaction was aborted. `branch` is the one to blame, if any. */
export const abortReason = v.object({
  code: v.picklist([
    'refused',
    'vote-timeout',
    'transaction-timeout',
    'requested',
    'absent',
    'unsupported',
    'not-registered',
    'taken-over',
    'elsewhere',
    'presumed',
  ]),
  branch: v.nullable(name),
  detail: text,
});
export type AbortReason = Readonly<v.InferOutput<typeof abortReason>>;
