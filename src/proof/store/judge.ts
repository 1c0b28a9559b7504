/** Judges what the clients of a replicated store saw in a run: their history must be linearizable. */

import * as v from 'valibot';
import { checkHistory, createHistoryRecorder, keyValue, type RecordedCall, readHistory } from '../../history.ts';
import type { Application, Watch } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import { operationSchema } from './workload.ts';

/** What clients must have met with, in some run. */
export const storeGoals = ['an operation succeeded', 'a compare-and-set succeeded', 'an outcome was unknown'] as const;

/** The same, where clients ask for transfers of leadership. */
export const transferGoals = ['leadership was handed over'] as const;

/** Far more than the history of a run takes. */
const stepLimit = 5_000_000;

const swapSchema = v.object({ expected: v.nullable(v.number()), swapped: v.boolean() });

/** The part of a watch that is about clients. */
export type StoreJudge = Required<Pick<Watch<Application>, 'invoked' | 'ended'>> & {
  /** @returns what is wrong with the history, in words */
  finish(): string | undefined;
  readonly reached: ReadonlySet<string>;
};

/** Makes the judge of one run. */
export function createStoreJudge(): StoreJudge {
  const reached = new Set<string>();
  const time = { nowMs: 0 };
  const clock = { nowMs: () => time.nowMs, setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} };
  const recorder = createHistoryRecorder({ clock });
  const calls = new Map<PlannedOperation, RecordedCall>();
  return {
    invoked(operation, nowMs) {
      time.nowMs = nowMs;
      const { f, key, value } = v.parse(operationSchema, operation.operation);
      if (f === 'replace' || f === 'handOver') return;
      // What a compare-and-set expects is known only once it has read; it is recorded as a put that may be refused.
      const process = operation.client < 0 ? `probe ${operation.atMs}` : operation.client;
      const invocation = f === 'put' || f === 'cas' ? { f: 'put', key, value } : { f, key };
      calls.set(operation, recorder.invoke(process, invocation));
    },
    ended(operation, outcome, nowMs) {
      time.nowMs = nowMs;
      const call = calls.get(operation);
      const { f } = v.parse(operationSchema, operation.operation);
      if (outcome.type === 'failed') call?.fail(outcome.reason);
      else if (outcome.type === 'unknown') {
        reached.add('an outcome was unknown');
        call?.info(outcome.reason);
      } else {
        if (f === 'handOver') reached.add(transferGoals[0]);
        if (f === 'replace' || f === 'handOver') return;
        reached.add('an operation succeeded');
        if (f === 'cas') {
          const { swapped } = v.parse(swapSchema, outcome.value);
          if (swapped) reached.add('a compare-and-set succeeded');
          if (swapped) call?.ok();
          else call?.fail('the key had changed');
        } else if (f === 'get') call?.ok(outcome.value);
        else call?.ok();
      }
    },
    finish() {
      const model = keyValue();
      const history = readHistory(recorder.lines(), model);
      const { verdict, violation } = checkHistory(history, model, { clock, stepLimit });
      if (verdict === 'unknown') return `linearizability: not decided within ${stepLimit} steps`;
      return verdict === 'violation'
        ? `linearizability: key ${String(violation?.key)} has no order of operations`
        : undefined;
    },
    reached,
  };
}
