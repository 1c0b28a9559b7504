/** Agreement as interfaces of a node offer it, to those who do not say each time who the acceptors are. */

import type { Clock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';
import { agree, learn } from './agree.ts';
import { agreementDefinitions } from './decision.ts';
import type { Json } from './json.ts';

/** How long a question may take, and whom it is about. */
export interface DecisionQuestion {
  readonly deadlineMs: number;
  /** The acceptors of the key; by default those of the node. */
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
 * Lets a node take part in agreements.
 *
 * @param acceptors who decides what is asked for now
 */
export function createDecisions(node: Node, acceptors: () => readonly string[], clock: Clock): Decisions {
  node.adopt(agreementDefinitions);
  return {
    agree: (key, value, question) => agree(node, { key, value, acceptors: acceptors(), clock, ...question }),
    learn: (key, question) => learn(node, { key, acceptors: acceptors(), clock, ...question }),
  };
}
