/**
 * The odds of a protocol, in three ways: by formula, from the checker's model with probabilities, and by runs of its actors on
 * real nodes. P(commit) = P(prepare) x P(commit | prepare) is the formula for all of them; each says what its two factors are,
 * by predicates over what is observed. A protocol states its formulas and one weighed system; the model's bounds and the runs
 * follow from that system, so that both are of the same charts under the same distributions.
 */

import { modelAnswers } from './odds/from-model.ts';
import { playOnce, Sample } from './odds/from-runs.ts';
import { type GivenOdds, type OddsParameterName, type OddsParametersOf, parametersOf } from './odds/parameters.ts';
import type { FormulaAnswers, ModelAnswers, SampleAnswers } from './odds/quantities.ts';
import type { WeighedSystem } from './odds/system.ts';

export type { OddsPredicate, WeighedSystem } from './odds/system.ts';

/** What a protocol says of its odds. */
export interface OddsParts<Name extends OddsParameterName, History> {
  /** What it is called on the command line. */
  readonly name: string;
  /** What it is, in one line. */
  readonly about: string;
  /** What the two factors are, each as a clause. */
  readonly factors: { readonly prepare: string; readonly commit: string };
  /** Where a common definition of them is wrong for this protocol, as a sentence. */
  readonly remark?: string;
  /** The parameters that it takes. */
  readonly defaults: OddsParametersOf<Name>;
  /** By which it is verified that the ways agree: the model's bounds of probabilities are narrower than 1e-3. */
  readonly verified: Readonly<Partial<OddsParametersOf<Name>>>;
  /** The formulas, with their sources beside them. */
  formulas(parameters: OddsParametersOf<Name>): FormulaAnswers;
  system(parameters: OddsParametersOf<Name>): WeighedSystem<History>;
}

/** The odds of a protocol as the command line and the tests see them. */
export interface ProtocolOdds {
  readonly name: string;
  readonly about: string;
  readonly factors: { readonly prepare: string; readonly commit: string };
  readonly remark?: string;
  readonly defaults: GivenOdds;
  readonly verified: GivenOdds;
  /** What was given, and the defaults for the rest. @throws OddsInputError */
  parameters(given: GivenOdds): GivenOdds;
  /** In closed form. @throws OddsInputError */
  formulas(given: GivenOdds): FormulaAnswers;
  /**
   * From the model.
   *
   * @throws OddsInputError
   * @throws OddsLimitError when it is too large: it says what to lower
   */
  fromModel(given: GivenOdds, options?: { readonly maxStates?: number }): ModelAnswers;
  /** Begins to play runs, of which none is counted yet. @throws OddsInputError */
  runs(given: GivenOdds): PlayedRuns;
}

/** Runs that are played one by one. */
export interface PlayedRuns {
  readonly count: number;
  /** Plays the run of a seed. @throws OddsLimitError for one that does not end */
  play(seed: number): void;
  /** What those so far say. */
  answers(): SampleAnswers;
}

/** Makes the odds of a protocol. */
export function defineOdds<Name extends OddsParameterName, History>(parts: OddsParts<Name, History>): ProtocolOdds {
  const { name, defaults } = parts;
  const all = (given: GivenOdds) => parametersOf(name, defaults, given);
  return {
    ...parts,
    parameters: all,
    formulas: (given) => parts.formulas(all(given)),
    fromModel: (given, options) => modelAnswers(parts.system(all(given)), options),
    runs(given) {
      const system = parts.system(all(given));
      const sample = new Sample(system);
      return {
        get count() {
          return sample.runs;
        },
        play: (seed) => sample.add(playOnce(system, seed)),
        answers: () => sample.answers(),
      };
    },
  };
}
