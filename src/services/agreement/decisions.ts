/** Agreement as interfaces of a node offer it, to those who do not say each time who the acceptors are. */

import type { Clock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';
import { agree, learn } from './agree.ts';
import { agreementDefinitions } from './decision.ts';
import { AcceptorsUnknownError } from './errors.ts';
import type { Json } from './json.ts';

/** How long a question may take, and whom it is about. */
export interface DecisionQuestion {
  readonly deadlineMs: number;
  /** The acceptors of the key; by default the founders of the cluster. */
  readonly acceptors?: readonly string[];
}

/** Agreement among the nodes of a cluster. */
export interface Decisions {
  /** As `agree`. @throws what that throws */
  agree(key: string, value: Json, question: DecisionQuestion): Promise<Json>;
  /** As `learn`. @throws what that throws */
  learn(key: string, question: DecisionQuestion): Promise<Json | undefined>;
}

/**
 * Lets a node take part in agreements. Keys whose acceptors no caller names have the founders of the cluster: who is a member
 * changes, and nodes hear of it one after the other, so that two of them could let one key be decided twice.
 *
 * @param founders who they are, the same on every node and for ever; undefined on a node that does not know them
 */
export function createDecisions(node: Node, founders: () => readonly string[] | undefined, clock: Clock): Decisions {
  node.adopt(agreementDefinitions);
  const foundersOf = (key: string): readonly string[] => {
    const known = founders();
    if (known !== undefined) return known;
    throw new AcceptorsUnknownError(
      `expected '${node.id}' to know with which nodes the cluster began, which decide '${key}' unless others are named, and it does not: ` +
        'let it be taken into the cluster first, ask another node, or name the acceptors of the key',
    );
  };
  return {
    agree: async (key, value, question) =>
      agree(node, { key, value, clock, ...question, acceptors: question.acceptors ?? foundersOf(key) }),
    learn: async (key, question) =>
      learn(node, { key, clock, ...question, acceptors: question.acceptors ?? foundersOf(key) }),
  };
}
