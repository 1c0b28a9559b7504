/**
 * Judges what the clients of a replicated store saw in a run: their history must be linearizable, but for what a failover may
 * lose where the store says that it may lose something.
 */

import * as v from 'valibot';
import { keyValue, keyValueWithLoss, type RecordedCall, type RecordedInvocation } from '../../history.ts';
import type { Application, Watch } from '../../simulator/scenario.ts';
import { createClientHistory } from '../client-history.ts';
import { type KeyOperation, operationSchema } from './operation.ts';

/** What clients must have met with, in some run. */
export const storeGoals = ['an operation succeeded', 'a compare-and-set succeeded', 'an outcome was unknown'] as const;

/** The same, where reads are made in every way that is linearizable. */
export const readingGoals = ['a read by lease was answered', 'a read at a follower was answered'] as const;

/** The same, where clients ask for transfers of leadership. */
export const transferGoals = ['leadership was handed over'] as const;

const swapSchema = v.object({ expected: v.nullable(v.number()), swapped: v.boolean() });

/** The part of a watch that is about clients. */
export type StoreJudge = Required<Pick<Watch<Application>, 'invoked' | 'ended'>> & {
  /** So many leaders have been in office, one after the other. */
  ledBy(leaders: number, nowMs: number): void;
  /** @returns what is wrong with the history, in words */
  finish(): string | undefined;
  readonly reached: ReadonlySet<string>;
};

/** Whether it is a read or a write of one client's, made once. */
const isOfHistory = ({ f }: KeyOperation): boolean => f === 'put' || f === 'get' || f === 'delete' || f === 'cas';

/** A write or a read as the model takes it. What a compare-and-set expects is known only once it has read: it is a put. */
function invocationOf({ f, key, value }: KeyOperation, mayLose: boolean): RecordedInvocation {
  const isWrite = f === 'put' || f === 'cas';
  if (mayLose) return isWrite ? { f: 'put', value: [key, value] } : { f, value: key };
  return isWrite ? { f: 'put', key, value } : { f, key };
}

/** Makes the judge of one run. @param maxLoss how many writes a failover may lose; left out where none may be lost */
export function createStoreJudge(maxLoss?: number): StoreJudge {
  const reached = new Set<string>();
  const mayLose = maxLoss !== undefined;
  const history = createClientHistory(mayLose ? keyValueWithLoss({ maxLoss }) : keyValue());
  let leadersSeen = 0;
  /** The failover that ends the office of the present leader, whenever that has begun. */
  let failover: RecordedCall | undefined;
  return {
    ledBy(leaders, nowMs) {
      for (; mayLose && leadersSeen < leaders; leadersSeen += 1) {
        failover?.ok();
        failover = history.record(`failover ${leadersSeen + 1}`, { f: 'failover' }, nowMs);
      }
    },
    invoked(operation, nowMs) {
      const planned = v.parse(operationSchema, operation.operation);
      if (isOfHistory(planned)) history.invoked(operation, invocationOf(planned, mayLose), nowMs);
    },
    ended(operation, outcome, nowMs) {
      const call = history.answered(operation, nowMs);
      const planned = v.parse(operationSchema, operation.operation);
      const { f } = planned;
      if (outcome.type === 'failed') call?.fail(outcome.reason);
      else if (outcome.type === 'unknown') {
        reached.add('an outcome was unknown');
        call?.info(outcome.reason);
      } else {
        if (f === 'handOver') reached.add(transferGoals[0]);
        if (!isOfHistory(planned)) return;
        reached.add('an operation succeeded');
        if (f === 'cas') {
          const { swapped } = v.parse(swapSchema, outcome.value);
          if (swapped) reached.add('a compare-and-set succeeded');
          if (swapped) call?.ok();
          else call?.fail('the key had changed');
        } else if (f === 'get') {
          if (planned.consistency === 'lease') reached.add(readingGoals[0]);
          if (planned.consistency === 'follower') reached.add(readingGoals[1]);
          call?.ok(outcome.value);
        } else call?.ok();
      }
    },
    finish: history.problem,
    reached,
  };
}
