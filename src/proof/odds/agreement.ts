/** Whether the three ways agree, and where they do not. */

import {
  type FormulaAnswers,
  type ModelAnswers,
  type QuantityName,
  quantityNames,
  type SampleAnswers,
  threefold,
} from './quantities.ts';

/** What the three ways say. */
export interface ThreeWays {
  readonly formulas: FormulaAnswers;
  readonly model: ModelAnswers;
  readonly sample: SampleAnswers;
}

/** Where two ways contradict each other, or what they say does not suffice. */
export interface Disagreement {
  readonly quantity: QuantityName;
  readonly problem: string;
}

/** The width that the bounds of a probability stay below where a protocol is verified; of a mean, relative to it. */
export const verifiedWidth = 1e-3;

/** What arithmetic may lose of a mean, relative to it. */
const rounding = 1e-9;

/** All places where two ways contradict each other. */
export const disagreementsOf = (ways: ThreeWays): readonly Disagreement[] =>
  quantityNames.flatMap((quantity) => problemsOf(quantity, ways).map((problem) => ({ quantity, problem })));

function problemsOf(quantity: QuantityName, ways: ThreeWays): readonly string[] {
  const formula = ways.formulas[quantity];
  const bounds = ways.model[quantity];
  const sample = ways.sample[quantity];
  if (bounds.type !== 'bounds') return [];
  const problems: string[] = [];
  const slack = rounding * Math.max(1, bounds.upper);
  const between = `the model's bounds ${bounds.lower} and ${bounds.upper}`;
  if (formula.type === 'value' && formula.unmetAssumption === undefined) {
    const isWithin = formula.value >= bounds.lower - slack && formula.value <= bounds.upper + slack;
    if (!isWithin) problems.push(`the formula says ${formula.value}, which is not between ${between}`);
  }
  if (sample.type === 'sample' && (sample.upper < bounds.lower - slack || sample.lower > bounds.upper + slack)) {
    problems.push(`${sample.runs} runs say ${sample.lower} to ${sample.upper}, which does not meet ${between}`);
  }
  return problems;
}

/** Where something is missing that all three ways must give where a protocol is verified, or the model's bounds are too wide. */
export const unverifiedOf = ({ formulas, model, sample }: ThreeWays): readonly Disagreement[] => [
  ...threefold.flatMap((quantity) =>
    Object.entries({ 'the formula': formulas[quantity], 'the model': model[quantity], 'the runs': sample[quantity] })
      .filter(([, { type }]) => type === 'not-given')
      .map(([way]) => ({ quantity, problem: `${way} must give it, and does not` })),
  ),
  ...quantityNames.flatMap((quantity): readonly Disagreement[] => {
    const bounds = model[quantity];
    if (bounds.type !== 'bounds') return [];
    const width = (bounds.upper - bounds.lower) / Math.max(1, bounds.lower);
    return width < verifiedWidth ? [] : [{ quantity, problem: `the model's bounds are ${width} apart` }];
  }),
];
