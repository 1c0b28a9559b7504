/**
 * Bounds: how much may happen in a system that is checked. A protocol states them as one table - default, unit, meaning -
 * from which come the types of a model's options, the names of systems and the options of the command line.
 */

import { QuorateError } from '../../statecharts/actor.ts';
import type { Budget } from '../checker.ts';

/** A bound that was given is not in the table, or has a value that it cannot have. */
export class BoundError extends QuorateError {
  readonly code = 'BOUND';
}

/** One bound. Made by `count`, `budget`, `flag`, `choice`, `list` or `optional`. */
export interface Bound<Value> {
  /** What it says, as the beginning of a sentence. */
  readonly about: string;
  /** What stands for a value in a help text; undefined for a flag, which has none. */
  readonly placeholder: string | undefined;
  /** The value when none is given, or the bounds whose sum that is. */
  readonly default: Value | SumOf;
  /** The default in words. */
  readonly defaultText: string;
  /** What `value` adds to the name of a system; empty when it goes without saying. */
  nameOf(value: Value): string;
  /** The value as the command line writes it. */
  textOf(value: Value): string;
  /** Reads a value. @throws BoundError */
  read(text: string): Value;
  /** Whether `value` is one of this bound. */
  accepts(value: unknown): value is Value;
}

/** A default: as often as some other bounds of the table say together. */
export interface SumOf {
  readonly sumOf: readonly string[];
}

/** The bounds of a protocol, by name; `quorumChecks` is the option `--quorum-checks`. */
export type BoundsTable = Readonly<Record<string, Bound<unknown>>>;

/** What a model is made of: a value for every bound. */
export type BoundsOf<Table extends BoundsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Bound<infer Value> ? Value : never;
};

/** What describes a system: values for some bounds; the others have their defaults. */
export type GivenBounds<Table extends BoundsTable> = {
  readonly [Name in keyof Table]?: Exclude<BoundsOf<Table>[Name], undefined>;
};

/** How often something happens is counted in units: `['crash', 'crashes']`. */
export type Unit = readonly [one: string, many: string];

interface Counting<Default> {
  readonly unit: Unit;
  readonly about: string;
  readonly default: Default;
  /** What none of them is called in the name of a system. Default: nothing, as none is the rule. */
  readonly none?: string;
  /** The unit is part of a phrase: `at most 2 messages in flight`. Default: the number stands first. */
  readonly before?: string;
}

const isSum = (value: unknown): value is SumOf => typeof value === 'object' && value !== null && 'sumOf' in value;

const textOfDefault = (value: unknown): string =>
  isSum(value) ? `as many as ${value.sumOf.map(optionNameOf).join(' and ')}` : String(value);

const nameOfCount =
  ({ unit: [one, many], none = '', before = '' }: Counting<unknown>) =>
  (value: Budget): string =>
    value === 0 ? none : `${before}${value} ${value === 1 ? one : many}`;

const greatestCount = 1_000;
const digits = /^\d{1,15}$/;

/** A number of things, from `least` (default 0) to `most` (default 1,000). */
export function count(
  options: Counting<number | SumOf> & { readonly least?: number; readonly most?: number },
): Bound<number> {
  const { about, least = 0, most = greatestCount } = options;
  const accepts = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
  return {
    about,
    placeholder: 'number',
    default: options.default,
    defaultText: textOfDefault(options.default),
    nameOf: nameOfCount(options),
    textOf: String,
    read(text) {
      const value = Number(text);
      if (digits.test(text) && accepts(value)) return value;
      throw new BoundError(`Expected a whole number from ${least} to ${most}.`);
    },
    accepts,
  };
}

/** How often something may happen: a number, or any number of times. */
export function budget(options: Counting<Budget | SumOf>): Bound<Budget> {
  const { about } = options;
  const number = count({ ...options, default: 0 });
  return {
    about: `${about}; a number, or 'unlimited'`,
    placeholder: 'number',
    default: options.default,
    defaultText: textOfDefault(options.default),
    nameOf: nameOfCount(options),
    textOf: String,
    read(text) {
      if (text === 'unlimited') return text;
      if (digits.test(text)) return number.read(text);
      throw new BoundError(`Expected a whole number from 0 to ${greatestCount}, or 'unlimited'.`);
    },
    accepts: (value): value is Budget => value === 'unlimited' || number.accepts(value),
  };
}

/** Whether something is so. One that is so by default is the option `--no-NAME`. */
export function flag(options: {
  readonly about: string;
  readonly default: boolean;
  /** What the other value is called in the name of a system. Default: nothing. */
  readonly otherwise?: string;
}): Bound<boolean> {
  const { about, otherwise = '' } = options;
  return {
    about,
    placeholder: undefined,
    default: options.default,
    defaultText: options.default ? 'yes' : 'no',
    nameOf: (value) => (value === options.default ? '' : otherwise),
    textOf: String,
    read(text) {
      if (text === 'true' || text === 'false') return text === 'true';
      throw new BoundError("Expected 'true' or 'false'.");
    },
    accepts: (value) => typeof value === 'boolean',
  };
}

