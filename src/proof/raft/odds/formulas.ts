/**
 * The first election of Raft in closed form (Ongaro 2014, §3.4, §3.6, §9.6): a server stands alone; a majority gives it its pre-votes,
 * then its votes, and then holds its first entry. Each is one round of questions; the rounds are independent, but for who is up.
 */

import { availability } from '../../../odds.ts';
import type { OddsParametersOf } from '../../odds/parameters.ts';
import { type FormulaAnswers, formulaOf, notGiven } from '../../odds/quantities.ts';
import { isMajority, majorityDowntimeMs, overServersUp } from '../../odds/quorums.ts';
import { instantsMs, times } from './times.ts';

type Parameters = OddsParametersOf<'servers' | 'loss' | 'mttfMs' | 'mttrMs'>;

/** Of so many timeouts that end at one of the instants each: what is to be expected of a worth of the first, where it is alone. */
function overFirst(up: number, instants: readonly number[], worth: (atMs: number, isAlone: number) => number): number {
  const m = instants.length;
  const from = (place: number): number => ((m - place) / m) ** up;
  return instants.reduce((sum, atMs, place) => {
    const isFirst = from(place) - from(place + 1);
    const isAlone = (up / m) * ((m - place - 1) / m) ** (up - 1);
    return isFirst === 0 ? sum : sum + isFirst * worth(atMs, isAlone / isFirst);
  }, 0);
}

export function electionFormulas({ servers: n, loss, mttfMs, mttrMs }: Parameters): FormulaAnswers {
  const up = availability({ mttfMs, mttrMs });
  const instants = instantsMs(n);
  const over = (worth: (servers: number) => number): number =>
    overServersUp(n, up, (servers) => (servers === 0 ? 0 : worth(servers)));
  const alone = (servers: number): number => overFirst(servers, instants, (_atMs, isAlone) => isAlone);
  const round = (servers: number): number => isMajority(n, servers - 1, loss);
  const elected = (servers: number): number => alone(servers) * round(servers) ** 2;
  const committed = (servers: number): number => alone(servers) * round(servers) ** 3;
  const prepare = over(elected);
  /** Of one round: who is up answers what it hears. */
  const said = (servers: number): number => n - 1 + (servers - 1) * (1 - loss);
  const rounds = (servers: number): number => 1 + round(servers) + round(servers) ** 2;
  return {
    prepare: formulaOf(prepare),
    commitIfPrepared:
      prepare > 0
        ? formulaOf(over(committed) / prepare)
        : notGiven('no server is ever elected where no message arrives'),
    commit: formulaOf(over(committed)),
    blocked: notGiven('an attempt ends before, and another server stands'),
    latencyMs: formulaOf(
      over((servers) =>
        overFirst(servers, instants, (atMs, isAlone) => {
          const isCommitted = isAlone * round(servers) ** 3;
          return atMs + isCommitted * 6 * times.messageMs + (isAlone - isCommitted) * times.attemptMs;
        }),
      ),
    ),
    // Where two stand at once, the attempt is over with what both have asked.
    messages: formulaOf(
      over((servers) => alone(servers) * said(servers) * rounds(servers) + (1 - alone(servers)) * 2 * (n - 1)),
    ),
    flushes: notGiven('how many servers write down their part has no short formula'),
    downtimeMsPerYear: formulaOf(majorityDowntimeMs(n, { mttfMs, mttrMs })),
  };
}
