/** What the odds of a protocol depend on: one table for all of them, from which each takes what it knows. */

import { OddsInputError } from '../../odds/errors.ts';
import { isProbability } from '../../odds/probabilities.ts';

/** One parameter. Units are in the names; what people write may have others. */
export interface OddsParameter {
  /** What it says, as the beginning of a sentence. */
  readonly about: string;
  /** How the command line calls it, without dashes. */
  readonly option: string;
  readonly placeholder: 'number' | 'probability' | 'duration';
  /** What it may be, in words. */
  readonly expected: string;
  accepts(value: number): boolean;
}

const count = (option: string, about: string, least: number, most: number): OddsParameter => ({
  about,
  option,
  placeholder: 'number',
  expected: `a whole number from ${least} to ${most}`,
  accepts: (value) => Number.isSafeInteger(value) && value >= least && value <= most,
});

const probability = (option: string, about: string): OddsParameter => ({
  about,
  option,
  placeholder: 'probability',
  expected: 'a probability from 0 to 1',
  accepts: isProbability,
});

/** Ten years: beyond it, nothing here is measured or believed. */
const longestMs = 10 * 365.25 * 86_400_000;

const duration = (option: string, about: string): OddsParameter => ({
  about,
  option,
  placeholder: 'duration',
  expected: 'a duration of 1 ms or more and up to ten years, such as 5m or 30d',
  accepts: (value) => value >= 1 && value <= longestMs,
});

/** All that there are. A protocol that needs another one adds it here. */
export const oddsParameters = {
  participants: count('participants', 'databases that take part in the transaction', 2, 5),
  servers: count('servers', 'servers of the group', 2, 5),
  voteYes: probability('vote-yes', 'how probable it is that a participant can prepare, and votes yes'),
  loss: probability('loss', 'how probable it is that a message between two nodes is lost'),
  mttfMs: duration('mttf', 'mean time to failure of a node'),
  mttrMs: duration('mttr', 'mean time to repair of a node'),
} as const satisfies Readonly<Record<string, OddsParameter>>;

/** What is taken of nodes and messages where nothing is said: one message of a hundred lost, a node down for 5 minutes in 30 days. */
export const usualFaults = { loss: 0.01, mttfMs: 30 * 86_400_000, mttrMs: 300_000 } as const;

export type OddsParameterName = keyof typeof oddsParameters;

/** A value for each parameter that a protocol takes. */
export type OddsParametersOf<Name extends OddsParameterName> = Readonly<Record<Name, number>>;

/** Values for some parameters. */
export type GivenOdds = Readonly<Partial<Record<OddsParameterName, number>>>;

export const isParameterName = (name: string): name is OddsParameterName => Object.hasOwn(oddsParameters, name);

/** Their names, in the order of the table. */
export const oddsParameterNames: readonly OddsParameterName[] = Object.keys(oddsParameters).filter(isParameterName);

/**
 * The parameters of a protocol: what was given, and its defaults for the rest.
 *
 * @throws OddsInputError for a parameter that the protocol does not take, and for a value that it cannot have
 */
export function parametersOf<Name extends OddsParameterName>(
  protocol: string,
  defaults: OddsParametersOf<Name>,
  given: GivenOdds,
): OddsParametersOf<Name> {
  for (const [name, value] of Object.entries(given)) {
    if (!isParameterName(name) || !(name in defaults)) {
      const taken = oddsParameterNames.filter((it) => it in defaults).map((it) => oddsParameters[it].option);
      const got = isParameterName(name) ? oddsParameters[name].option : name;
      throw new OddsInputError(`expected parameters that ${protocol} takes (${taken.join(', ')}), got '${got}'`);
    }
    const { expected, accepts } = oddsParameters[name];
    if (accepts(value)) continue;
    throw new OddsInputError(`expected ${expected} for ${name}, got ${value}`);
  }
  return { ...defaults, ...given };
}

/** What one unit of a duration is, in milliseconds. */
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a duration: a number with `ms`, `s`, `m`, `h` or `d` behind it.
 *
 * @returns milliseconds
 * @throws OddsInputError
 */
export function durationIn(text: string): number {
  const { number = '', unit = '' } = /^(?<number>\d+(?:\.\d+)?)(?<unit>ms|s|m|h|d)$/.exec(text)?.groups ?? {};
  const perUnitMs = unitsMs[unit];
  if (perUnitMs !== undefined) return Number(number) * perUnitMs;
  throw new OddsInputError(`expected a duration such as 500ms, 5m or 30d, got '${text}'`);
}

/**
 * Reads a value of a parameter as people write it.
 *
 * @throws OddsInputError for what is no such value
 */
export function parameterIn(name: OddsParameterName, text: string): number {
  const { placeholder, expected, accepts, option } = oddsParameters[name];
  const isNumber = /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/.test(text);
  const value = placeholder === 'duration' ? durationIn(text) : isNumber ? Number(text) : Number.NaN;
  if (accepts(value)) return value;
  throw new OddsInputError(`expected ${expected} for --${option}, got '${text}'`);
}
