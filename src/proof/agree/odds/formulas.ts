/**
 * One ballot of Paxos in closed form (Lamport, Paxos Made Simple, 2001, §2.2): each phase is a round of questions to all acceptors,
 * of which a majority must answer. The rounds are independent, but for who is up in both.
 */

import { availability } from '../../../odds.ts';
import type { OddsParametersOf } from '../../odds/parameters.ts';
import { type FormulaAnswers, formulaOf, notGiven } from '../../odds/quantities.ts';
import { isMajority, majorityDowntimeMs, overServersUp } from '../../odds/quorums.ts';
import { times } from './times.ts';

type Parameters = OddsParametersOf<'servers' | 'loss' | 'mttfMs' | 'mttrMs'>;

export function ballotFormulas({ servers: n, loss, mttfMs, mttrMs }: Parameters): FormulaAnswers {
  const up = availability({ mttfMs, mttrMs });
  const promised = (others: number): number => isMajority(n, others, loss);
  /** Over how many acceptors are up besides the proposer's own, which is up. */
  const over = (worth: (others: number) => number): number => overServersUp(n - 1, up, worth);
  const prepare = up * over(promised);
  const commit = up * over((others) => promised(others) ** 2);
  const heard = (others: number): number => others * (1 - loss);
  return {
    prepare: formulaOf(prepare),
    commitIfPrepared:
      prepare > 0
        ? formulaOf(over((others) => promised(others) ** 2) / over(promised))
        : notGiven('no majority ever promises where no message arrives'),
    commit: formulaOf(commit),
    blocked: notGiven('an attempt ends before: whoever proposes goes on, and nothing is locked meanwhile'),
    latencyMs: formulaOf((up - commit) * times.attemptMs + commit * (times.askedMs + 4 * times.messageMs)),
    messages: formulaOf(up * over((others) => n - 1 + heard(others) + promised(others) * (n - 1 + heard(others)))),
    // The round and the own promise, and each promise; the same of acceptances; and what is chosen.
    flushes: formulaOf(up * over((others) => 2 + heard(others) + promised(others) * (1 + heard(others))) + commit),
    downtimeMsPerYear: formulaOf(majorityDowntimeMs(n, { mttfMs, mttrMs })),
  };
}
