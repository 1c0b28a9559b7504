/**
 * One line of a history, as it stands in a file: JSON lines, one event per line, in the order in which they were seen.
 *
 * ```
 * {"process":1,"type":"invoke","f":"write","key":"x","value":3,"time":12.5}
 * {"process":1,"type":"ok","f":"write","time":14}
 * {"type":"fault","phase":"begin","id":"f1","kind":"partition","target":"n1 | n2 n3","time":15}
 * ```
 */

import * as v from 'valibot';
import type { ObjectKey, ProcessId } from './operation.ts';

/** A client calls (`invoke`), or learns how its call ended: done, not done and never will be, or who knows. */
export interface OperationEvent {
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly process: ProcessId;
  /** Must be there on `invoke`; where it is repeated on the answer, it must be the same. The same holds for `key`. */
  readonly f?: string | undefined;
  readonly key?: ObjectKey;
  readonly value?: unknown;
  /** On `invoke` of a read: it may return what was there so many milliseconds before. */
  readonly maxStalenessMs?: number | undefined;
  /** Milliseconds, never less than on the line before. On every line of a history, or on none. */
  readonly time?: number | undefined;
}

/** A fault begins, is over, or strikes in a moment. */
export interface FaultEvent {
  readonly type: 'fault';
  readonly phase: 'begin' | 'end' | 'moment';
  /** Joins an end to its beginning; must be there on both. */
  readonly id?: string | undefined;
  /** What it is: `crash`, `pause`, `partition`, ... Must be there on all but the end. */
  readonly kind?: string | undefined;
  /** Whom it strikes, in words. */
  readonly target?: string | undefined;
  readonly time?: number | undefined;
}

export type HistoryEvent = OperationEvent | FaultEvent;

/** A name longer than this is refused. */
const nameLimit = 256;
/** A value nested deeper than this is refused. */
const depthLimit = 64;

const types = ['invoke', 'ok', 'fail', 'info', 'fault'];

const text = (field: string) =>
  v.pipe(
    v.string(`expected ${field} to be a string`),
    v.minLength(1, `expected ${field} to be a string that is not empty`),
    v.maxLength(nameLimit, `expected ${field} to be at most ${nameLimit} characters long`),
  );
const name = (field: string) =>
  v.union([text(field), v.pipe(v.number(), v.finite())], `expected ${field} to be a number or a string`);
const time = v.optional(v.pipe(v.number('expected time to be a number of milliseconds'), v.finite()));
const remark = v.optional(v.unknown());

/** Any value that can be walked through. */
export const shallowValue = v.pipe(
  v.unknown(),
  v.check((value) => !isDeeper(value, depthLimit), `expected a value nested at most ${depthLimit} deep`),
);

const operationEvent = v.strictObject(
  {
    type: v.picklist(['invoke', 'ok', 'fail', 'info']),
    process: name('process'),
    f: v.optional(text('f')),
    key: v.optional(name('key')),
    value: v.optional(shallowValue),
    maxStalenessMs: v.optional(
      v.pipe(v.number('expected maxStalenessMs to be a number of milliseconds'), v.finite(), v.minValue(0)),
    ),
    time,
    note: remark,
  },
  strangerOr('a line of an operation needs type, process, f (and key, value, maxStalenessMs, time, note)'),
);

const faultEvent = v.strictObject(
  {
    type: v.literal('fault'),
    phase: v.picklist(['begin', 'end', 'moment'], 'expected phase to be begin, end or moment'),
    id: v.optional(text('id')),
    kind: v.optional(text('kind')),
    target: v.optional(text('target')),
    time,
    note: remark,
  },
  strangerOr('a line of a fault needs type, phase, id, kind (and target, time, note)'),
);

/**
 * Reads one event.
 *
 * @returns the event, or in words what is wrong with it
 */
export function parseEvent(given: unknown): HistoryEvent | string {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return `expected a JSON object, got ${brief(given)}`;
  }
  const type: unknown = 'type' in given ? given.type : undefined;
  if (typeof type !== 'string' || !types.includes(type)) {
    return `expected type to be one of ${types.join(', ')}, got ${brief(type)}`;
  }
  const parsed = v.safeParse(type === 'fault' ? faultEvent : operationEvent, given, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const speaksForItself = issue.type === 'strict_object' || issue.type === 'check';
  return speaksForItself ? issue.message : `${issue.message}, got ${brief(issue.input)}`;
}

/** A value for an error message. */
export function brief(value: unknown): string {
  if (isDeeper(value, depthLimit)) return 'a deeply nested value';
  const shown = value === undefined ? 'nothing' : JSON.stringify(value);
  return shown.length <= 80 ? shown : `${shown.slice(0, 79)}…`;
}

/** Valibot reports a missing and a strange field as one issue of the whole object; this tells them apart. */
function strangerOr(needs: string): (issue: v.StrictObjectIssue) => string {
  return (issue) =>
    issue.expected === 'never'
      ? `unknown field ${issue.received}: ${needs}`
      : `missing field ${issue.expected}: ${needs}`;
}

function isDeeper(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((item) => isDeeper(item, limit - 1));
}
