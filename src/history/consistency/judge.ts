/** Judges a history by a consistency model, or by all of them. */

import { Effort, type EffortLimits } from '../effort.ts';
import { HistoryOptionError } from '../errors.ts';
import type { SequentialModel } from '../model.ts';
import type { History, Operation, ProcessId } from '../operation.ts';
import { hasOnlyAccesses, initialValue } from './access.ts';
import { evidenceOfEventual } from './eventual.ts';
import type { Finding, UndecidedReason } from './finding.ts';
import { type ConsistencyName, consistencyNames, impliedBy, judges } from './models.ts';
import { shortestPart, type ViolatingPart } from './part.ts';

/** `satisfied` and `violation` are certain. */
export type ConsistencyVerdict = 'satisfied' | 'violation' | 'undecided';

/** What came of judging a history by one consistency model. */
export interface ConsistencyResult {
  readonly consistency: ConsistencyName;
  /** The sequential model of the objects. */
  readonly model: string;
  readonly verdict: ConsistencyVerdict;
  /** Why, where the verdict is `undecided`. */
  readonly reason: UndecidedReason | undefined;
  /** Whose view there is none of, where the verdict is `violation` and it is the view of one process. */
  readonly process: ProcessId | undefined;
  /** The shortest part that was found to be a violation by itself; undefined for histories of more than reads, writes and `cas`. */
  readonly part: ViolatingPart | undefined;
  readonly steps: number;
  readonly elapsedMs: number;
}

/** Limits, and what is to be found out. */
export interface ConsistencyOptions extends EffortLimits {
  /** Whether the shortest part is looked for where the verdict is `violation`. Default true. */
  readonly withPart?: boolean;
}

/** Steps in which a part must be judged, or it counts as none. */
const stepsOfPart = 100_000;

/**
 * Judges a history by a consistency model. A search that reaches a limit says `undecided`, and so does a history that proves nothing.
 * Operations that failed never happened; those of unknown outcome may have taken effect at any time since their invocation, or never,
 * whatever their process did meanwhile, and in one view and not in another.
 *
 * @param history as `readHistory` reads it with the same model
 * @param model for other consistency models than `linearizable` and `sequential`: `register`, `cas-register`, or `kv` without `append`
 * @throws HistoryOptionError for a limit that is not positive, or a function that the consistency model is not defined for
 * @example
 * judgeConsistency(history, modelNamed('kv'), 'causal', { clock }).verdict
 */
export function judgeConsistency(
  history: History,
  model: SequentialModel<unknown>,
  consistency: ConsistencyName,
  { withPart = true, ...limits }: ConsistencyOptions,
): ConsistencyResult {
  const effort = new Effort(limits);
  const { operations } = history;
  if (!isDefinedFor(operations, model, consistency)) {
    throw new HistoryOptionError(
      `expected a history of register, cas-register, or kv without append for ${consistency}, which is defined for memory, got ` +
        `${model.name}; judge linearizable or sequential`,
    );
  }
  const provesNothing = !operations.some(({ outcome }) => outcome === 'ok');
  const finding = provesNothing
    ? ({ verdict: 'undecided', reason: 'nothing-answered' } as const)
    : judge(operations, model, consistency, effort);
  const isViolation = finding.verdict === 'violation';
  return {
    consistency,
    model: model.name,
    verdict: finding.verdict,
    reason: finding.verdict === 'undecided' ? finding.reason : undefined,
    process: isViolation ? finding.process : undefined,
    part: isViolation && withPart ? partOf(operations, model, consistency, effort) : undefined,
    steps: effort.steps,
    elapsedMs: effort.elapsedMs,
  };
}

/** Whether operations are reads, writes and exchanges of objects that are memory. */
const isMemory = (operations: readonly Operation[], model: SequentialModel<unknown>): boolean =>
  ['register', 'cas-register', 'kv'].includes(model.name) && hasOnlyAccesses(operations);

