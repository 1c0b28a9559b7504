/**
 * The sequential model of a store that may lose, at each failover, so many of the writes that it has acknowledged last. It is
 * one object, all keys together, as the bound is one for all of them.
 *
 * What is lost cannot be known, so a state is every world that there may be: the values, what the last writes replaced, and
 * how many writes may still turn out to have been acknowledged by a primary whose time was over. A call leaves the worlds
 * in which it may have returned what it did; when none is left, more was lost than may be, or something else is wrong.
 */

import { canonicalKey } from '../../statecharts/actor/plain.ts';
import { HistoryOptionError } from './errors.ts';
import {
  acknowledgement,
  anything,
  type Call,
  type FunctionShape,
  mayReturn,
  nothing,
  type SequentialModel,
  type Shape,
  same,
} from './model.ts';

/** A key with a value; keys without one are left out. In the order of the keys. */
type Values = readonly (readonly [key: string, value: unknown])[];

interface World {
  readonly values: Values;
  /** What the last writes replaced, the oldest first: as many as a failover may take back. */
  readonly replaced: Values;
  /** Writes that a deposed primary may still acknowledge, or have acknowledged, and that never take effect. */
  readonly ghosts: number;
}

const listOf = (form: string, length: number): Shape => ({
  form,
  read: (given) =>
    Array.isArray(given) && given.length === length && typeof given[0] === 'string' ? given : undefined,
});
const key: Shape = { form: 'a key, a string', read: (given) => (typeof given === 'string' ? given : undefined) };
const exchanged: Shape = {
  form: 'true (it was exchanged), or false (it was compared, and found different)',
  read: (given) => (typeof given === 'boolean' ? given : undefined),
};

const functions = {
  get: { value: key, result: anything },
  put: { value: listOf('a pair [key, new]', 2), result: acknowledgement },
  delete: { value: key, result: acknowledgement },
  cas: { value: listOf('a triple [key, expected, new]', 3), result: exchanged },
  failover: { value: nothing, result: acknowledgement },
} as const satisfies Record<string, FunctionShape>;

/** How much a store may lose. */
export interface LossOptions {
  /** Writes that were acknowledged and that a failover may lose, at most. Default none. */
  readonly maxLoss?: number | undefined;
}

/** A larger bound gives too many worlds to be searched. */
const mostJudged = 100;

/**
 * Keys and values of which a failover may lose the last `maxLoss` writes: `get` takes a key, `put` `[key, new]`, `delete` a
 * key, `cas` `[key, expected, new]`, with null for nothing there. A call `failover` stands for each failover, invoked no later
 * than it can have begun, and answered before anything that the next primary has answered.
 *
 * @throws HistoryOptionError for a bound that is none of 0 to 100
 */
export function keyValueWithLoss({ maxLoss = 0 }: LossOptions = {}): SequentialModel<readonly World[]> {
  if (!Number.isSafeInteger(maxLoss) || maxLoss < 0 || maxLoss > mostJudged) {
    throw new HistoryOptionError(`expected a loss of 0 to ${mostJudged} writes, got ${maxLoss}; choose another bound`);
  }
  return {
    name: 'kv-with-loss',
    stateName: 'worlds',
    keys: 'optional',
    functions,
    initial: [{ values: [], replaced: [], ghosts: 0 }],
    step(worlds, call) {
      const next = worlds.flatMap((world) =>
        call.f === 'failover' ? afterFailover(world, maxLoss) : afterCall(world, call, maxLoss),
      );
      return next.length === 0 ? undefined : distinct(next);
    },
  };
}

/** Any number of the last writes is gone, up to the bound; the rest of it may be acknowledged by the deposed primary still. */
const afterFailover = ({ replaced, values }: World, maxLoss: number): readonly World[] =>
  Array.from({ length: replaced.length + 1 }, (_, lost) => ({
    values: replaced
      .slice(replaced.length - lost)
      .reduceRight((now: Values, [name, value]) => withValue(now, name, value), values),
    replaced: [],
    ghosts: maxLoss - lost,
  }));

function afterCall(world: World, call: Call, maxLoss: number): readonly World[] {
  const [name, ...rest]: readonly unknown[] = Array.isArray(call.value) ? call.value : [call.value];
  if (typeof name !== 'string') return [];
  const found = valueUnder(world.values, name);
  if (call.f === 'get') return mayReturn(call, found) ? [world] : [];
  // What a deposed primary has acknowledged was true of what it held, whatever that was.
  const lost = world.ghosts > 0 ? [{ ...world, ghosts: world.ghosts - 1 }] : [];
  if (call.f === 'cas') {
    const [expected, value] = rest;
    const isExpected = same(found, expected);
    if (!mayReturn(call, isExpected)) return lost;
    return [isExpected ? written(world, name, value, maxLoss) : world, ...lost];
  }
  return [written(world, name, call.f === 'delete' ? null : rest[0], maxLoss), ...lost];
}

function written({ ghosts, replaced, values }: World, name: string, value: unknown, maxLoss: number): World {
  const all: Values = [...replaced, [name, valueUnder(values, name)]];
  return { values: withValue(values, name, value), replaced: all.slice(Math.max(0, all.length - maxLoss)), ghosts };
}

const valueUnder = (values: Values, name: string): unknown => values.find(([it]) => it === name)?.[1] ?? null;

function withValue(values: Values, name: string, value: unknown): Values {
  const others = values.filter(([it]) => it !== name);
  if (value === null) return others;
  return [...others, [name, value] as const].sort(([one], [other]) => (one < other ? -1 : 1));
}

/**
 * Each once, in an order that does not depend on how they came about. Of worlds that differ in their ghosts alone the one with
 * most is enough, as all that may follow upon the others may follow upon it.
 */
function distinct(worlds: readonly World[]): readonly World[] {
  const byKey = new Map<string, World>();
  for (const world of worlds) {
    const name = canonicalKey([world.values, world.replaced]);
    const known = byKey.get(name);
    if (known === undefined || world.ghosts > known.ghosts) byKey.set(name, world);
  }
  return [...byKey].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, world]) => world);
}
