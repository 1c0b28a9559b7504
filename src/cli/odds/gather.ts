/** Asks the three ways, one method after the other, and says now and then how far that is. */

import { systemClock } from '../../environment/clock.ts';
import { OddsLimitError } from '../../odds.ts';
import { type Disagreement, disagreementsOf, type ThreeWays } from '../../proof/odds/agreement.ts';
import type { GivenOdds } from '../../proof/odds/parameters.ts';
import {
  type ModelAnswers,
  type NotGiven,
  notGiven,
  type QuantityName,
  type SampleAnswers,
} from '../../proof/odds/quantities.ts';
import type { ProtocolOdds } from '../../proof/odds.ts';

/** Which runs are played. */
export interface RunsRequest {
  /** The first seed. */
  readonly seed: number;
  readonly runs: number;
}

/** What was asked of a method, and what came of it. */
export interface GatheredOdds extends ThreeWays {
  readonly method: ProtocolOdds;
  /** All parameters. */
  readonly parameters: GivenOdds;
  readonly disagreements: readonly Disagreement[];
}

/** How long nothing is said, and for how long runs are played in one turn, in milliseconds. */
const progressIntervalMs = 2_000;
const turnMs = 50;

/**
 * What all three ways say of a method.
 *
 * @throws OddsInputError
 */
export async function gather(
  method: ProtocolOdds,
  given: GivenOdds,
  request: RunsRequest,
  progress: (line: string) => void,
): Promise<GatheredOdds> {
  const parameters = method.parameters(given);
  const formulas = method.formulas(given);
  progress(`${method.name}: exploring the model`);
  const model = fromModel(method, given);
  const sample = await playRuns(method, given, request, progress);
  const ways = { formulas, model, sample };
  return { method, parameters, ...ways, disagreements: disagreementsOf(ways) };
}

/** A model that is too large gives nothing, and says what would help. */
function fromModel(method: ProtocolOdds, given: GivenOdds): ModelAnswers {
  try {
    return method.fromModel(given);
  } catch (error) {
    if (!(error instanceof OddsLimitError)) throw error;
    return nothingGiven(error.message);
  }
}

function nothingGiven(reason: string): Readonly<Record<QuantityName, NotGiven>> {
  const nothing: NotGiven = { ...notGiven(reason), isLimit: true };
  return {
    prepare: nothing,
    commitIfPrepared: nothing,
    commit: nothing,
    blocked: nothing,
    latencyMs: nothing,
    messages: nothing,
    flushes: nothing,
    downtimeMsPerYear: nothing,
  };
}

/**
 * Plays runs, in turns between which other things may happen. A run that is too long is not left out, as those that are left would
 * say something else: then runs give nothing, and it is said what would help.
 */
export async function playRuns(
  method: ProtocolOdds,
  given: GivenOdds,
  { seed, runs }: RunsRequest,
  progress: (line: string) => void,
): Promise<SampleAnswers> {
  const clock = systemClock();
  const played = method.runs(given);
  let toldMs = clock.nowMs();
  while (played.count < runs) {
    const sinceMs = clock.nowMs();
    try {
      while (played.count < runs && clock.nowMs() - sinceMs < turnMs) played.play(seed + played.count);
    } catch (error) {
      if (!(error instanceof OddsLimitError)) throw error;
      const why = `run ${played.count + 1} of ${runs} has more steps than may be played`;
      return nothingGiven(`${why}; raise --mttf, or lower --mttr or --loss`);
    }
    if (clock.nowMs() - toldMs >= progressIntervalMs) {
      toldMs = clock.nowMs();
      progress(`${method.name}: ${played.count} of ${runs} runs`);
    }
    await new Promise<void>((resume) => clock.enqueue(resume));
  }
  return played.answers();
}
