/**
 * The key-value state machine: values of any bytes under text keys, each with the version of its last write. A version
 * is the revision of the write, so versions of a key only grow, also across deletion, and none is ever used twice.
 */

import { type Random, systemRandomness } from '../../../environment/random.ts';
import { copyOf, decode, encode, isNatural } from '../codec.ts';
import { KeyLimitError, MalformedRequestError, UnreadableStateError, ValueLimitError } from '../errors.ts';
import type { SlicedStateMachine } from '../state-machine.ts';
import { type TableView, VersionedTable } from '../table/table.ts';

/** The longest key, in bytes of UTF-8. A constant, because all nodes must agree on it. */
export const keyLimitBytes = 1_024;
/** The longest value, in bytes. A constant, because all nodes must agree on it. */
export const valueLimitBytes = 1_024 * 1_024;

/** What must hold for a write to happen. */
export type Condition =
  | { readonly type: 'version'; readonly version: number }
  | { readonly type: 'present' }
  | { readonly type: 'absent' };

export type KeyValueCommand =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly condition?: Condition }
  | { readonly type: 'delete'; readonly key: string; readonly condition?: Condition };

/** What a command came to. */
export type KeyValueResult =
  | { readonly type: 'stored'; readonly version: number }
  /** `version` is what was deleted; undefined when there was nothing. */
  | { readonly type: 'deleted'; readonly version?: number }
  /** The condition does not hold; `version` is what is there, if anything is. */
  | { readonly type: 'condition-failed'; readonly version?: number }
  | { readonly type: 'refused'; readonly reason: Refusal };

/** Why a command was not applied; the edge refuses such commands earlier, by errors. */
export type Refusal = 'malformed' | 'key-limit' | 'value-limit';

export interface KeyValueQuestion {
  readonly type: 'get';
  readonly key: string;
}

/** A value and the version of its last write. */
export interface Versioned {
  readonly value: Uint8Array;
  readonly version: number;
}

/** The key-value state machine; its own types are those of what it is asked and answers. */
export interface KeyValueMachine extends SlicedStateMachine {
  apply(command: Uint8Array, at: { readonly revision: number }): KeyValueResult;
  /** @returns null when there is no value */
  query(question: unknown): Versioned | null;
  readonly keys: number;
  /** About the bytes of all keys and values. */
  readonly sizeBytes: number;
}

/** Of the parts of a snapshot. Version 1 was one part, with all entries as triples. */
const partVersion = 2;

/** What a key takes in a snapshot beside its text and its value, at most. */
const entryOverheadBytes = 24;

/**
 * Makes an empty key-value state machine.
 *
 * @param random draws the key of a hash, of which nothing that the machine answers depends; the system's by default
 */
export function createKeyValueMachine(random: Random = systemRandomness().stream('hash')): KeyValueMachine {
  const entries = new VersionedTable(random);

  return {
    apply(bytes, { revision }) {
      const command = decodeCommand(bytes);
      if (typeof command === 'string') return { type: 'refused', reason: command };
      const { key, condition } = command;
      if (command.type === 'put' && condition === undefined) {
        entries.set(key, revision, command.value);
        return { type: 'stored', version: revision };
      }
      const present = entries.get(key);
      if (condition !== undefined && !holds(condition, present)) {
        return { type: 'condition-failed', ...versionOf(present) };
      }
      if (command.type === 'delete') {
        entries.delete(key);
        return { type: 'deleted', ...versionOf(present) };
      }
      entries.set(key, revision, command.value);
      return { type: 'stored', version: revision };
    },
    query(question) {
      if (!isQuestion(question)) {
        throw new MalformedRequestError(`expected a question { type: 'get', key: string }, got something else`);
      }
      const found = problemOfKey(question.key) === undefined ? entries.get(question.key) : undefined;
      return found === undefined ? null : { value: copyOf(found.value), version: found.version };
    },
    view() {
      const view = entries.view();
      return { next: (limitBytes) => encodePart(view, limitBytes), release: () => view.release() };
    },
    restoring() {
      entries.clear();
      return {
        take(part) {
          for (const [key, version, value] of entriesIn(part)) entries.set(key, version, value);
        },
        finish: () => undefined,
      };
    },
    get keys() {
      return entries.size;
    },
    get sizeBytes() {
      return entries.contentBytes + entryOverheadBytes * entries.size;
    },
    shrinks(bytes) {
      const command = decodeCommand(bytes);
      return typeof command !== 'string' && command.type === 'delete';
    },
  };
}

const versionOf = (present: Versioned | undefined): { version?: number } =>
  present === undefined ? {} : { version: present.version };

function holds(condition: Condition, present: Versioned | undefined): boolean {
  switch (condition.type) {
    case 'version':
      return present?.version === condition.version;
    case 'present':
      return present !== undefined;
    case 'absent':
      return present === undefined;
  }
}

