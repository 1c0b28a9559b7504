/**
 * Two-phase commit in closed form. A coordinator asks each participant for its vote until it hears it, up to `asks` times; a
 * round of asking succeeds where question and answer arrive, with q = (1 - loss)². Rounds are independent, so their number is
 * geometric (Trivedi 2002, §1.12, §3.8). Messages without loss are those of Gray & Lamport, Consensus on Transaction Commit (2006), §3.2,
 * with an acknowledgement for each commit, and an abort that is not acknowledged (Mohan et al. 1986, §3).
 */

import { availability, inSeries } from '../../../odds.ts';
import type { OddsParametersOf } from '../../odds/parameters.ts';
import { type FormulaAnswers, type FormulaValue, formulaOf, notGiven } from '../../odds/quantities.ts';
import { yearMs } from '../../odds/quorums.ts';
import { asks, times } from './times.ts';

type Parameters = OddsParametersOf<'participants' | 'voteYes' | 'loss' | 'mttfMs' | 'mttrMs'>;

/** Beyond this loss, what the formulas leave out is seen in their last digits. */
const greatestLoss = 0.02;

/** What is so with a probability, for each number of participants that refuse. */
function overRefusals({ participants: n, voteYes }: Parameters, worth: (refusals: number) => number): number {
  let sum = 0;
  let ways = 1;
  for (let k = 0; k <= n; k += 1) {
    sum += ways * voteYes ** (n - k) * (1 - voteYes) ** k * worth(k);
    ways = (ways * (n - k)) / (k + 1);
  }
  return sum;
}

export function commitFormulas(parameters: Parameters): FormulaAnswers {
  const { participants: n, voteYes, loss, mttfMs, mttrMs } = parameters;
  const missed = 1 - (1 - loss) ** 2;
  const isAsked = 1 - loss ** asks;
  const isHeard = 1 - missed ** asks;
  const commitIfPrepared = (isHeard / isAsked) ** n;
  const prepare = (voteYes * isAsked) ** n;
  const approximate = (value: number, assumption: string): FormulaValue => ({
    ...formulaOf(value),
    ...(loss > greatestLoss ? { unmetAssumption: assumption } : {}),
  });
  return {
    prepare: formulaOf(prepare),
    commitIfPrepared:
      prepare > 0
        ? formulaOf(commitIfPrepared)
        : notGiven('no run is ever prepared where nothing is heard, or agreed to'),
    commit: formulaOf((voteYes * isHeard) ** n),
    blocked: notGiven('which of several repetitions comes first has no short formula'),
    latencyMs: formulaOf(overRefusals(parameters, (k) => latencyMs(n, k, loss))),
    messages: approximate(
      overRefusals(parameters, (k) => messages(n, k, loss)),
      'no message is lost three times',
    ),
    flushes: formulaOf(2 * (voteYes * isHeard) ** n),
    downtimeMsPerYear: formulaOf(
      yearMs * (1 - inSeries(...Array.from({ length: n + 1 }, () => availability({ mttfMs, mttrMs })))),
    ),
  };
}

/** Messages between nodes until all is over, where k of n refuse, and votes are heard in any order. */
function messages(n: number, k: number, loss: number): number {
  // Each participant is asked 1/q times and heard 1/(1 - loss) times as often as once; telling it goes the same way.
  const told = (2 - loss) / (1 - loss) ** 2;
  if (k === 0) return 2 * n * told;
  // An abort is told to all but the first who refuses, and again to each whose yes comes after that.
  return n * told + (n - 1) + ((n - k) * k) / (k + 1);
}

/**
 * Until the caller is told, where k of n refuse: until the last is heard, or the first who refuses. A vote is heard in round r
 * for the first time, or, where the round is the first that reaches the participant, an operation later.
 */
function latencyMs(n: number, k: number, loss: number): number {
  const missed = 1 - (1 - loss) ** 2;
  const isAnyEnough = k > 0;
  const waited = isAnyEnough ? k : n;
  const notHeard = (soFar: number): number => (isAnyEnough ? (1 - soFar) ** waited : 1 - soFar ** waited);
  let heard = 0;
  let sum = 0;
  let atMs = 0;
  for (let round = 0; round < asks; round += 1) {
    const askedMs = round * times.retryMs + 2 * times.messageMs;
    const isFirst = loss ** round * (1 - missed);
    for (const [hearsMs, more] of [
      [askedMs, missed ** round * (1 - missed) - isFirst],
      [askedMs + times.operationMs, isFirst],
    ] as const) {
      sum += (hearsMs - atMs) * notHeard(heard);
      atMs = hearsMs;
      heard += more;
    }
  }
  return sum + (times.voteTimeoutMs - atMs) * notHeard(heard);
}
