/**
 * The sequential model of a key-value store with ranges, counts and transactions of several keys. All keys are one object:
 * such a call is about several of them, so that a history does not fall apart into one for each key. The search then has to
 * order all that ran at once, and not only what ran at once on one key: its effort grows exponentially with the number of
 * calls at once, so histories should have few clients (four to six), and few answers that are not known. `CheckOptions` bounds
 * steps, time and memory; beyond them the verdict is `unknown`.
 */

import * as v from 'valibot';
import { acknowledgement, anything, type Call, mayReturn, type SequentialModel, type Shape, same } from './model.ts';

/** A key with a value; keys without one are left out. In the order of the keys. */
type Values = readonly (readonly [key: string, value: unknown])[];

const key = v.string();
const json = v.unknown();
const selection = v.strictObject({
  prefix: v.optional(key),
  from: v.optional(key),
  to: v.optional(key),
  limit: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
});
const operation = v.union([v.tuple([v.picklist(['get', 'delete']), key]), v.tuple([v.literal('put'), key, json])]);
const transaction = v.strictObject({
  compare: v.array(v.tuple([key, json])),
  success: v.array(operation),
  failure: v.array(operation),
});

const calls = {
  get: key,
  delete: key,
  put: v.tuple([key, json]),
  cas: v.tuple([key, json, json]),
  range: selection,
  count: selection,
  transaction,
} as const;

const shapeOf = (form: string, schema: v.GenericSchema): Shape => ({
  form,
  read: (given) => {
    const { success, output } = v.safeParse(schema, given);
    return success ? output : undefined;
  },
});

const aKey = shapeOf('a key, a string', key);
const aSelection = shapeOf('a selection {prefix, from, to, limit}, each of which may be left out', selection);

const functions: SequentialModel<Values>['functions'] = {
  get: { value: aKey, result: anything },
  delete: { value: aKey, result: acknowledgement },
  put: { value: shapeOf('a pair [key, new]', calls.put), result: acknowledgement },
  cas: {
    value: shapeOf('a triple [key, expected, new]', calls.cas),
    result: shapeOf('true (it was exchanged), or false (it was compared, and found different)', v.boolean()),
  },
  range: { value: aSelection, result: shapeOf('pairs [key, value]', v.array(v.tuple([key, json]))) },
  count: { value: aSelection, result: shapeOf('a number', v.number()) },
  transaction: {
    value: shapeOf(
      '{compare: [[key, value], ...], success: [operation, ...], failure: [operation, ...]} of ["get", key], ["put", key, new] and ["delete", key]',
      transaction,
    ),
    result: shapeOf(
      '{succeeded, results}, with the value for each get and null for each other operation',
      v.strictObject({ succeeded: v.boolean(), results: v.array(json) }),
    ),
  },
};

/**
 * A key-value store with `get`, `put`, `delete` and `cas`, whose keys are part of their values, and with `range`, `count` and
 * `transaction`. What a transaction gets is as it was before the transaction. Null stands for nothing there.
 */
export function keyValueWithRanges(): SequentialModel<Values> {
  return {
    name: 'kv-with-ranges',
    stateName: 'values',
    keys: 'optional',
    functions,
    initial: [],
    isReadOnly: ({ f, result }) => ['get', 'range', 'count'].includes(f) || (f === 'cas' && result === false),
    step(values, call) {
      const [next, returned] = played(values, call);
      return mayReturn(call, returned) ? next : undefined;
    },
  };
}

/** The values afterwards, and what is returned. */
function played(values: Values, call: Call): readonly [values: Values, returned: unknown] {
  switch (call.f) {
    case 'get':
      return [values, valueUnder(values, v.parse(calls.get, call.value))];
    case 'delete':
      return [withValue(values, v.parse(calls.delete, call.value), null), null];
    case 'put': {
      const [name, value] = v.parse(calls.put, call.value);
      return [withValue(values, name, value), null];
    }
    case 'cas': {
      const [name, expected, value] = v.parse(calls.cas, call.value);
      const isExpected = same(valueUnder(values, name), expected);
      return [isExpected ? withValue(values, name, value) : values, isExpected];
    }
    case 'range':
      return [values, selected(values, v.parse(selection, call.value))];
    case 'count':
      return [values, selected(values, v.parse(selection, call.value)).length];
    default:
      return transacted(values, v.parse(transaction, call.value));
  }
}

function transacted(
  values: Values,
  { compare, success, failure }: v.InferOutput<typeof transaction>,
): readonly [values: Values, returned: unknown] {
  const succeeded = compare.every(([name, expected]) => same(valueUnder(values, name), expected));
  const operations = succeeded ? success : failure;
  const results = operations.map(([f, name]) => (f === 'get' ? valueUnder(values, name) : null));
  const after = operations.reduce((now, [f, name, value]) => {
    if (f === 'get') return now;
    return withValue(now, name, f === 'put' ? value : null);
  }, values);
  return [after, { succeeded, results }];
}

const selected = (values: Values, { prefix = '', from = '', to, limit }: v.InferOutput<typeof selection>): Values =>
  values
    .filter(
      ([name]) => name.startsWith(prefix) && inOrder(from, name) <= 0 && (to === undefined || inOrder(name, to) < 0),
    )
    .slice(0, limit);

const valueUnder = (values: Values, name: string): unknown => values.find(([it]) => it === name)?.[1] ?? null;

function withValue(values: Values, name: string, value: unknown): Values {
  const others = values.filter(([it]) => it !== name);
  if (value === null) return others;
  return [...others, [name, value] as const].sort(([one], [other]) => inOrder(one, other));
}

const utf8 = new TextEncoder();

/** The order of the bytes of UTF-8, which differs from that of JavaScript's strings beyond the basic plane. */
function inOrder(one: string, other: string): number {
  const [left, right] = [utf8.encode(one), utf8.encode(other)];
  const at = left.findIndex((byte, place) => byte !== right[place]);
  if (at === -1) return left.length - right.length;
  return (left[at] ?? 0) - (right[at] ?? -1);
}