const isDefinedFor = (
  operations: readonly Operation[],
  model: SequentialModel<unknown>,
  consistency: ConsistencyName,
): boolean => consistency === 'linearizable' || consistency === 'sequential' || isMemory(operations, model);

/** Most histories of systems that order everything are linearizable, which is found out much faster. */
function judge(
  operations: readonly Operation[],
  model: SequentialModel<unknown>,
  consistency: ConsistencyName,
  effort: Effort,
): Finding {
  if (impliedBy('linearizable').has(consistency) && consistency !== 'eventual') {
    const first = new Effort({
      ...effort.rest,
      stepLimit: Math.min(effort.rest.stepLimit, 10_000 + 20 * operations.length),
    });
    const { verdict } = judges.linearizable(operations, model, first);
    effort.spend(first.steps);
    if (verdict === 'satisfied') return { verdict };
  }
  return judges[consistency](operations, model, effort);
}

function partOf(
  operations: readonly Operation[],
  model: SequentialModel<unknown>,
  consistency: ConsistencyName,
  effort: Effort,
): ViolatingPart | undefined {
  if (!isMemory(operations, model)) return undefined;
  if (consistency === 'eventual') {
    return { operations: evidenceOfEventual(operations, model), isShortest: false, isCut: false };
  }
  let isCut = false;
  const part = shortestPart(operations, initialValue(model), (asked) => {
    isCut ||= effort.spent !== undefined;
    if (isCut) return false;
    const { rest } = effort;
    const own = new Effort({ ...rest, stepLimit: Math.min(rest.stepLimit, stepsOfPart) });
    const { verdict } = judges[consistency](asked, model, own);
    effort.spend(own.steps);
    return verdict === 'violation';
  });
  return isCut ? { ...part, isCut, isShortest: false } : part;
}

/** What a history satisfies. */
export interface StrongestConsistency {
  /** One for each model, in the order of `consistencyNames`. */
  readonly results: readonly ConsistencyResult[];
  readonly satisfied: readonly ConsistencyName[];
  /** Those satisfied that no other satisfied one implies. */
  readonly strongest: readonly ConsistencyName[];
  readonly violated: readonly ConsistencyName[];
  readonly undecided: readonly ConsistencyName[];
}

/**
 * Judges a history by every consistency model, each within the limits. What a stronger model satisfies is not searched again for the
 * weaker ones that it implies; one that is not defined for what the history calls is undecided.
 *
 * @throws HistoryOptionError for a limit that is not positive
 * @example
 * strongestConsistency(history, modelNamed('register'), { clock }).strongest // ['sequential', 'eventual']
 */
export function strongestConsistency(
  history: History,
  model: SequentialModel<unknown>,
  options: ConsistencyOptions,
): StrongestConsistency {
  const results: ConsistencyResult[] = [];
  for (const consistency of consistencyNames) {
    const stronger = results.find(
      ({ consistency: it, verdict }) => verdict === 'satisfied' && impliedBy(it).has(consistency),
    );
    // Whether replicas were seen to agree in the end depends on there being such reads.
    const isKnown = stronger !== undefined && consistency !== 'eventual';
    const free = { consistency, model: model.name, process: undefined, part: undefined, steps: 0, elapsedMs: 0 };
    if (isKnown) results.push({ ...free, verdict: 'satisfied', reason: undefined });
    else if (isDefinedFor(history.operations, model, consistency)) {
      results.push(judgeConsistency(history, model, consistency, options));
    } else results.push({ ...free, verdict: 'undecided', reason: 'not-defined' });
  }
  const named = (verdict: ConsistencyVerdict): ConsistencyName[] =>
    results.flatMap((result) => (result.verdict === verdict ? [result.consistency] : []));
  const satisfied = named('satisfied');
  return {
    results,
    satisfied,
    strongest: satisfied.filter((name) => !satisfied.some((other) => impliedBy(other).has(name))),
    violated: named('violation'),
    undecided: named('undecided'),
  };
}
