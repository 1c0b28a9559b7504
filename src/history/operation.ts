/**
 * What a history is: the operations that clients invoked and the answers that they saw, in the order in which an
 * observer saw them, with the faults that were injected meanwhile.
 */

/** Names a client; it waits for at most one answer at a time. */
export type ProcessId = number | string;

/** Names the object that an operation is about; undefined where a history has one object without a name. */
export type ObjectKey = number | string | undefined;

/** A place in a history. */
export interface Moment {
  /** Line of the file, from 1. Lines, not times, say what came before what. */
  readonly line: number;
  /** Milliseconds on the clock of the recorder; the line's number where a history has no times. */
  readonly timeMs: number;
}

/**
 * How an operation ended: `ok`, it took effect between invocation and answer; `failed`, it did not happen and never
 * will; `unknown`, it may have taken effect at any time since its invocation, may still do so, or never.
 */
export type Ending = 'ok' | 'failed' | 'unknown';

/** What one client asked for, and what became of it. */
export interface Operation {
  /** Place in the order of invocation, from 0. */
  readonly index: number;
  readonly process: ProcessId;
  /** The function that was called: `read`, `write`, ... */
  readonly f: string;
  readonly key: ObjectKey;
  /** What the function was called with; null when it takes nothing. */
  readonly value: unknown;
  readonly outcome: Ending;
  /** What it returned, as the model reads it; null for a mere acknowledgement. Undefined unless the outcome is `ok`. */
  readonly result: unknown;
  readonly invokedAt: Moment;
  /** When the client had its answer, or gave up; undefined when the history ends before. */
  readonly completedAt: Moment | undefined;
}

/** A fault that was injected while the history was taken. It explains; the verdict never depends on it. */
export interface FaultInterval {
  /** What it was: `crash`, `pause`, `partition`, ... */
  readonly kind: string;
  /** Whom it struck, in words: `n2`, `n1 | n2 n3`; undefined when that is not said. */
  readonly target: string | undefined;
  readonly begin: Moment;
  /** When it was over, the same as `begin` for a moment; undefined when the history ends before. */
  readonly end: Moment | undefined;
}

/** A history that was read and found well formed. */
export interface History {
  /** In the order of invocation. */
  readonly operations: readonly Operation[];
  /** In the order in which they began. */
  readonly faults: readonly FaultInterval[];
  /** The first and the last line that say something; line 0 at 0 ms for an empty history. */
  readonly begin: Moment;
  readonly end: Moment;
}

const lengthLimit = 160;

/** A value in few words, cut off where it is long. */
export function showValue(value: unknown, limit = lengthLimit): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** An operation in few words: `read → 2`, `write 3`, `cas [1,2] → ?`. */
export function showOperation(operation: Operation, limit = lengthLimit): string {
  const { f, value, outcome, result } = operation;
  const called = value === null ? f : `${f} ${showValue(value, limit)}`;
  if (outcome === 'unknown') return `${called} → ?`;
  if (outcome === 'failed') return `${called} failed`;
  // An acknowledgement says no more than that the function was called.
  return result === null && value !== null ? called : `${called} → ${showValue(result, limit)}`;
}

/** The lines from which an operation was read: `lines 3-8`, `line 3 on`. */
export const showLines = ({ invokedAt, completedAt }: Operation): string =>
  completedAt === undefined ? `line ${invokedAt.line} on` : `lines ${invokedAt.line}-${completedAt.line}`;

/** An object in words: `key "x"`, or `the object` where it has no name. */
export const showKey = (key: ObjectKey): string => (key === undefined ? 'the object' : `key ${JSON.stringify(key)}`);

/** The history of `operations` alone, numbered anew. */
export function historyOf(operations: readonly Operation[]): History {
  const start: Moment = { line: 0, timeMs: 0 };
  const ends = operations.map(({ invokedAt, completedAt }) => completedAt ?? invokedAt);
  return {
    operations: operations.map((operation, index) => ({ ...operation, index })),
    faults: [],
    begin: operations[0]?.invokedAt ?? start,
    end: ends.reduce((last, end) => (end.line > last.line ? end : last), start),
  };
}
