/** Numbers, durations and parameters as people read them. */

import {
  type GivenOdds,
  isParameterName,
  type OddsParameterName,
  oddsParameters,
} from '../../proof/odds/parameters.ts';
import { type QuantityName, quantities } from '../../proof/odds/quantities.ts';

const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** `30d`, `5m`, or `3h 2m` where one unit does not tell it. */
export function durationText(ms: number): string {
  const at = units.findIndex(([, perUnitMs]) => ms >= perUnitMs);
  const [name, perUnitMs] = units[at] ?? ['ms', 1];
  if (perUnitMs === 1 || ms % perUnitMs === 0) return `${rounded(ms / perUnitMs)}${name}`;
  const [nextName, nextMs] = units[at + 1] ?? ['ms', 1];
  // Rounded before it is taken apart, lest it be 59 minutes and 60 seconds.
  const inNext = Math.round(ms / nextMs);
  const perNext = perUnitMs / nextMs;
  const [whole, rest] = [Math.floor(inNext / perNext), inNext % perNext];
  if (whole === (units[at - 1]?.[1] ?? Number.POSITIVE_INFINITY) / perUnitMs) return durationText(whole * perUnitMs);
  return rest === 0 ? `${whole}${name}` : `${whole}${name} ${rest}${nextName}`;
}

/** With as many digits as tell neighbours apart. */
export const rounded = (value: number): string => String(Number(value.toPrecision(7)));

/** A value of a quantity. */
export const quantityText = (quantity: QuantityName, value: number): string =>
  quantities[quantity].unit === 'ms per year' ? durationText(value) : rounded(value);

/** A value of a parameter, as the command line takes it. */
export const parameterText = (name: OddsParameterName, value: number): string =>
  oddsParameters[name].placeholder === 'duration' ? durationText(value) : String(value);

/** All parameters of a method: `participants 3, loss 0.01`. */
export const parametersText = (parameters: GivenOdds): string =>
  Object.entries(parameters)
    .flatMap(([name, value]) =>
      isParameterName(name) ? [`${oddsParameters[name].option} ${parameterText(name, value)}`] : [],
    )
    .join(', ');
