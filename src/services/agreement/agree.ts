/**
 * Agreement on one value, by single-decree Paxos: whoever proposes what, all hear the same, for ever. Which node runs the
 * migration; which of two configurations counts; whose name is taken.
 */

import { addressOf } from '../../../statecharts/actor.ts';
import {
  type LearnerOutput,
  learner,
  learnerName,
  type ProposerOutput,
  proposer,
  proposerName,
  sameAcceptors,
} from '../../../statecharts/paxos.ts';
import type { Node } from '../../host/node.ts';
import { createCalls } from './calls.ts';
import {
  agreementDefinitions,
  type Decision,
  type DecisionOptions,
  decisionOf,
  differing,
  nodesOf,
} from './decision.ts';
import { DecisionUnknownError } from './errors.ts';
import { defaultValueLimitBytes, type Json, jsonOf, jsonTextOf } from './json.ts';

/** What is proposed, to whom. */
export interface AgreeOptions extends DecisionOptions {
  /** What to propose: any value that JSON can say. */
  readonly value: Json;
  /** The most bytes of its JSON text. Default 64 KiB; at most 1 MiB. */
  readonly valueLimitBytes?: number;
}

const proposals = createCalls<ProposerOutput>();
const questions = createCalls<LearnerOutput>();

/**
 * Agrees with all others on the value of a key.
 *
 * It resolves to the value that is chosen, which is durable at a quorum of the acceptors: the same for every caller, on
 * every node, for ever. It is one that some caller proposed, and not always the own one: a caller that comes later, with
 * another value, gets the chosen one. While a call of this node is under way for the key, another one joins it and proposes
 * nothing of its own.
 *
 * @throws DecisionUnknownError when the deadline passes, or the node stops, before the chosen value is known: what was
 * proposed may be chosen, then or later, and asking again tells; DecisionValueError, DecisionValueLimitError, DecisionKeyError, AcceptorsError (none,
 * one named twice, quorums that need not intersect), AcceptorsDifferError (the key has other acceptors), and what
 * `node.start` throws
 *
 * @example
 * const owner = await agree(node, { key: 'migration-7', value: node.id, acceptors: ['n1', 'n2', 'n3'] });
 * if (owner === node.id) await migrate();
 */
export async function agree(node: Node, options: AgreeOptions): Promise<Json> {
  const decision = decisionOf('agree', options);
  const value = jsonTextOf(options.value, options.valueLimitBytes ?? defaultValueLimitBytes);
  const { actorKey: key, acceptors, deadlineMs, clock } = decision;
  node.adopt(agreementDefinitions);
  const chosen = await proposals.wait({
    node,
    address: addressOf(node.id, proposerName, key),
    launch: (observer) => node.launch(proposer, { key, input: { acceptors }, observer }),
    request: { type: 'propose', value, acceptors },
    hears: (output) => textIn(decision, output),
    deadlineMs,
    clock,
    late: () => {
      throw new DecisionUnknownError(
        `expected '${key}' to be decided within ${deadlineMs} ms, and it is not known to be: too few of ${nodesOf(acceptors).join(', ')} answer; ` +
          'what was proposed may still be chosen, so ask again to find out',
      );
    },
  });
  return jsonOf(chosen);
}

/**
 * Learns what is chosen for a key, and proposes nothing.
 *
 * @returns undefined when that is not known within the deadline: perhaps nothing is chosen, or too few acceptors answer
 * @throws DecisionKeyError, AcceptorsError, AcceptorsDifferError, DecisionUnknownError when the node stops, and what
 * `node.start` throws
 */
export async function learn(node: Node, options: DecisionOptions): Promise<Json | undefined> {
  const decision = decisionOf('agree', options);
  const { actorKey: key, acceptors, deadlineMs, clock } = decision;
  node.adopt(agreementDefinitions);
  const known = node.view(proposer, key);
  if (typeof known?.chosen === 'string' && sameAcceptors(known.acceptors, acceptors)) return jsonOf(known.chosen);
  const chosen = await questions.wait<string | null>({
    node,
    address: addressOf(node.id, learnerName, key),
    launch: (observer) => node.launch(learner, { key, input: { acceptors }, observer }),
    hears: (output) => textIn(decision, output),
    deadlineMs,
    clock,
    late: () => null,
  });
  return chosen === null ? undefined : jsonOf(chosen);
}

/** What is chosen, as one heard; undefined where it says nothing to a call that named the right acceptors. */
function textIn(decision: Decision, output: ProposerOutput | LearnerOutput): string | undefined {
  if (output.type === 'chosen') return output.value;
  if (sameAcceptors(output.acceptors, decision.acceptors)) return undefined;
  throw differing(decision, output.acceptors);
}