/** One of a few words. `unit` follows the word in the name of a system. */
export function choice<const Choice extends string>(options: {
  readonly about: string;
  readonly of: readonly Choice[];
  readonly default: Choice;
  readonly unit: string;
}): Bound<Choice> {
  const { about, of, unit } = options;
  const accepts = (value: unknown): value is Choice => of.some((it) => it === value);
  return {
    about: `${about}: ${of.join(', ')}`,
    placeholder: 'kind',
    default: options.default,
    defaultText: options.default,
    nameOf: (value) => `${value} ${unit}`,
    textOf: String,
    read(text) {
      if (accepts(text)) return text;
      throw new BoundError(`Expected ${of.join(', ')}.`);
    },
    accepts,
  };
}

/** A list of words, separated by commas. */
export function list(options: {
  readonly about: string;
  readonly placeholder: string;
  /** What a word looks like, and the same in words. */
  readonly pattern: RegExp;
  readonly expected: string;
  /** What stands before the list in the name of a system. */
  readonly before: string;
}): Bound<readonly string[]> {
  const { about, placeholder, pattern, expected, before } = options;
  return {
    about: `${about}, separated by commas`,
    placeholder,
    default: [],
    defaultText: 'none',
    nameOf: (value) => `${before} ${value.join(', ')}`,
    textOf: (value) => value.join(','),
    read(text) {
      const words = text.split(',');
      if (words.every((word) => pattern.test(word))) return words;
      throw new BoundError(`Expected ${expected}, separated by commas.`);
    },
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) && value.every((word) => typeof word === 'string' && pattern.test(word)),
  };
}

/** `bound`, or nothing, which means `otherwise`. */
export function optional<Value>(bound: Bound<Value>, otherwise: string): Bound<Value | undefined> {
  return {
    about: bound.about,
    placeholder: bound.placeholder,
    default: undefined,
    defaultText: otherwise,
    nameOf: (value) => (value === undefined ? '' : bound.nameOf(value)),
    textOf: (value) => (value === undefined ? '' : bound.textOf(value)),
    read: (text) => bound.read(text),
    accepts: (value): value is Value | undefined => value === undefined || bound.accepts(value),
  };
}

/** `quorumChecks` as `quorum-checks`. */
export const optionNameOf = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);

/**
 * The bounds of a system: what was given, and defaults for the rest.
 *
 * @throws BoundError when something is given that the table does not have, or a value that cannot be
 */
export function boundsOf<Table extends BoundsTable>(table: Table, given: object): BoundsOf<Table> {
  const values = new Map<string, unknown>(Object.entries(given));
  for (const name of values.keys()) {
    if (!(name in table)) throw new BoundError(`expected one of ${Object.keys(table).join(', ')}, got '${name}'`);
  }
  const sum = (parts: readonly unknown[]): Budget =>
    parts.includes('unlimited') ? 'unlimited' : parts.reduce<number>((all, part) => all + Number(part), 0);
  const standing = (name: string): unknown => {
    if (values.has(name)) return values.get(name);
    const standard = table[name]?.default;
    return isSum(standard) ? sum(standard.sumOf.map(standing)) : standard;
  };
  const all = Object.fromEntries(Object.keys(table).map((name) => [name, standing(name)]));
  if (isComplete(table, all)) return all;
  const wrong = Object.entries(table).find(([name, bound]) => !bound.accepts(all[name]));
  throw new BoundError(`'${String(wrong?.[0])}' cannot be ${JSON.stringify(all[String(wrong?.[0])])}`);
}

const isComplete = <Table extends BoundsTable>(table: Table, values: object): values is BoundsOf<Table> => {
  const found = new Map<string, unknown>(Object.entries(values));
  return Object.entries(table).every(([name, bound]) => bound.accepts(found.get(name)));
};

/** The name of a system: what was given, and the defaults that are not derived from others, in the order of the table. */
export function systemNameOf<Table extends BoundsTable>(table: Table, given: GivenBounds<Table>): string {
  const values = new Map<string, unknown>(Object.entries(given));
  const parts = Object.entries(table).map(([name, bound]) => {
    if (values.has(name)) return bound.nameOf(values.get(name));
    return isSum(bound.default) ? '' : bound.nameOf(bound.default);
  });
  return parts.filter((part) => part !== '').join(', ');
}

/** What a system is called on the command line: `--nodes 2 --no-pre-votes`. */
export function commandLineOf<Table extends BoundsTable>(table: Table, given: GivenBounds<Table>): string {
  const values = new Map<string, unknown>(Object.entries(given));
  const options = Object.entries(table).flatMap(([name, bound]): string[] => {
    if (!values.has(name)) return [];
    const value = values.get(name);
    if (bound.placeholder !== undefined) return [`--${optionNameOf(name)} ${bound.textOf(value)}`];
    return value === bound.default ? [] : [`--${value === false ? 'no-' : ''}${optionNameOf(name)}`];
  });
  return options.join(' ');
}

/** What was given, as bounds of `table`. @throws BoundError when something is given that it does not have */
export function givenIn<Table extends BoundsTable>(table: Table, given: object): GivenBounds<Table> {
  if (isGiven(table, given)) return given;
  const wrong = Object.entries(given).find(([name, value]) => !(table[name]?.accepts(value) ?? false));
  throw new BoundError(`there is no bound '${String(wrong?.[0])}' that can be ${JSON.stringify(wrong?.[1])}`);
}

const isGiven = <Table extends BoundsTable>(table: Table, given: object): given is GivenBounds<Table> =>
  Object.entries(given).every(([name, value]) => table[name]?.accepts(value) ?? false);
