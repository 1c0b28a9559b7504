/**
 * What a log entry of a store holds: the requests that waited together at the leader, and the leader's limits. One entry
 * for many requests, because each entry is framed, checked, counted and written down by itself.
 */

import { decode, encode, isNatural } from '../codec.ts';
import { UnreadableStateError } from '../errors.ts';

/** A request that changes something, as it stands in the log. */
export type Operation =
  | { readonly type: 'register' }
  | {
      readonly type: 'command';
      readonly session: number;
      readonly sequence: number;
      readonly lowestUnanswered: number;
      readonly command: Uint8Array;
    }
  | { readonly type: 'keyed'; readonly key: string; readonly command: Uint8Array };

/** What the replicated state keeps at most. */
export interface SessionLimits {
  /** Sessions; one more expires the least recently used. Default 10,000. */
  readonly sessions: number;
  /** Results of all sessions together; more expire least recently used sessions. Default 1,000,000. */
  readonly results: number;
  /** For how many further requests the result under an idempotency key is kept. Default 100,000. */
  readonly keptKeyRequests: number;
}

export const defaultSessionLimits: SessionLimits = { sessions: 10_000, results: 1_000_000, keptKeyRequests: 100_000 };

/** The longest idempotency key, in UTF-16 code units. */
export const idempotencyKeyLimit = 255;

/** Whether `key` may name a request: 1 to 255 code units. */
export const isIdempotencyKey = (key: string): boolean => key.length > 0 && key.length <= idempotencyKeyLimit;

const entryVersion = 1;
const kinds = { register: 0, command: 1, keyed: 2 } as const;

/** Encodes an entry. */
export const encodeEntry = (operations: readonly Operation[], limits: SessionLimits): Uint8Array =>
  encode([entryVersion, limits.sessions, limits.results, limits.keptKeyRequests, operations.map(tupleOf)]);

function tupleOf(operation: Operation): readonly unknown[] {
  switch (operation.type) {
    case 'register':
      return [kinds.register];
    case 'command': {
      const { session, sequence, lowestUnanswered, command } = operation;
      return [kinds.command, session, sequence, lowestUnanswered, command];
    }
    case 'keyed':
      return [kinds.keyed, operation.key, operation.command];
  }
}

/** Decodes an entry; the commands in it are views of `data`. @throws UnreadableStateError */
export function decodeEntry(data: Uint8Array): { limits: SessionLimits; operations: readonly Operation[] } {
  const whole = decode(data);
  if (!Array.isArray(whole)) throw unreadable('form');
  const [version, sessions, results, keptKeyRequests, tuples]: unknown[] = whole;
  if (version !== entryVersion) throw unreadable(`version: ${String(version)}`);
  if (!isNatural(sessions) || !isNatural(results) || !isNatural(keptKeyRequests) || !Array.isArray(tuples)) {
    throw unreadable('head');
  }
  return { limits: { sessions, results, keptKeyRequests }, operations: tuples.map(operationIn) };
}

function operationIn(tuple: unknown): Operation {
  if (!Array.isArray(tuple)) throw unreadable('operation');
  const [kind, first, second, third, fourth]: unknown[] = tuple;
  switch (kind) {
    case kinds.register:
      return { type: 'register' };
    case kinds.command:
      if (isNatural(first) && isNatural(second) && isNatural(third) && fourth instanceof Uint8Array) {
        return { type: 'command', session: first, sequence: second, lowestUnanswered: third, command: fourth };
      }
      break;
    case kinds.keyed:
      if (typeof first === 'string' && isIdempotencyKey(first) && second instanceof Uint8Array) {
        return { type: 'keyed', key: first, command: second };
      }
      break;
  }
  throw unreadable('operation');
}

const unreadable = (part: string): UnreadableStateError =>
  new UnreadableStateError(
    `expected a log entry of a store, version ${entryVersion}, got another ${part}; run the program that wrote it`,
  );
