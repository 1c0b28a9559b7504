/**
 * What a log entry of a store holds: the requests that waited together at the leader, and the leader's limits. One entry
 * for many requests, because each entry is framed, checked, counted and written down by itself.
 */

import { decode, encode, isNatural } from '../codec.ts';
import { UnreadableStateError } from '../errors.ts';

/** A request that changes something, as it stands in the log. */
export type Operation =
  /**
   * `session`: the new session's id, which the leader gives when it puts the request into the log. Who knows the id of a
   * session is taken for its client, so it must not be guessed. Without one, as in earlier versions, it is a count.
   */
  | { readonly type: 'register'; readonly session?: number }
  /** The client is done with its session. */
  | { readonly type: 'close'; readonly session: number }
  | {
      readonly type: 'command';
      readonly session: number;
      readonly sequence: number;
      readonly lowestUnanswered: number;
      readonly command: Uint8Array;
    }
  | { readonly type: 'keyed'; readonly key: string; readonly command: Uint8Array }
  /** What is due by the time of the log is to be done. Only leaders make it. */
  | { readonly type: 'tick' };

/** What the replicated state keeps at most. */
export interface SessionLimits {
  /** Sessions. One more is refused, unless one of them is idle. Default 10,000. */
  readonly sessions: number;
  /**
   * How long, by the time of the log, a session must not have been used to make room for another, in milliseconds; one that
   * was never used, a sixtieth of it. Default an hour.
   */
  readonly idleMs: number;
  /**
   * Results of all sessions together. Beyond it, a session that keeps more than its share of them gets no more requests
   * through, before its client says which answers it has. Default 1,000,000.
   */
  readonly results: number;
  /** For how many further requests the result under an idempotency key is kept. Default 100,000. */
  readonly keptKeyRequests: number;
}

export const defaultSessionLimits: SessionLimits = {
  sessions: 10_000,
  idleMs: 60 * 60 * 1_000,
  results: 1_000_000,
  keptKeyRequests: 100_000,
};

/** The longest idempotency key, in UTF-16 code units. */
export const idempotencyKeyLimit = 255;

/** Whether `key` may name a request: 1 to 255 code units. */
export const isIdempotencyKey = (key: string): boolean => key.length > 0 && key.length <= idempotencyKeyLimit;

/** What an entry holds. */
export interface Entry {
  readonly limits: SessionLimits;
  /**
   * How long, by the clock of the leader that made it, after the entry that it made before, in milliseconds; 0 for its
   * first one. All of them together are the time of the log, which stands still while no node leads.
   */
  readonly elapsedMs: number;
  readonly operations: readonly Operation[];
  /** Entries of version 1 are applied as they were then: a session too many ended the least recently used one. */
  readonly endsSessions: boolean;
}

const entryVersion = 3;
const kinds = { register: 0, command: 1, keyed: 2, close: 3, tick: 4 } as const;

/** Encodes an entry. */
export function encodeEntry(operations: readonly Operation[], limits: SessionLimits, elapsedMs = 0): Uint8Array {
  const { sessions, results, keptKeyRequests, idleMs } = limits;
  return encode([entryVersion, sessions, results, keptKeyRequests, operations.map(tupleOf), idleMs, elapsedMs]);
}

function tupleOf(operation: Operation): readonly unknown[] {
  switch (operation.type) {
    case 'register':
      return operation.session === undefined ? [kinds.register] : [kinds.register, operation.session];
    case 'close':
      return [kinds.close, operation.session];
    case 'tick':
      return [kinds.tick];
    case 'command': {
      const { session, sequence, lowestUnanswered, command } = operation;
      return [kinds.command, session, sequence, lowestUnanswered, command];
    }
    case 'keyed':
      return [kinds.keyed, operation.key, operation.command];
  }
}

/** Decodes an entry; the commands in it are views of `data`. @throws UnreadableStateError */
export function decodeEntry(data: Uint8Array): Entry {
  const whole = decode(data);
  if (!Array.isArray(whole)) throw unreadable('form');
  const [version, sessions, results, keptKeyRequests, tuples, idleMs = 0, elapsedMs = 0]: unknown[] = whole;
  if (version !== 1 && version !== 2 && version !== entryVersion) throw unreadable(`version: ${String(version)}`);
  if (!isNatural(sessions) || !isNatural(results) || !isNatural(keptKeyRequests) || !Array.isArray(tuples)) {
    throw unreadable('head');
  }
  if (!isNatural(idleMs) || !isNatural(elapsedMs)) throw unreadable('time');
  const limits = { sessions, results, keptKeyRequests, idleMs };
  return { limits, elapsedMs, operations: tuples.map(operationIn), endsSessions: version === 1 };
}

function operationIn(tuple: unknown): Operation {
  if (!Array.isArray(tuple)) throw unreadable('operation');
  const [kind, first, second, third, fourth]: unknown[] = tuple;
  switch (kind) {
    case kinds.register:
      if (first === undefined) return { type: 'register' };
      if (isNatural(first)) return { type: 'register', session: first };
      break;
    case kinds.tick:
      return { type: 'tick' };
    case kinds.close:
      if (isNatural(first)) return { type: 'close', session: first };
      break;
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
    `expected a log entry of a store, version ${entryVersion} or older, got another ${part}; run the program that wrote it`,
  );
