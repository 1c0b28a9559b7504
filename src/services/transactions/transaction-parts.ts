/** What one transaction is made of, and whom it tells what. */

import type {
  CoordinatorOutput,
  CoordinatorTimes,
  DecisionPlace,
  KeptAnswer,
  ParticipantTimes,
  TwoPhaseCommit,
} from '../../../statecharts/two-phase-commit.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';
import type { BranchMode } from '../../resources/mode.ts';
import type { Level } from './nesting.ts';
import type { Participating } from './work.ts';

/** What a transaction is made of. */
export interface TransactionParts {
  readonly node: Node;
  readonly protocol: TwoPhaseCommit;
  readonly clock: Clock;
  readonly id: string;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly idempotencyKey: string | undefined;
  /** Aborts it as long as it has not been asked to commit. */
  readonly signal: AbortSignal | undefined;
  /** Of each of its branches. */
  readonly mode: BranchMode;
  readonly level: Level;
  /** Where the decision is to be kept. */
  readonly place: DecisionPlace;
  /** The resource that decides by its own commit, if it takes part. */
  readonly last: string | undefined;
  readonly coordinatorTimes: CoordinatorTimes;
  readonly participantTimes: ParticipantTimes;
  /** How long the caller waits after the request to commit. */
  readonly outcomeTimeoutMs: number;
  readonly maxStatements: number;
  /**
   * Called once, before a branch may be asked to commit in one phase, or acceptors may decide, which waits for it: with
   * the first statement at the last resource, or where acceptors decide at any, so that the next statements hide the wait,
   * or when a single branch is to commit.
   *
   * @param resource one that will know how the transaction ended
   */
  beforeForeignDecision(resource: string): Promise<void>;
  /** The function has returned a value. @throws ResultNotStorableError when it cannot be kept for repetitions, but should */
  answerTo(value: unknown): void;
  /**
   * Called once, before the coordinator is asked to commit: keeps that answer, if there is one.
   *
   * @param mode `durable` where others than the journal may decide, so that it is waited for
   */
  keepAnswer(mode: 'durable' | 'ahead'): {
    readonly answer: KeptAnswer | undefined;
    readonly durable: Promise<void>;
  };
  /** Hears everything that the coordinator delivers. */
  onOutput(output: CoordinatorOutput): void;
  /** Called once, when the coordinator lives no more, or has said all that it will say of the outcome. */
  onOver(): void;
}
