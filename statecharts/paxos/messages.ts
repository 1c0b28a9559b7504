/**
 * What acceptors hear and answer, what applications ask of proposers, learners and registers, and what is written down. After
 * Lamport, Paxos Made Simple (2001), §2.2 and §2.3, whose phases the messages are: `prepare` (1a), `promise` (1b), `accept`
 * (2a), `accepted` (2b). Beyond it, as it suggests: a refusal names the ballot that stands in the way (§2.2, the end);
 * learners ask for what was accepted (§2.3: "a proposer could ask the acceptors"). And every message of a decision says
 * who its acceptors are, so that those who are not of one mind about them find out and choose nothing.
 */

import * as v from 'valibot';
import type { Sender, Senders, TaggedBy } from '../actor.ts';
import { acceptors } from './acceptors.ts';
import { acceptorName, learnerName, proposerName, registerName } from './addresses.ts';
import { ballot } from './ballot.ts';

/** The most bytes that a value may ever have, as UTF-8. Services set lower limits. */
export const valueLimitBytes = 1_024 * 1_024;

/** What is proposed, accepted and chosen: text, whose meaning is the application's. */
export const value = v.pipe(v.string(), v.maxBytes(valueLimitBytes));

/** That an acceptor has accepted a value at a ballot. */
const acceptance = v.object({ ballot, value });
export type Acceptance = Readonly<v.InferOutput<typeof acceptance>>;

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** What acceptors are told and asked. */
export const acceptorMessages = {
  /** Phase 1a: "promise to accept nothing before `ballot`, and say what you have accepted". */
  prepare: v.object({ ballot, acceptors }),
  /** Phase 2a. */
  accept: v.object({ ballot, acceptors, value }),
  /** "Which value have you accepted last?" Answered by `accepted`, and with silence while there is none. */
  inquire: v.object({ acceptors }),
};
export type AcceptorMessage = TaggedBy<typeof acceptorMessages>;

/** What acceptors answer. */
export const answers = {
  /** Phase 1b, to `prepare` of `ballot`: with the acceptance of the highest ballot so far. */
  promise: v.object({ ballot, accepted: v.nullable(acceptance) }),
  /** Phase 2b, and to `inquire`. */
  accepted: acceptance,
  /** To `prepare` and `accept` of `ballot`: the later ballot `promised` stands in the way. Nothing was done. */
  refused: v.object({ ballot, promised: ballot }),
  /** This decision has other acceptors, or other quorums of them. Nothing was done. */
  differs: v.object({ acceptors }),
};
export type AcceptorAnswer = TaggedBy<typeof answers>;

/** What learners hear of it. */
export const learnerMessages = { accepted: answers.accepted, differs: answers.differs };
export type LearnerMessage = TaggedBy<typeof learnerMessages>;

/** Actors of one decision: those of other keys have nothing to say to each other. */
const ofDecision = (actor: string): Sender => ({ actor, key: 'same' });
const proposing = [ofDecision(proposerName), ofDecision(registerName)];
const anAcceptor = ofDecision(acceptorName);

/** Who may say what to acceptors. */
export const acceptorSenders: Senders<keyof typeof acceptorMessages> = {
  prepare: proposing,
  accept: proposing,
  inquire: ofDecision(learnerName),
};

/** Only acceptors answer. */
export const answerSenders: Senders<keyof typeof answers> = {
  promise: anAcceptor,
  accepted: anAcceptor,
  refused: anAcceptor,
  differs: anAcceptor,
};

/** Only acceptors are learned from. */
export const learnerSenders: Senders<keyof typeof learnerMessages> = {
  accepted: anAcceptor,
  differs: anAcceptor,
};

/** What an application asks of the proposer on its own node. */
export const proposerRequests = {
  /**
   * Have a value chosen: `value`, unless another one may be chosen already. Answered by `chosen`, or by `differs`. While
   * a proposal is under way another one joins it, whatever its value.
   */
  propose: v.object({ value, acceptors }),
  /** Nobody waits any more. What was sent may still be chosen. */
  withdraw: v.object({}),
};
export type ProposerRequest = TaggedBy<typeof proposerRequests>;

/** What an application asks of a learner, which begins to ask as soon as it lives. */
export const learnerRequests = {
  /** Nobody waits any more. */
  withdraw: v.object({}),
};
export type LearnerRequest = TaggedBy<typeof learnerRequests>;

/** What an application asks of the register on its own node, one change at a time. */
export const registerRequests = {
  /** Begin the change `id`, in the place of one that is under way. Answered by `current`, or by `differs`. */
  change: v.object({ id, acceptors }),
  /** The new value, in answer to `current`. Answered by `changed` or by `conflict`. */
  replace: v.object({ id, value }),
  /** Nobody waits for the change any more. After `replace` it may happen all the same. */
  abandon: v.object({ id }),
};
export type RegisterRequest = TaggedBy<typeof registerRequests>;

/** What an acceptor writes down: each record is all that it has to remember. */
export const acceptorRecords = {
  standing: v.object({ acceptors, promised: ballot, accepted: v.nullable(acceptance) }),
};
export type AcceptorRecord = TaggedBy<typeof acceptorRecords>;

/** What a proposer writes down, each record in the place of all before. */
export const proposerRecords = {
  /** Its ballots up to this round may have been used. */
  round: v.object({ round: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }),
  /** It has learned what is chosen, and makes no proposal any more. */
  chosen: v.object({ acceptors, value }),
};
export type ProposerRecord = TaggedBy<typeof proposerRecords>;

/** What a register writes down. */
export const registerRecords = { round: proposerRecords.round };
export type RegisterRecord = TaggedBy<typeof registerRecords>;