const isQuestion = (value: unknown): value is KeyValueQuestion =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  value.type === 'get' &&
  'key' in value &&
  typeof value.key === 'string';

const putKind = 0;
const deleteKind = 1;
const presentMark = -1;
const absentMark = 0;

/**
 * Encodes a command for the log.
 *
 * @throws KeyLimitError for a key that is empty, longer than `keyLimitBytes`, or has half a surrogate pair;
 * ValueLimitError for a value longer than `valueLimitBytes`
 */
export function encodeCommand(command: KeyValueCommand): Uint8Array {
  assertKey(command.key);
  const mark = markOf(command.condition);
  if (command.type === 'delete') return encode([deleteKind, command.key, mark]);
  if (command.value.length > valueLimitBytes) {
    throw new ValueLimitError(
      `expected a value of at most ${valueLimitBytes} bytes, got ${command.value.length}; split it over several keys`,
    );
  }
  return encode([putKind, command.key, mark, command.value]);
}

/** Refuses what is no key. @throws KeyLimitError */
export function assertKey(key: string): void {
  const problem = problemOfKey(key);
  if (problem === undefined) return;
  throw new KeyLimitError(
    problem === 'malformed'
      ? 'expected a key of well-formed text, got half of a surrogate pair'
      : `expected a key of 1 to ${keyLimitBytes} bytes, got ${key.length === 0 ? 'an empty one' : 'a longer one'}`,
  );
}

const utf8 = new TextEncoder();

function problemOfKey(key: string): 'key-limit' | 'malformed' | undefined {
  if (key.length === 0 || key.length > keyLimitBytes) return 'key-limit';
  if (/\p{Surrogate}/u.test(key)) return 'malformed';
  // A code unit takes at most three bytes, so most keys need not be encoded to be measured.
  return key.length * 3 > keyLimitBytes && utf8.encode(key).length > keyLimitBytes ? 'key-limit' : undefined;
}

function markOf(condition: Condition | undefined): number | null {
  if (condition === undefined) return null;
  if (condition.type === 'version') return condition.version;
  return condition.type === 'present' ? presentMark : absentMark;
}

function decodeCommand(bytes: Uint8Array): KeyValueCommand | Refusal {
  let tuple: unknown;
  try {
    tuple = decode(bytes);
  } catch {
    return 'malformed';
  }
  if (!Array.isArray(tuple)) return 'malformed';
  const [kind, key, mark, value]: unknown[] = tuple;
  if (typeof key !== 'string') return 'malformed';
  const problem = problemOfKey(key);
  if (problem !== undefined) return problem;
  const condition = conditionIn(mark);
  if (condition === 'malformed') return 'malformed';
  if (kind === deleteKind) return { type: 'delete', key, ...condition };
  if (kind !== putKind || !(value instanceof Uint8Array)) return 'malformed';
  return value.length > valueLimitBytes ? 'value-limit' : { type: 'put', key, value, ...condition };
}

function conditionIn(mark: unknown): { condition?: Condition } | 'malformed' {
  if (mark === null) return noCondition;
  if (mark === presentMark) return { condition: { type: 'present' } };
  if (mark === absentMark) return { condition: { type: 'absent' } };
  return isNatural(mark) ? { condition: { type: 'version', version: mark } } : 'malformed';
}
const noCondition = {};

/** A part holds its version, then key, version and value of one entry after the other. */
function encodePart(view: TableView, limitBytes: number): Uint8Array | undefined {
  const entries = view.next(limitBytes);
  if (entries === undefined) return undefined;
  const part: unknown[] = [partVersion];
  for (const { key, version, value } of entries) part.push(key, version, value);
  return encode(part);
}

/** The entries of a part. @throws UnreadableStateError */
function* entriesIn(part: Uint8Array): Generator<readonly [string, number, Uint8Array]> {
  const unreadable = (): never => {
    throw new UnreadableStateError(
      `expected a snapshot of the key-value state machine, version ${partVersion} or older; run the program that wrote it`,
    );
  };
  const whole = decode(part);
  if (!Array.isArray(whole)) return unreadable();
  const flat: readonly unknown[] = whole[0] === 1 && Array.isArray(whole[1]) ? [1, ...whole[1].flat()] : whole;
  if ((flat[0] !== partVersion && flat[0] !== 1) || flat.length % 3 !== 1) return unreadable();
  for (let at = 1; at < flat.length; at += 3) {
    const [key, version, value] = [flat[at], flat[at + 1], flat[at + 2]];
    if (typeof key !== 'string' || !isNatural(version) || !(value instanceof Uint8Array)) return unreadable();
    yield [key, version, value];
  }
}
