/** One run of a protocol with probabilities, from which the model's bounds and the played runs follow alike. */

import type { Model } from '../../checker.ts';
import type { AtMostBeyond, LastingConditions, TimedView, Weights } from '../../odds.ts';
import type { QuantityName } from './quantities.ts';

/** A view of a weighed system, as its predicates see it. */
export type OddsPredicate<History> = (view: TimedView<History>) => boolean;

/** What is weighed, and played: the checker's model of true charts, its probabilities, and what is asked of it. */
export interface WeighedSystem<History> {
  /** Its history holds what the predicates ask for. */
  readonly model: Model<History>;
  /** `tickMs` of them makes milliseconds of ticks. */
  readonly weights: Weights;
  /** Holds for good once it does. */
  readonly isPrepared: OddsPredicate<History>;
  readonly isCommitted: OddsPredicate<History>;
  /** Whether the caller knows the outcome, or has died: until then the latency is counted. */
  readonly isAnswered: OddsPredicate<History>;
  /** Where a run ends: until then messages and flushes are counted. */
  readonly isOver: OddsPredicate<History>;
  /** What blocks, each for as long as it must last to count; none where nothing can. */
  readonly blocking: LastingConditions<TimedView<History>>;
  /** Other conditions of which predicates ask whether they have lasted: for how long an attempt goes on. */
  readonly lasting?: LastingConditions<TimedView<History>>;
  /** What is at most to be expected after a loss or a crash that the weights do not follow; say why beside it. */
  readonly atMostBeyond: AtMostBeyond;
  /** More states of the model are refused, so that it says soon that it is too large. Default that of `weigh`. */
  readonly maxStates?: number;
  /** Quantities that neither the model nor runs give, and why, as a clause. */
  readonly notGiven?: Readonly<Partial<Record<QuantityName, string>>>;
}
