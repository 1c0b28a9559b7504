/** How odds change as one parameter does: by formula all along, and by runs at some places. */

import { OddsInputError } from '../../odds.ts';
import {
  type GivenOdds,
  type OddsParameterName,
  oddsParameterNames,
  oddsParameters,
  parameterIn,
} from '../../proof/odds/parameters.ts';
import {
  type FormulaAnswers,
  type QuantityName,
  quantityNames,
  type SampleAnswers,
} from '../../proof/odds/quantities.ts';
import type { ProtocolOdds } from '../../proof/odds.ts';
import { playRuns, type RunsRequest } from './gather.ts';

/** What is swept, from one end to the other. */
export interface Sweep {
  readonly name: OddsParameterName;
  readonly from: number;
  readonly to: number;
}

/** What a way said at one place. */
export type Told = Readonly<
  Partial<Record<QuantityName, { readonly value: number; readonly lower: number; readonly upper: number }>>
>;

/** One place of the sweep. */
export interface SweepPoint {
  readonly at: number;
  readonly formula: Told;
  /** Where runs were played. */
  readonly runs?: Told;
}

/** Places at which formulas are asked, and every so many of which runs are played. */
const places = 41;
const runsEvery = 4;

/**
 * Reads `loss=0..0.2`.
 *
 * @throws OddsInputError
 */
export function sweepIn(text: string): Sweep {
  const { option = '', from = '', to = '' } = /^(?<option>[a-z-]+)=(?<from>.+)\.\.(?<to>.+)$/.exec(text)?.groups ?? {};
  const name = oddsParameterNames.find((it) => oddsParameters[it].option === option);
  if (name === undefined) {
    const options = Object.values(oddsParameters).map((parameter) => parameter.option);
    throw new OddsInputError(`expected --sweep NAME=FROM..TO with one of ${options.join(', ')}, got '${text}'`);
  }
  const [first, last] = [parameterIn(name, from), parameterIn(name, to)];
  if (first < last) return { name, from: first, to: last };
  throw new OddsInputError(`expected --sweep to begin below its end, got '${text}'`);
}

/**
 * Sweeps a parameter of a method.
 *
 * @throws OddsInputError
 */
export async function swept(
  method: ProtocolOdds,
  given: GivenOdds,
  { name, from, to }: Sweep,
  request: RunsRequest,
  progress: (line: string) => void,
): Promise<readonly SweepPoint[]> {
  const isCounted = oddsParameters[name].placeholder === 'number';
  const count = isCounted ? to - from + 1 : places;
  const every = isCounted ? 1 : runsEvery;
  const points: SweepPoint[] = [];
  for (let place = 0; place < count; place += 1) {
    const at = isCounted ? from + place : from + ((to - from) * place) / (count - 1);
    const here = { ...given, [name]: at };
    const formula = toldOf(method.formulas(here));
    points.push({
      at,
      formula,
      ...(place % every === 0 ? { runs: toldOf(await playRuns(method, here, request, progress)) } : {}),
    });
  }
  return points;
}

function toldOf(answers: FormulaAnswers | SampleAnswers): Told {
  const told: { -readonly [Name in keyof Told]: Told[Name] } = {};
  for (const name of quantityNames) {
    const answer = answers[name];
    if (answer.type === 'value') told[name] = { value: answer.value, lower: answer.value, upper: answer.value };
    if (answer.type === 'sample') told[name] = { value: answer.value, lower: answer.lower, upper: answer.upper };
  }
  return told;
}
