/** What the clients of a simulated run saw, recorded and judged: there must be an order in which it makes sense. */

import {
  checkHistory,
  createHistoryRecorder,
  hasAnswers,
  type RecordedCall,
  type RecordedInvocation,
  readHistory,
  type SequentialModel,
} from '../history.ts';
import type { PlannedOperation } from '../simulator/schedule.ts';
import type { Problem } from './claim.ts';
import { isProbe } from './operations.ts';

/** Far more than the history of a run takes. */
const stepLimit = 5_000_000;

/** The history of one run. Times are true ones, in virtual milliseconds. */
export interface ClientHistory {
  invoked(operation: PlannedOperation, invocation: RecordedInvocation, nowMs: number): void;
  /** Records what is no operation of a client's, but something that befell them all. */
  record(process: string, invocation: RecordedInvocation, nowMs: number): RecordedCall;
  /** What takes the answer that has come to `operation`; undefined where it was not recorded. */
  answered(operation: PlannedOperation, nowMs: number): RecordedCall | undefined;
  /** What is wrong with it, in words. */
  problem(): Problem;
}

/** Makes the history of a run, to be judged by `model`. */
export function createClientHistory(model: SequentialModel<unknown>): ClientHistory {
  const time = { nowMs: 0 };
  const clock = { nowMs: () => time.nowMs, setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} };
  const recorder = createHistoryRecorder({ clock });
  const calls = new Map<PlannedOperation, RecordedCall>();
  return {
    invoked(operation, invocation, nowMs) {
      time.nowMs = nowMs;
      const { client, node, atMs } = operation;
      calls.set(operation, recorder.invoke(isProbe(operation) ? `probe of ${node} at ${atMs}` : client, invocation));
    },
    record(process, invocation, nowMs) {
      time.nowMs = nowMs;
      return recorder.invoke(process, invocation);
    },
    answered(operation, nowMs) {
      time.nowMs = nowMs;
      return calls.get(operation);
    },
    problem() {
      const history = readHistory(recorder.lines(), model);
      // What a run must have reached is for its goals to say.
      if (!hasAnswers(history)) return undefined;
      const { verdict, violation } = checkHistory(history, model, { clock, stepLimit });
      if (verdict === 'unknown') return `linearizability: not decided within ${stepLimit} steps`;
      return verdict === 'violation'
        ? `linearizability: key ${String(violation?.key)} has no order of operations`
        : undefined;
    },
  };
}
