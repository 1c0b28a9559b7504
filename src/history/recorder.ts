/** Records what clients see, in the order in which they see it, for the history checker to judge. */

import { canonicalKey } from '../../statecharts/actor/plain.ts';
import type { Clock } from '../environment/clock.ts';
import { HistoryRecordError } from './errors.ts';
import type { HistoryEvent, OperationEvent } from './event.ts';
import type { ObjectKey, ProcessId } from './operation.ts';

/** One call that waits for its answer. The first answer counts; each later one is ignored, and returns false. */
export interface RecordedCall {
  /** It took effect, and returned `value`; nothing for a mere acknowledgement. */
  ok(value?: unknown): boolean;
  /** It did not happen, and never will. When in doubt, it is `info`. */
  fail(note?: string): boolean;
  /** Not known: a timeout, a lost connection. */
  info(note?: string): boolean;
}

/** What a client calls. */
export interface RecordedInvocation {
  readonly f: string;
  readonly key?: ObjectKey;
  readonly value?: unknown;
  /** Of a read that may return what was there so many milliseconds before. */
  readonly maxStalenessMs?: number;
}

export interface HistoryRecorder {
  /**
   * Call it before the request leaves.
   *
   * @throws HistoryRecordError when the process still waits for an answer, when a value is not JSON, or when the
   * recorder is full
   */
  invoke(process: ProcessId, invocation: RecordedInvocation): RecordedCall;
  /** A fault begins; call the result once, when it is over. */
  fault(kind: string, target?: string): () => void;
  /** A fault that has no duration. */
  moment(kind: string, target?: string): void;
  /** Whether no more invocations are taken. Answers to earlier ones, and the ends of faults, still are. */
  readonly isFull: boolean;
  /** What was recorded, one JSON object per line. */
  lines(): readonly string[];
}

export interface RecorderOptions {
  readonly clock: Clock;
  /** Invocations and faults that are taken. Default 400,000, which keeps a history below the reader's limit of lines. */
  readonly limit?: number;
  /** Told every line as it is recorded, so that a file holds the history even if the recording program dies. */
  readonly onLine?: (line: string) => void;
}

/** @throws HistoryRecordError for a limit that is not a positive integer */
export function createHistoryRecorder({ clock, limit = 400_000, onLine }: RecorderOptions): HistoryRecorder {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new HistoryRecordError(`expected the limit to be a positive integer, got ${limit}`);
  }
  const lines: string[] = [];
  const waiting = new Set<ProcessId>();
  let taken = 0;
  let faults = 0;

  const record = (event: HistoryEvent & { readonly note?: string | undefined }): void => {
    // A microsecond is finer than anything a client measures, and keeps lines short.
    const line = JSON.stringify({ ...event, time: Math.round(clock.nowMs() * 1_000) / 1_000 });
    lines.push(line);
    onLine?.(line);
  };
  const takePlace = (): void => {
    if (taken === limit) {
      throw new HistoryRecordError(`expected at most ${limit} invocations and faults; stop when the recorder is full`);
    }
    taken += 1;
  };

  return {
    invoke(process, { f, key, value, maxStalenessMs }) {
      if (waiting.has(process)) {
        throw new HistoryRecordError(
          `process ${JSON.stringify(process)} still waits for an answer; use one process for each call under way`,
        );
      }
      requireJson(value);
      takePlace();
      waiting.add(process);
      record({ process, type: 'invoke', f, key, value, maxStalenessMs });
      let isWaiting = true;
      const complete = (
        type: OperationEvent['type'],
        answer: { value?: unknown; note?: string | undefined },
      ): boolean => {
        if (!isWaiting) return false;
        requireJson(answer.value);
        isWaiting = false;
        waiting.delete(process);
        record({ process, type, f, key, ...answer });
        return true;
      };
      return {
        ok: (value) => complete('ok', { value }),
        fail: (note) => complete('fail', { note }),
        info: (note) => complete('info', { note }),
      };
    },
    fault(kind, target) {
      takePlace();
      faults += 1;
      const id = `f${faults}`;
      record({ type: 'fault', phase: 'begin', id, kind, target });
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        record({ type: 'fault', phase: 'end', id });
      };
    },
    moment(kind, target) {
      takePlace();
      record({ type: 'fault', phase: 'moment', kind, target });
    },
    get isFull() {
      return taken === limit;
    },
    lines: () => [...lines],
  };
}

/** What JSON would change silently (bytes, NaN, a Map) would be judged as something else. */
function requireJson(value: unknown): void {
  if (value === undefined) return;
  let survives = false;
  try {
    survives = canonicalKey(JSON.parse(JSON.stringify(value))) === canonicalKey(value);
  } catch {
    survives = false;
  }
  if (!survives) throw new HistoryRecordError(`expected a value that JSON keeps as it is, got ${String(value)}`);
}
