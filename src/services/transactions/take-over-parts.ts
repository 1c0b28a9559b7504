/** What taking over works with, and what it comes to. */

import type { ParticipantTimes, TwoPhaseCommit } from '../../../statecharts/two-phase-commit.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';
import type { Hazard } from './actors.ts';
import type { Places } from './decisions.ts';
import type { Memory } from './memory.ts';
import type { TransactionTimes } from './options.ts';
import type { DecisionRegister } from './register/register.ts';
import type { Participating } from './work.ts';

/** What a take-over came to. The claimed transactions are finished in the background. */
export interface TakeOverReport {
  /** The transactions that this node claims now. */
  readonly claimed: readonly string[];
  /** Resources that were out of reach, or where sessions of the dead manager would not end, and why. */
  readonly unfenced: readonly { readonly resource: string; readonly problem: string }[];
  /** Branches at resources that this node does not have; they wait for a node that has. */
  readonly elsewhere: readonly { readonly transaction: string; readonly resource: string }[];
}

export interface TakeOverParts {
  readonly node: Node;
  readonly protocol: TwoPhaseCommit;
  readonly clock: Clock;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly register: DecisionRegister | undefined;
  readonly places: Places;
  readonly memory: Pick<Memory, 'committed'>;
  readonly times: TransactionTimes;
  readonly participantTimes: ParticipantTimes;
  /** Whether the transaction is open in this life of the manager, so that its own actors see to it. */
  isOpen(transaction: string): boolean;
  onHazard(found: Hazard): void;
}
