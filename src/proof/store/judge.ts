/** Judges what the clients of a replicated store saw in a run: their history must be linearizable. */

import * as v from 'valibot';
import { keyValue } from '../../history.ts';
import type { Application, Watch } from '../../simulator/scenario.ts';
import { createClientHistory } from '../client-history.ts';
import { operationSchema } from './workload.ts';

/** What clients must have met with, in some run. */
export const storeGoals = ['an operation succeeded', 'a compare-and-set succeeded', 'an outcome was unknown'] as const;

/** The same, where clients ask for transfers of leadership. */
export const transferGoals = ['leadership was handed over'] as const;

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
  const history = createClientHistory(keyValue());
  return {
    invoked(operation, nowMs) {
      const { f, key, value } = v.parse(operationSchema, operation.operation);
      if (f === 'replace' || f === 'handOver') return;
      // What a compare-and-set expects is known only once it has read; it is recorded as a put that may be refused.
      history.invoked(operation, f === 'put' || f === 'cas' ? { f: 'put', key, value } : { f, key }, nowMs);
    },
    ended(operation, outcome, nowMs) {
      const call = history.answered(operation, nowMs);
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
    finish: history.problem,
    reached,
  };
}
