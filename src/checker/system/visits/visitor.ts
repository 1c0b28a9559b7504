/** What visits the steps of one kind, and what it works with. */

import type { Model } from '../../model.ts';
import type { Budgets } from '../budgets.ts';
import type { Envelopes } from '../envelopes.ts';
import type { Layout } from '../layout.ts';
import type { Networks } from '../network.ts';
import type { Operations } from '../operations.ts';
import type { LocalOutcome, Outcomes } from '../outcomes.ts';
import type { Successor } from '../successor.ts';
import type { Visit, Watch } from './visit.ts';

/** Visits the steps of one kind that may be taken in a state. */
export type Visitor = (state: Uint32Array, visit: Visit, watch: Watch | undefined) => void;

export interface VisitorParts {
  readonly actors: Model['actors'];
  readonly nodes: readonly string[];
  /** The actors of each node. */
  readonly nodeMembers: readonly (readonly number[])[];
  readonly layout: Layout;
  readonly budgets: Budgets;
  readonly envelopes: Envelopes;
  readonly networks: Networks;
  readonly outcomes: Outcomes;
  readonly operations: Operations;
  readonly successor: Successor;
  /** Whether it is a step that a message or a request does this. */
  isStep(outcome: LocalOutcome): boolean;
}
