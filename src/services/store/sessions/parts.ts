/**
 * The parts of a snapshot of a sessioned state machine. Each begins with a byte that says what it holds; all but those
 * of the application's machine are MessagePack behind it. Version 1 was one part, whose first byte is none of these.
 */

import { approximateBytes, copyOf, decode, encode, isNatural } from '../codec.ts';
import { UnreadableStateError } from '../errors.ts';
import type { StateView } from '../state-machine.ts';
import type { Keyed, KeyedView } from './keyed.ts';
import type { SavedSession, SessionsView } from './saved.ts';

const kinds = { head: 1, machine: 2, sessions: 3, keyed: 4 } as const;
/** The first byte of version 1: MessagePack's array of five. */
const wholeByte = 0x95;

/** What the head of a snapshot tells, so that a part that is missing is noticed. */
export interface Head {
  readonly revision: number;
  /** Revisions that were passed over. */
  readonly skipped: number;
  /** The time of the log, in milliseconds. */
  readonly timeMs: number;
  readonly sessions: number;
  readonly keyed: number;
}

export type Part =
  | { readonly type: 'head'; readonly head: Head }
  | { readonly type: 'machine'; readonly part: Uint8Array }
  /** A session may go on in the next part, with further results. */
  | { readonly type: 'sessions'; readonly sessions: readonly SavedSession[] }
  | { readonly type: 'keyed'; readonly keyed: readonly (readonly [string, Keyed])[] };

function tagged(kind: number, bytes: Uint8Array): Uint8Array {
  const part = new Uint8Array(1 + bytes.length);
  part[0] = kind;
  part.set(bytes, 1);
  return part;
}

/** What a view of a sessioned machine is made of. */
export interface ViewSources {
  readonly head: Head;
  readonly machine: StateView;
  readonly sessions: SessionsView;
  readonly keyed: KeyedView;
}

/** The parts, one after the other: head, sessions, keyed results, then those of the machine. */
export function viewOf({ head, machine, sessions, keyed }: ViewSources): StateView {
  let isHeadDue = true;
  /** A session of which only the first results have gone out. */
  let rest: SavedSession | undefined;

  const nextSessions = (limitBytes: number): readonly unknown[] => {
    const tuples: unknown[] = [];
    for (let bytes = 0; bytes < limitBytes; ) {
      const session = rest ?? sessions.next();
      rest = undefined;
      if (session === undefined) break;
      const { id, lowestUnanswered, results, usedAtMs, isUsed } = session;
      let count = 0;
      for (; count < results.length && (bytes < limitBytes || count === 0); count += 1) {
        bytes += 5 + approximateBytes(results[count]?.[1]);
      }
      if (count < results.length) rest = { ...session, results: results.slice(count) };
      tuples.push([id, lowestUnanswered, results.slice(0, count), usedAtMs, isUsed]);
      bytes += 18;
    }
    return tuples;
  };
  const nextKeyed = (limitBytes: number): readonly unknown[] => {
    const tuples: unknown[] = [];
    for (let bytes = 0; bytes < limitBytes; ) {
      const next = keyed.next();
      if (next === undefined) break;
      const [key, { fingerprint, revision, result }] = next;
      tuples.push([key, fingerprint, revision, result]);
      bytes += key.length + fingerprint.length + 12 + approximateBytes(result);
    }
    return tuples;
  };

  return {
    next(limitBytes) {
      if (isHeadDue) {
        isHeadDue = false;
        return tagged(kinds.head, encode([head.revision, head.sessions, head.keyed, head.timeMs, head.skipped]));
      }
      const sessionTuples = nextSessions(limitBytes);
      if (sessionTuples.length > 0) return tagged(kinds.sessions, encode(sessionTuples));
      const keyedTuples = nextKeyed(limitBytes);
      if (keyedTuples.length > 0) return tagged(kinds.keyed, encode(keyedTuples));
      const part = machine.next(limitBytes);
      return part === undefined ? undefined : tagged(kinds.machine, part);
    },
    release() {
      machine.release();
      sessions.release();
      keyed.release();
    },
  };
}

export const unreadable = (problem: string): UnreadableStateError =>
  new UnreadableStateError(
    `expected a snapshot of a store, version 2 or older, got another ${problem}; run the program that wrote it`,
  );

/** Reads a part; one of version 1 reads as several. @throws UnreadableStateError */
export function readPart(bytes: Uint8Array): readonly Part[] {
  if (bytes[0] === wholeByte) return readWhole(bytes);
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case kinds.head:
      return [{ type: 'head', head: headIn(decode(body)) }];
    case kinds.machine:
      return [{ type: 'machine', part: body }];
    case kinds.sessions:
      return [{ type: 'sessions', sessions: arrayIn(decode(body)).map(sessionIn) }];
    case kinds.keyed:
      return [{ type: 'keyed', keyed: arrayIn(decode(body)).map(keyedIn) }];
    default:
      throw unreadable('form');
  }
}

function readWhole(bytes: Uint8Array): readonly Part[] {
  const [version, revision, machine, sessionTuples, keyedTuples] = arrayIn(decode(bytes));
  if (version !== 1) throw unreadable(`version: ${String(version)}`);
  if (!isNatural(revision) || !(machine instanceof Uint8Array)) throw unreadable('head');
  const sessions = arrayIn(sessionTuples).map(sessionIn);
  const keyed = arrayIn(keyedTuples).map(keyedIn);
  return [
    { type: 'head', head: { revision, skipped: 0, timeMs: 0, sessions: sessions.length, keyed: keyed.length } },
    { type: 'sessions', sessions },
    { type: 'keyed', keyed },
    { type: 'machine', part: copyOf(machine) },
  ];
}

function arrayIn(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw unreadable('form');
  return value;
}

function headIn(value: unknown): Head {
  const [revision, sessions, keyed, timeMs, skipped = 0] = arrayIn(value);
  if (!isNatural(timeMs) || !isNatural(skipped)) throw unreadable('head');
  if (!isNatural(revision) || !isNatural(sessions) || !isNatural(keyed)) throw unreadable('head');
  return { revision, skipped, timeMs, sessions, keyed };
}

/** Sessions of version 1 say nothing of their use. */
function sessionIn(tuple: unknown): SavedSession {
  const [id, lowestUnanswered, results, usedAtMs = 0, isUsed = true] = arrayIn(tuple);
  if (!isNatural(usedAtMs) || typeof isUsed !== 'boolean') throw unreadable('form of session');
  if (!isNatural(id) || !isNatural(lowestUnanswered) || !Array.isArray(results)) throw unreadable('form of session');
  return { id, lowestUnanswered, results: results.map(resultIn), usedAtMs, isUsed };
}

function resultIn(pair: unknown): readonly [number, unknown] {
  const [sequence, result] = arrayIn(pair);
  if (!isNatural(sequence)) throw unreadable('form of result');
  return [sequence, result];
}

function keyedIn(tuple: unknown): readonly [string, Keyed] {
  const [key, fingerprint, revision, result] = arrayIn(tuple);
  if (typeof key !== 'string' || typeof fingerprint !== 'string' || !isNatural(revision)) {
    throw unreadable('form of kept result');
  }
  return [key, { fingerprint, revision, result }];
}
